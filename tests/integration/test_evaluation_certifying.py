"""A district certifies its month: what is missing, what was certified, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from alliance import checkpoints
from alliance.cli import restoring
from alliance.context import Caller, Context
from alliance.database import Database
from alliance.errors import Forbidden, Invalid, NotFound, Refused
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.receiver import Receiver
from alliance.relay import CHECKPOINT
from services.evaluation.app import Evaluation
from services.evaluation.projections import PROJECTIONS, TABLES
from tests.builders_evaluation import History

NOW = datetime(2026, 10, 6, 15, tzinfo=UTC)
COORDINATOR = Caller("district", ("d1",))
SEPTEMBER = {"district": "d1", "period": "2026-09"}


class Platform:
    """Evaluation, its journal and its projectors, stepped by hand."""

    def __init__(self, database: Database) -> None:
        upgrade(database, "evaluation")
        self.app = Evaluation(database)
        self.app.prepare()
        self._journal = Journal(database)
        self._own = Receiver(self._journal, LocalFeed(self.app.log))
        self._projectors = [Projector(database, each, TABLES[each.name]) for each in PROJECTIONS]
        self.history = History()

    def fold(self) -> None:
        for source in ("roster", "pledges", "folders"):
            held = self._journal.source(source)[0]
            new = [event for event in self.history.events if event.source == source and event.position > held]
            self._journal.append(source, new, epoch="e1")
        self._own.catch_up()
        for projector in self._projectors:
            projector.prepare()
            while projector.step(100):
                pass

    def certify(self, body: dict[str, Any] = SEPTEMBER, caller: Caller = COORDINATOR) -> dict[str, Any]:
        answer = self.app.certify_period(body, context(caller))
        self.fold()
        return answer

    def month(self, period: str = "2026-09") -> dict[str, Any]:
        answer = self.app.district_months({"district": "d1", "school_year": "2026-27"}, context(COORDINATOR))
        return next(each for each in answer["months"] if each["period"] == period)


def context(caller: Caller, command: UUID | None = None) -> Context:
    return Context(caller, command or uuid4(), command is not None, NOW, "test")


@pytest.fixture
def here(database: Database) -> Iterator[Platform]:
    """A school with two homerooms and a gym class, and one without homerooms; in September c1 has sent its folder."""
    platform = Platform(database)
    history = platform.history
    history.district("d1", "Magnolia")
    history.district("d2", "Bay")
    history.school("s1", "d1")
    history.school("s2", "d1")
    history.class_("c1", "s1")
    history.class_("c2", "s1")
    history.class_("gym", "s1", kind="scheduled")
    history.class_("c3", "s2", kind="scheduled")
    history.class_("empty", "s2", kind="scheduled")
    for student, class_, school in (
        ("ana", "c1", "s1"),
        ("bo", "c2", "s1"),
        ("ana", "gym", "s1"),
        ("cy", "c3", "s2"),
    ):
        history.enrolled(student, class_, school)
    history.sent(["ana"], "2026-09-10", "2026-09", class_="c1")
    platform.fold()
    return platform


def test_missing_are_the_expected_classes_that_sent_nothing(here: Platform) -> None:
    with pytest.raises(Refused, match="2 of the classes expected in 2026-09 have sent no folder: c2, c3"):
        here.certify()
    assert here.app.log.head()[0] == 0


def test_an_incomplete_month_is_certified_with_what_is_missing(here: Platform) -> None:
    answer = here.certify({**SEPTEMBER, "incomplete": True})
    assert answer["created"]
    assert answer["position"] == {"source": "evaluation", "sequence": 1}
    assert answer["missing"] == ["c2", "c3"]
    certification = here.month()["certification"]
    assert (certification["certified_on"], certification["times"], certification["amended"]) == (
        "2026-10-06",
        1,
        False,
    )
    assert certification["missing"] == ["c2", "c3"]
    assert certification["indicators"] == here.month()["indicators"] == answer["indicators"]
    assert certification["indicators"]["classes_reported"] == {
        "numerator": 1,
        "denominator": 3,
        "rate": 1 / 3,
    }


def test_later_facts_amend_a_month_and_leave_what_was_certified(here: Platform) -> None:
    here.certify({**SEPTEMBER, "incomplete": True})
    here.history.sent(["bo"], "2026-10-05", "2026-09", class_="c2")
    here.fold()
    month = here.month()
    assert month["certification"]["amended"]
    assert month["certification"]["indicators"]["classes_reported"]["numerator"] == 1
    assert month["indicators"]["classes_reported"]["numerator"] == 2
    here.certify({**SEPTEMBER, "incomplete": True})
    again = here.month()["certification"]
    assert (again["times"], again["amended"], again["missing"]) == (2, False, ["c3"])


def test_certifying_again_without_a_change_is_accepted_and_adds_nothing(here: Platform) -> None:
    here.certify({**SEPTEMBER, "incomplete": True})
    assert not here.certify({**SEPTEMBER, "incomplete": True})["created"]
    assert here.app.log.head()[0] == 1


def test_a_complete_month_needs_no_more_words(here: Platform) -> None:
    here.history.sent(["bo"], "2026-09-12", "2026-09", class_="c2")
    here.history.sent(["cy"], "2026-09-12", "2026-09", class_="c3", school="s2")
    here.fold()
    assert here.certify()["missing"] == []


def test_the_event_says_up_to_where_the_figures_were_known(here: Platform) -> None:
    here.certify({**SEPTEMBER, "incomplete": True})
    (event,) = here.app.log.read(0, 10)
    assert event.stream == "certification-d1-2026-09"
    assert (event.type, event.district) == ("PeriodCertified", "d1")
    assert event.data["as_of"] == {"evaluation": 0, "folders": 1, "pledges": 0, "roster": 13, "surveys": 0}


def test_a_repeat_of_the_command_has_the_first_answer(here: Platform) -> None:
    keyed = replace(context(COORDINATOR), command_id=uuid4(), keyed=True)
    first = here.app.certify_period({**SEPTEMBER, "incomplete": True}, keyed)
    here.fold()
    again = here.app.certify_period({**SEPTEMBER, "incomplete": True}, keyed)
    assert again["position"] == first["position"]
    assert not again["created"]


@pytest.mark.parametrize("period", ["2026-11", "2026-07", "2025-09"])
def test_a_month_in_which_nothing_was_due_cannot_be_certified(here: Platform, period: str) -> None:
    with pytest.raises(Invalid, match=f"No folder was due from district d1 in {period}"):
        here.certify({**SEPTEMBER, "period": period})


def test_a_district_certifies_its_own_months_only(here: Platform) -> None:
    with pytest.raises(Forbidden):
        here.certify(caller=Caller("district", ("d2",)))
    with pytest.raises(NotFound, match="no district 'd9'"):
        here.certify({**SEPTEMBER, "district": "d9"}, Caller("state"))


def test_folding_anew_does_not_publish_anew(here: Platform) -> None:
    """The relay's checkpoint lies in the table of the projectors'."""
    with here.app.database.transaction() as connection:
        checkpoints.move(connection, CHECKPOINT, expected=0, position=1, epoch="")
        restoring._forget_read_models(connection)
        assert checkpoints.load(connection, CHECKPOINT)[0] == 1
    here.app.prepare()
    here.fold()
    assert here.month()["indicators"]["classes_reported"]["numerator"] == 1

"""The operations of evaluation over a journal and real projectors: scope, freshness, the feed, rebuilds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from alliance.context import Caller, Context
from alliance.database import Database
from alliance.envelope import Event, from_json
from alliance.errors import Forbidden, Invalid, NotFound, Unavailable
from alliance.journal import Journal
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.rebuild import rebuild
from services.evaluation import events as feed
from services.evaluation.app import Evaluation
from services.evaluation.projections import PROJECTIONS, TABLES
from tests.builders_evaluation import YEAR, History

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
STATE = Caller("state")


@pytest.fixture
def app(database: Database) -> Evaluation:
    """Evaluation with every table, and nothing in them."""
    return empty(database)


@pytest.fixture
def changing(app: Evaluation) -> Evaluation:
    """As `filled`, for a test that changes it."""
    receive(app, history().events)
    project(app)
    return app


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluation]:
    """`history()` received and folded. It is shared: tests read it and change nothing."""
    url = f"sqlite:///{tmp_path_factory.mktemp('evaluation') / 'filled.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").create_database("evaluation_filled")
    app = empty(Database(url))
    receive(app, history().events)
    project(app)
    yield app
    app.database.close()


def empty(database: Database) -> Evaluation:
    upgrade(database, "evaluation")
    app = Evaluation(database)
    app.prepare()
    return app


def history() -> History:
    """Two districts: in the first two schools, one with a child, a pledge and a folder; in the second one child."""
    history = History()
    history.district("d1", "Magnolia")
    history.district("d2", "Bay")
    history.school("s1", "d1", "Magnolia Elementary")
    history.school("s2", "d1", "Magnolia High")
    history.school("s9", "d2", "Bay School")
    history.class_("c1", "s1", "d1")
    history.class_("c9", "s9", "d2")
    history.enrolled("ana", "c1", "s1", "d1")
    history.enrolled("zoe", "c9", "s9", "d2")
    history.signed("ana", "d1", "s1")
    history.sent(["ana"], "2026-08-20", "2026-08")
    history.returned("ana", "2026-08")
    history.instrument([("c1", "communication", False)])
    return history


def receive(app: Evaluation, events: Sequence[Event]) -> None:
    """As the receivers do: each source in its order, a few events at a time."""
    journal = Journal(app.database)
    for source in ("roster", "pledges", "folders", "surveys"):
        position, _ = journal.source(source)
        new = [event for event in events if event.source == source and event.position > position]
        journal.append(source, new, epoch="e1")


def project(app: Evaluation, *, partitions: int = 1, batch: int = 3) -> list[Projector]:
    projectors = [
        Projector(
            app.database, projection, TABLES[projection.name], partition=partition, partitions=partitions
        )
        for projection in PROJECTIONS
        for partition in range(partitions)
    ]
    for projector in projectors:
        projector.prepare()
        while projector.step(batch):
            pass
    return projectors


def context(caller: Caller = STATE, now: datetime = NOW) -> Context:
    return Context(caller, UUID(int=1), False, now, "test")


def indicator(answer: dict[str, Any], name: str) -> tuple[int, int]:
    ratio = answer["indicators"][name]
    return ratio["numerator"], ratio["denominator"]


def test_a_districts_scorecard_has_the_shape_that_is_published(filled: Evaluation) -> None:
    answer = filled.district_scorecard({"district": "d1", "school_year": YEAR}, context())
    nothing = {"n": 0, "mean": None, "sd": None}
    assert answer == {
        "district": {"id": "d1", "name": "Magnolia"},
        "school_year": "2026-27",
        "as_of": {"evaluation": 0, "folders": 2, "pledges": 1, "roster": 9, "surveys": 1},
        "lag_seconds": 0.0,
        "indicators": {
            "pledges_signed": {"numerator": 1, "denominator": 1, "rate": 1.0},
            "classes_reported": {"numerator": 1, "denominator": 2, "rate": 0.5},
            "classes_on_time": {"numerator": 1, "denominator": 2, "rate": 0.5},
            "folders_returned": {"numerator": 1, "denominator": 1, "rate": 1.0},
            "months_met": {"numerator": 1, "denominator": 2, "rate": 0.5},
            "survey_response": {"numerator": 0, "denominator": 0, "rate": None},
        },
        "survey": {"communication": nothing, "school_programmes": nothing, "home_learning": nothing},
    }


def test_the_months_of_a_district_add_up_to_its_scorecard(filled: Evaluation) -> None:
    answer = filled.district_months({"district": "d1", "school_year": YEAR}, context())
    card = filled.district_scorecard({"district": "d1", "school_year": YEAR}, context())
    assert [month["period"] for month in answer["months"]][:3] == ["2026-08", "2026-09", "2026-10"]
    due = [month for month in answer["months"] if month["due"]]
    assert [month["period"] for month in due] == ["2026-08", "2026-09"]
    for name in ("classes_reported", "classes_on_time", "folders_returned", "months_met"):
        figures = [indicator(month, name) for month in due]
        assert tuple(map(sum, zip(*figures, strict=True))) == indicator(card, name)


def test_a_school_has_a_scorecard_of_its_own(filled: Evaluation) -> None:
    answer = filled.school_scorecard({"school": "s1", "school_year": YEAR}, context())
    assert answer["school"] == {"id": "s1", "name": "Magnolia Elementary"}
    assert answer["district"] == {"id": "d1", "name": "Magnolia"}
    assert indicator(answer, "classes_reported") == (1, 2)
    other = filled.school_scorecard({"school": "s2", "school_year": YEAR}, context())
    assert indicator(other, "classes_reported") == (0, 0)


def test_the_state_is_the_sum_and_says_of_how_many_districts(filled: Evaluation) -> None:
    answer = filled.state_scorecard({"school_year": YEAR}, context())
    assert answer["districts"] == 2
    assert indicator(answer, "pledges_signed") == (1, 2)
    assert indicator(answer, "classes_reported") == (1, 4)


def test_the_districts_are_listed_by_name_with_their_indicators(filled: Evaluation) -> None:
    answer = filled.districts({"school_year": YEAR}, context())
    assert [(each["id"], each["name"]) for each in answer["districts"]] == [("d2", "Bay"), ("d1", "Magnolia")]
    assert [indicator(each, "pledges_signed") for each in answer["districts"]] == [(0, 1), (1, 1)]


def test_a_state_without_a_single_event_has_empty_answers_and_no_errors(app: Evaluation) -> None:
    assert app.districts({}, context())["districts"] == []
    answer = app.state_scorecard({}, context())
    assert (answer["districts"], answer["as_of"], answer["lag_seconds"]) == (
        0,
        {"evaluation": 0, "folders": 0, "pledges": 0, "roster": 0, "surveys": 0},
        0.0,
    )
    assert app.events({}, context()) == {"events": [], "next": "0", "head": "0"}


@pytest.mark.parametrize(
    ("caller", "district_1", "school_1", "listed"),
    [
        (Caller("state"), True, True, ["d2", "d1"]),
        (Caller("integrator"), True, True, ["d2", "d1"]),
        (Caller("integrator", ("d1",)), True, True, ["d1"]),
        (Caller("district", ("d1",)), True, True, ["d1"]),
        (Caller("district", ("d2",)), False, False, ["d2"]),
        (Caller("school", ("s1",)), False, True, []),
        (Caller("school", ("s2",)), False, False, []),
        (Caller("teacher", ("c1",)), False, False, []),
        (Caller("district", ()), False, False, []),
    ],
)
def test_each_caller_sees_what_its_org_unit_covers(
    filled: Evaluation, caller: Caller, district_1: bool, school_1: bool, listed: list[str]
) -> None:
    asked = context(caller)
    for allowed, ask in (
        (district_1, lambda: filled.district_scorecard({"district": "d1"}, asked)),
        (district_1, lambda: filled.district_months({"district": "d1"}, asked)),
        (school_1, lambda: filled.school_scorecard({"school": "s1"}, asked)),
    ):
        if allowed:
            ask()
        else:
            with pytest.raises(Forbidden):
                ask()
    assert [each["id"] for each in filled.districts({}, asked)["districts"]] == listed


def test_who_asks_for_what_does_not_exist_is_told_so_and_a_stranger_is_not(filled: Evaluation) -> None:
    with pytest.raises(NotFound, match="no district 'd7'"):
        filled.district_scorecard({"district": "d7"}, context())
    with pytest.raises(NotFound, match="no school 's7'"):
        filled.school_scorecard({"school": "s7"}, context())
    with pytest.raises(Forbidden):
        filled.district_scorecard({"district": "d7"}, context(Caller("district", ("d1",))))


def test_without_a_school_year_it_is_the_current_one_or_the_newest_with_students(filled: Evaluation) -> None:
    assert filled.state_scorecard({}, context())["school_year"] == "2026-27"
    assert filled.state_scorecard({}, context(now=NOW.replace(year=2025)))["school_year"] == "2026-27"
    later = filled.state_scorecard({}, context(now=NOW.replace(year=2029)))
    assert later["school_year"] == "2026-27"


def test_a_month_begins_when_it_begins_in_mississippi(filled: Evaluation) -> None:
    still_september = datetime(2026, 10, 1, 3, tzinfo=UTC)
    answer = filled.district_scorecard({"district": "d2"}, context(now=still_september))
    assert indicator(answer, "classes_reported") == (0, 2)
    october = filled.district_scorecard({"district": "d2"}, context(now=still_september + timedelta(hours=6)))
    assert indicator(october, "classes_reported") == (0, 3)


def test_the_answer_says_how_far_each_source_is_counted_and_how_old_the_oldest_uncounted_event_is(
    changing: Evaluation,
) -> None:
    more = history()
    more.signed("zoe", "d2", "s9")
    receive(changing, more.events)
    before = changing.state_scorecard({}, context(now=more.events[-1].time + timedelta(seconds=90)))
    assert (before["as_of"]["pledges"], before["lag_seconds"]) == (1, 90.0)
    project(changing)
    after = changing.state_scorecard({}, context())
    assert (after["as_of"]["pledges"], after["lag_seconds"]) == (2, 0.0)


def test_a_figure_is_as_of_the_slowest_of_its_partitions_and_projections(app: Evaluation) -> None:
    receive(app, history().events)
    *others, last = project(app, partitions=2)
    assert last.projection.name == "recognitions"
    more = history()
    for _ in range(2):
        more.pledge_withdrawn("ana")
        more.signed("ana")
    receive(app, more.events)
    slow = others[2]
    assert slow.projection.name == "participation"
    for projector in [*others, last]:
        if projector is not slow:
            while projector.step():
                pass
    assert app.state_scorecard({}, context())["as_of"]["pledges"] == 1
    while slow.step():
        pass
    assert app.state_scorecard({}, context())["as_of"]["pledges"] == 5


def test_partitions_together_count_what_one_counts(app: Evaluation, tmp_path: Any) -> None:
    receive(app, history().events)
    project(app, partitions=3)
    alone = Evaluation(Database(f"sqlite:///{tmp_path / 'alone.db'}"))
    upgrade(alone.database, "evaluation")
    receive(alone, history().events)
    project(alone)
    assert app.districts({}, context()) == alone.districts({}, context())


def test_a_reader_who_waits_for_its_own_write_gets_it(changing: Evaluation) -> None:
    more = history()
    more.signed("zoe", "d2", "s9")

    def meanwhile(seconds: float) -> None:
        receive(changing, more.events)
        project(changing)

    patient = Evaluation(changing.database, sleep=meanwhile)
    answer = patient.district_scorecard({"district": "d2", "at_least": {"pledges": 2}}, context())
    assert indicator(answer, "pledges_signed") == (1, 1)
    assert answer["as_of"]["pledges"] == 2


def test_a_reader_who_waits_in_vain_is_told_within_two_seconds_when_to_come_back(filled: Evaluation) -> None:
    waited: list[float] = []
    impatient = Evaluation(filled.database, sleep=waited.append, clock=lambda: sum(waited))
    with pytest.raises(Unavailable, match=r"pledges 7 \(so far pledges 1\)") as refused:
        impatient.state_scorecard({"at_least": {"pledges": 7, "roster": 1}}, context())
    assert refused.value.retry_after == 1
    assert 1.9 < sum(waited) <= 2.0
    with pytest.raises(Unavailable):
        impatient.events({"at_least": {"folders": 99}}, context())


def pages(app: Evaluation, caller: Caller, **body: Any) -> Iterator[list[Event]]:
    after = ""
    while True:
        page = app.events({**body, "after": after}, context(caller))
        yield [from_json(msgspec.json.encode(document)) for document in page["events"]]
        if page["next"] == page["head"]:
            return
        after = page["next"]


def test_the_feed_has_every_event_once_in_one_order_whatever_the_page(filled: Evaluation) -> None:
    whole = [event for page in pages(filled, STATE, limit=1000) for event in page]
    assert [(event.source, event.position) for event in whole] == [
        *(("roster", position) for position in range(1, 10)),
        ("pledges", 1),
        ("folders", 1),
        ("folders", 2),
        ("surveys", 1),
    ]
    assert {event.id for event in whole} == {event.id for event in history().events}
    for limit in (1, 2, 5, 13):
        paged = list(pages(filled, STATE, limit=limit))
        assert [event for page in paged for event in page] == whole
        assert all(len(page) <= limit for page in paged)


def test_the_feed_gives_only_the_types_asked_for(filled: Evaluation) -> None:
    found = [
        event.type
        for page in pages(filled, STATE, types=["PledgeSigned", "FolderReturned"])
        for event in page
    ]
    assert found == ["PledgeSigned", "FolderReturned"]


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (Caller("district", ("d2",)), {"d2", "s9", "c9", "zoe"}),
        (Caller("integrator", ("s9",)), {"s9", "c9", "zoe"}),
        (Caller("integrator", ("s2",)), {"s2"}),
        (Caller("integrator", ("c1",)), {"c1", "ana"}),
        (Caller("district", ("nowhere",)), set()),
        (Caller("district", ()), set()),
    ],
)
def test_the_feed_shows_each_caller_its_own_org_unit_and_what_is_nobodys(
    filled: Evaluation, caller: Caller, seen: set[str]
) -> None:
    found = [event for page in pages(filled, caller) for event in page]
    own = [event for event in found if event.district != "state"]
    assert [event.type for event in found if event.district == "state"] == ["InstrumentPublished"]
    told = {event.data.get(kind) for event in own for kind in ("district", "school", "class", "student")}
    assert {"ana", "zoe", "s2", "s9", "c9", "d2"} & told == {"ana", "zoe", "s2", "s9", "c9", "d2"} & seen | (
        {"d2"} if "s9" in seen else set()
    )
    assert bool(own) == bool(seen)


def test_a_page_looks_no_further_than_its_window_and_says_where_to_go_on(
    filled: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WINDOW", 4)
    page = filled.events({"types": ["FolderReturned"]}, context())
    assert (page["events"], page["next"], page["head"]) == ([], "4", "13")
    found = [event.type for page in pages(filled, STATE, types=["FolderReturned"]) for event in page]
    assert found == ["FolderReturned"]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 19, "٣"])
def test_a_place_in_the_feed_that_is_none_is_refused(filled: Evaluation, after: str) -> None:
    with pytest.raises(Invalid) as refused:
        filled.events({"after": after}, context())
    assert refused.value.errors[0]["field"] == "after"


def test_a_rebuild_makes_the_same_tables_from_nothing(changing: Evaluation) -> None:
    before = changing.districts({}, context())
    for projection in PROJECTIONS:
        compared = rebuild(changing.database, projection, TABLES[projection.name])
        assert compared.equal
        assert compared.went_live
    assert changing.districts({}, context()) == before


@pytest.fixture
def grown(app: Evaluation) -> Evaluation:
    """Three districts of 40, 30 and 4 children, of whom every second has a pledge."""
    more = history()
    more.district("d3", "Coast")
    more.school("s3", "d3")
    more.class_("c3", "s3", "d3")
    for district, school, class_, children in (
        ("d1", "s1", "c1", 39),
        ("d2", "s9", "c9", 29),
        ("d3", "s3", "c3", 4),
    ):
        for number in range(children):
            more.enrolled(f"{district}-{number}", class_, school, district)
            if number % 2:
                more.signed(f"{district}-{number}", district, school)
    receive(app, more.events)
    project(app, batch=100)
    return app


def test_a_district_is_compared_with_the_state_as_it_may_be_published(grown: Evaluation) -> None:
    shown = grown.district_indicators({"district": "d1", "school_year": YEAR}, context())
    assert shown["district"] == {"id": "d1", "name": "Magnolia"}
    assert shown["as_of"]["pledges"] == 1 + 19 + 14 + 2
    assert {name: shown["indicators"]["pledges_signed"][name] for name in ("status", "n", "rate")} == {
        "status": "shown",
        "n": 40,
        "rate": 0.5,
    }
    # The four of the coast would follow from the state's 74 if the thirty of the bay were told.
    for hidden in ("d2", "d3"):
        answer = grown.district_indicators({"district": hidden, "school_year": YEAR}, context())
        figures = answer["indicators"]["pledges_signed"]
        assert {name for name, value in figures.items() if value is not None} == {"status"}


def test_the_indicators_come_with_their_definitions_and_the_states_figures(grown: Evaluation) -> None:
    answer = grown.indicators({"school_year": YEAR}, context())
    pledges = answer["indicators"][0]
    assert (pledges["indicator"], pledges["clause"]) == ("pledges_signed", "37-3-67(a)")
    assert (pledges["state"]["n"], pledges["state"]["rate"]) == (74, 0.486)
    assert pledges["verdicts"] == {"consistent with the state": 1}


def test_a_comparison_is_made_anew_when_something_new_is_folded(grown: Evaluation) -> None:
    body = {"school_year": YEAR}
    before = grown.indicators(body, context())
    assert grown.indicators(body, context()) == before
    more = History()
    more.events, more._positions["pledges"] = [], 36
    more.signed("d1-0", "d1", "s1")
    receive(grown, more.events)
    project(grown)
    after = grown.indicators(body, context())
    assert after["as_of"]["pledges"] == before["as_of"]["pledges"] + 1
    assert after["indicators"][0]["state"]["rate"] == 0.5


def test_a_district_compares_itself_and_no_other(grown: Evaluation) -> None:
    caller = Caller("district", ("d1",))
    assert grown.district_indicators({"district": "d1"}, context(caller))["district"]["id"] == "d1"
    with pytest.raises(Forbidden):
        grown.district_indicators({"district": "d2"}, context(caller))
    with pytest.raises(NotFound, match="has heard of no district 'd9'"):
        grown.district_indicators({"district": "d9"}, context())


def test_an_empty_state_has_every_indicator_and_no_figure(app: Evaluation) -> None:
    answer = app.indicators({}, context())
    assert len(answer["indicators"]) == 6
    for each in answer["indicators"]:
        assert (each["state"]["n"], each["state"]["rate"], each["mean"], each["verdicts"]) == (
            0,
            None,
            None,
            {},
        )

"""The report of 37-3-71: issued once, kept as it was, safe with the editions before it, and decided on by people."""

from __future__ import annotations

import hashlib
import json
import zipfile
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alliance.context import Caller, Context
from alliance.database import Database
from alliance.errors import AllianceError, Forbidden, Invalid, NotFound, Refused
from alliance.feed import LocalFeed
from alliance.journal import Journal
from alliance.migrations import upgrade
from alliance.projector import Projector
from alliance.receiver import Receiver
from services.evaluation.app import Evaluation
from services.evaluation.methods.release import Release, from_json
from services.evaluation.methods.suppression import audit
from services.evaluation.projections import PROJECTIONS, TABLES
from services.evaluation.report import comparison_charts, folder, making, pdf
from services.evaluation.report.chart_style import nothing
from services.evaluation.report.document import Chart
from services.evaluation.report.making import Made
from tests.builders_evaluation import YEAR, History
from tests.world_evaluation import ITEMS

STATE = Caller("state")
BEFORE = "2025-26"
NOW = datetime(2026, 10, 6, 15, tzinfo=UTC)
PRINTED = b"%PDF-1.7 as it is printed here\n"

#: {district: (its name, (children, pledges) of each of its schools)}
Sizes = Mapping[str, tuple[str, Sequence[tuple[int, int]]]]

SIZES: Sizes = {
    "d1": ("Alcorn School District", [(14, 9), (22, 20)]),
    "d2": ("Bay School District", [(26, 14)]),
    "d3": ("Canton School District", [(40, 31)]),
    "d4": ("Delta School District", [(6, 3), (25, 12)]),
    "d5": ("Eupora School District", [(8, 5)]),
}
BEFORE_SIZES: Sizes = {
    "d1": ("Alcorn School District", [(15, 6), (20, 12)]),
    "d2": ("Bay School District", [(24, 14)]),
    "d3": ("Canton School District", [(36, 30)]),
}


class Platform:
    """Evaluation, its journal and its projectors, stepped by hand; every source has been heard of."""

    def __init__(self, database: Database) -> None:
        upgrade(database, "evaluation")
        self.app = Evaluation(database)
        self.app.prepare()
        self.journal = Journal(database)
        self._own = Receiver(self.journal, LocalFeed(self.app.log))
        self._projectors = [Projector(database, each, TABLES[each.name]) for each in PROJECTIONS]
        self.history = History()

    def fold(self) -> None:
        for source in ("roster", "pledges", "folders", "surveys"):
            held = self.journal.source(source)[0]
            new = [event for event in self.history.events if event.source == source and event.position > held]
            self.journal.append(source, new, epoch="e1")
        self._own.catch_up()
        for projector in self._projectors:
            projector.prepare()
            while projector.step(1000):
                pass

    def make(self, caller: Caller = STATE, **body: Any) -> tuple[dict[str, Any], Made]:
        """Issue a report of all that has happened, and hear of it."""
        self.fold()
        found = self.app.make_report({"school_year": YEAR, **body}, context(caller))
        self.fold()
        return found

    def file(self, report: str, path: str) -> bytes:
        answer = self.app.report_file({"report": report, "path": path}, context())
        return b64decode(answer["content"])

    def issued(self) -> list[str]:
        """The reports that the log says were issued."""
        events = self.app.log.read(0, 1000)
        return [event.data["report"] for event in events if event.type == "ReportIssued"]

    def decide(self, caller: Caller = STATE, **body: Any) -> dict[str, Any]:
        said = {
            "district": "d1", "school_year": YEAR, "indicator": "pledges_signed", "recognised": True,
            "reasons": ["site_visit"],
        }  # fmt: skip
        answer = self.app.decide_recognition({**said, **body}, context(caller))
        self.fold()
        return answer


def context(caller: Caller = STATE) -> Context:
    return Context(caller, uuid4(), False, NOW, "test")


def populate(history: History, sizes: Sizes, school_year: str = YEAR) -> None:
    """Districts, a class in each school, its children, and the folder of September: two in three come back."""
    begins = int(school_year[:4])
    period = f"{begins}-09"
    for district, (name, schools) in sizes.items():
        if not any(event.stream == f"district-{district}" for event in history.events):
            history.district(district, name)
        for number, (children, pledges) in enumerate(schools, start=1):
            school = f"{district}s{number}"
            class_ = f"{school}-{begins}"
            place = {"school": school, "district": district, "school_year": school_year}
            history.school(school, district)
            days = {"begins_on": f"{begins}-08-06", "ends_on": f"{begins + 1}-05-26"}
            history.class_(class_, school, district, school_year=school_year, **days)
            names = [f"{school}-{child}" for child in range(children)]
            for child in names:
                history.enrolled(child, class_, school, district, begins_on=days["begins_on"],
                                 school_year=school_year)  # fmt: skip
            for child in names[:pledges]:
                history.signed(child, district, school, school_year)
            if names:
                history.sent(names, f"{period}-10", period, class_, **place)
            for child in names[: 2 * children // 3]:
                history.returned(child, period, class_, **place)


def survey(history: History, district: str, invited: int, answered: int) -> None:
    history.survey(f"v-{district}", district)
    history.invited(invited, {f"{district}s1": invited}, f"v-{district}", district)
    for number in range(answered):
        answers = {item: 1 + (number + place) % 5 for place, (item, _, _) in enumerate(ITEMS)}
        history.submitted(answers, [f"{district}s1"], f"v-{district}", district)


def results(platform: Platform, folder: Path, rows: str) -> dict[str, Any]:
    """Import proficiency from a file with these rows; what came of it."""
    mapping = {
        "columns": {"district": "district", "n": "tested", "value": "proficient"},
        "constants": {"school_year": "2024-25", "subject": "ela", "measure": "proficient"},
        "values": "percent",
        "hidden": ["*"],
    }
    path = folder / "results.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ela.csv", f"district,tested,proficient\n{rows}")
        archive.writestr("mapping.json", json.dumps(mapping))
    platform.fold()
    answer = platform.app.import_outcomes({"path": str(path), "name": path.name}, context())
    platform.fold()
    return answer


def table(made: Made, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(made.files[f"tables/{name}.json"])["rows"]
    return found


def released(platform: Platform, report: str) -> Release:
    """What a later report is audited with, as it was stored."""
    return from_json(json.loads(platform.file(report, "release.json")))


def unprinted(patch: pytest.MonkeyPatch) -> None:
    """Pages take most of the time; their bytes stand for themselves."""
    patch.setattr(pdf, "print_pdf", lambda page, document: PRINTED)


def undrawn(patch: pytest.MonkeyPatch) -> None:
    """The large charts take half of the rest."""

    def empty(id: str, title: str, table: str, *_: Any) -> Chart:
        return nothing(id, title, table)

    patch.setattr(comparison_charts, "funnel", empty)
    patch.setattr(comparison_charts, "estimates", empty)


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        unprinted(patch)
        undrawn(patch)
        yield


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Platform]:
    """One school year."""
    database = Database(f"sqlite:///{tmp_path / 'evaluation.db'}")
    platform = Platform(database)
    populate(platform.history, SIZES)
    yield platform
    database.engine.dispose()


@dataclass(frozen=True)
class Edition:
    platform: Platform
    answer: dict[str, Any]
    made: Made

    @property
    def report(self) -> str:
        return self.made.pins.report


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edition]:
    """Two school years, surveys, certified months and test results, with one edition of it: to be looked at only."""
    tmp_path = tmp_path_factory.mktemp("whole")
    database = Database(f"sqlite:///{tmp_path / 'evaluation.db'}")
    platform = Platform(database)
    history = platform.history
    populate(history, BEFORE_SIZES, BEFORE)
    populate(history, SIZES)
    history.instrument(ITEMS)
    for district, invited, answered in (("d1", 30, 24), ("d2", 25, 15), ("d3", 40, 12)):
        survey(history, district, invited, answered)
    platform.fold()
    for district, period in (("d1", "2026-09"), ("d1", "2025-09"), ("d3", "2026-09")):
        certified = {"district": district, "period": period, "incomplete": True}
        platform.app.certify_period(certified, context(Caller("district", (district,))))
    imported = results(platform, tmp_path, "Alcorn School District,40,45.0\nCanton School District,50,62.0\n")
    assert imported["sets"] == 2
    answer, made = platform.make()
    yield Edition(platform, answer, made)
    database.engine.dispose()


def test_a_report_made_twice_is_issued_once(database: Database) -> None:
    platform = Platform(database)
    populate(platform.history, SIZES)
    first, made = platform.make()
    again, same = platform.make()
    assert (first["created"], again["created"]) == (True, False)
    assert (again["report"], again["manifest"]) == (first["report"], first["manifest"])
    assert same.files == made.files
    assert platform.issued() == [first["report"]]
    assert {path: platform.file(first["report"], path) for path in made.files} == made.files
    listed = platform.app.reports({}, context())["reports"]
    assert [(each["report"], each["manifest"]) for each in listed] == [(first["report"], first["manifest"])]


def test_the_files_are_as_the_manifest_says(whole: Edition) -> None:
    stored = {path: whole.platform.file(whole.report, path) for path in whole.made.files}
    assert stored == whole.made.files
    assert folder.wrong(stored) == []
    assert whole.answer["manifest"] == hashlib.sha256(stored["manifest.json"]).hexdigest()
    listed = whole.platform.app.report({"report": whole.report}, context())
    assert {each["path"]: each["sha256"] for each in listed["files"]} == {
        path: hashlib.sha256(content).hexdigest()
        for path, content in stored.items()
        if path != "manifest.json"
    }
    assert (listed["school_year"], listed["issued_on"]) == (YEAR, "2026-10-06")


def test_the_event_says_what_the_report_is_made_of(whole: Edition) -> None:
    (event,) = (each for each in whole.platform.app.log.read(0, 100) if each.type == "ReportIssued")
    pins = whole.platform.app.report({"report": whole.report}, context())["pins"]
    assert (event.data["journal"], event.data["positions"]) == (pins["journal"], pins["positions"])
    assert event.stream == f"report-{whole.report}"
    sources = {each.source for each in whole.platform.history.events}
    counted = {
        source: sum(each.source == source for each in whole.platform.history.events) for source in sources
    }
    # Three months certified, two sets of results.
    assert event.data["positions"] == {**counted, "evaluation": 5}
    assert event.data["journal"] == sum(counted.values()) + 5


def test_growth_is_that_of_the_children_who_were_there(whole: Edition) -> None:
    """Counted here from what was recorded; a figure that few persons are behind is not among them."""
    of = {row["measure"]: row for row in table(whole.made, "participation")}
    children, pledges = (
        [sum(school[place] for _, schools in sizes.values() for school in schools) for sizes in (BEFORE_SIZES, SIZES)]
        for place in (0, 1)
    )  # fmt: skip
    for measure, (before, now) in (
        ("Students enrolled", children),
        ("Students for whom a pledge stands", pledges),
        ("Districts taking part", [3, 5]),
        ("Schools taking part", [4, 7]),
    ):
        assert (of[measure]["before"], of[measure]["now"]) == (before, now)
        assert of[measure]["growth"] == pytest.approx(now / before - 1, abs=1e-9)


def test_with_a_year_before_the_rule_judges_change_and_two_years(whole: Edition) -> None:
    rows = table(whole.made, "exemplary-all")
    of = {(row["district"], row["indicator"]): row for row in rows}
    alcorn = of["d1", "pledges_signed"]
    assert "improved" not in alcorn["open"]
    assert "two years" not in alcorn["open"]
    # Certified is one month of two that are due in each of two schools, where nine in ten are asked for.
    assert "certified" in alcorn["unmet"]
    delta = of["d4", "pledges_signed"]
    assert {"improved", "two years"} <= set(delta["open"].split("; "))


def test_what_was_certified_surveyed_and_published_is_in_the_tables(whole: Edition) -> None:
    certified = {row["district"]: row["certified"] for row in table(whole.made, "certification")}
    assert certified == {"d1": 1, "d2": 0, "d3": 1, "d4": 0, "d5": 0}
    shares = {row["indicator"]: row for row in table(whole.made, "indicators")}
    assert shares["survey_response"]["n"] == 30 + 25 + 40
    assert shares["survey_response"]["rate"] == pytest.approx((24 + 15 + 12) / 95, abs=0.0005)
    assert any(path.startswith("tables/survey") for path in whole.made.files)
    # All of the one test: 18 of 40 and 31 of 50.
    state = next(row for row in table(whole.made, "test-scores") if row["district"] == "state")
    assert (state["n"], state["rate"]) == (90, pytest.approx(49 / 90, abs=0.0005))


def test_few_children_are_hidden_and_the_auditor_passes_what_was_stored(whole: Edition) -> None:
    release = released(whole.platform, whole.report)
    assert release == whole.made.release
    assert audit(release).passed
    shown = release.shown[f"pledges_signed {YEAR}", ("d5",)]
    assert (shown.status, shown.n, shown.rate) == ("hidden", None, None)


def test_a_report_at_an_older_position_is_the_one_that_was_issued_then(here: Platform) -> None:
    first, made = here.make()
    populate(here.history, {"d6": ("Forest School District", [(30, 21)])})
    second, _ = here.make()
    assert second["report"] != first["report"]
    again, same = here.make(journal=made.pins.journal)
    assert (again["report"], again["created"]) == (first["report"], False)
    assert same.files == made.files
    assert here.issued() == [first["report"], second["report"]]
    listed = here.app.reports({}, context())["reports"]
    assert [each["report"] for each in listed] == [second["report"], first["report"]]


def test_another_edition_knows_the_one_before_and_both_are_safe_together(here: Platform) -> None:
    first, _ = here.make()
    for child in range(14, 20):
        here.history.signed(f"d2s1-{child}", "d2", "d2s1")
    here.history.pledge_withdrawn("d5s1-0", "d5", "d5s1")
    second, _ = here.make()
    pins = here.app.report({"report": second["report"]}, context())["pins"]
    assert pins["settings"]["earlier"] == [first["report"]]
    old, new = (released(here, each["report"]) for each in (first, second))
    assert audit(new, [old]).passed
    assert audit(old, [new]).passed


def test_what_an_edition_hid_is_not_told_by_the_next_one(here: Platform) -> None:
    """A district of eight grows to twenty-five: that it had eight has to stay hidden, whether it is shown now or not.

    Worked out as a reader would: the state then, less what either edition shows of every other district, none of
    which has changed.
    """
    first, _ = here.make()
    for child in range(8, 25):
        here.history.enrolled(f"d5s1-{child}", "d5s1-2026", "d5s1", "d5")
    second, _ = here.make()
    then, now = (
        {unit: shown.n for (name, (unit,)), shown in released(here, each["report"]).shown.items()
         if name == f"pledges_signed {YEAR}"}
        for each in (first, second)
    )  # fmt: skip
    assert then["d5"] is None
    assert now["d5"] in (None, 25)
    others = [then[each] or now[each] for each in ("d1", "d2", "d3", "d4")]
    told = None if None in others else then["state"] - sum(others)
    assert told is None, f"the two editions together tell that the district had {told} children"


def test_an_edition_that_was_issued_meanwhile_is_known_too(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are made at once, and facts come in between: the one that is later is made anew, of what is known by then."""
    make = making.make

    def meanwhile(*of: Any) -> Made:
        monkeypatch.setattr(making, "make", make)
        made = make(*of)
        populate(here.history, {"d6": ("Forest School District", [(12, 7)])})
        here.make()
        return made

    monkeypatch.setattr(making, "make", meanwhile)
    try:
        answer, _ = here.make()
    except AllianceError:
        return
    # What is known now is what was issued meanwhile: the same report, which is not issued twice.
    assert here.issued() == [answer["report"]]
    assert not answer["created"]
    pins = here.app.report({"report": answer["report"]}, context())["pins"]
    assert pins["settings"]["earlier"] == []


def test_other_files_under_the_same_pins_are_refused_and_the_issued_ones_stand(
    here: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's fonts, say: they are no pin."""
    first, made = here.make()
    head = here.app.log.head()
    monkeypatch.setattr(pdf, "print_pdf", lambda page, document: b"%PDF-1.7 in other letters\n")
    with pytest.raises(Refused, match=f"Report {first['report']} was issued before with the same pins"):
        here.make()
    assert here.app.log.head() == head
    assert {path: here.file(first["report"], path) for path in made.files} == made.files


@pytest.mark.parametrize(
    "caller", [Caller("district", ("d1",)), Caller("school", ("d1s1",)), Caller("integrator")]
)
def test_only_the_state_issues_and_decides(whole: Edition, caller: Caller) -> None:
    head = whole.platform.app.log.head()
    with pytest.raises(Forbidden, match="Only the state issues"):
        whole.platform.make(caller)
    with pytest.raises(Forbidden, match="Only the state recognises"):
        whole.platform.decide(caller, report=whole.report)
    assert whole.platform.app.log.head() == head


def test_a_decision_is_recorded_once_and_is_in_the_next_report(here: Platform) -> None:
    """The installation itself may issue and decide as well."""
    first, _ = here.make(Caller("system"))
    reasons = ["site_visit", "practice_documented"]
    decided = here.decide(Caller("system"), report=first["report"], reasons=reasons)
    assert decided["created"]
    assert decided["reasons"] == ["practice_documented", "site_visit"]
    assert not here.decide(report=first["report"], reasons=reasons[::-1])["created"]
    head = here.app.log.head()[0]
    second, made = here.make()
    assert here.app.log.head()[0] == head + 1
    (row,) = (each for each in table(made, "exemplary-decisions") if each["decision"] != "awaited")
    assert (row["district"], row["name"], row["indicator"]) == ("d1", SIZES["d1"][0], "pledges_signed")
    assert (row["decision"], row["reasons"]) == ("recognised", "practice documented, site visit")
    assert (row["report"], row["decided_on"]) == (first["report"], "2026-10-06")
    assert here.decide(report=second["report"], recognised=False, reasons=["data_in_doubt"])["created"]


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ({"district": "d9"}, NotFound, "no district 'd9'"),
        ({"indicator": "months_met"}, Invalid, "The written rule does not judge months_met"),
        ({"report": "0" * 16}, NotFound, f"no report '{'0' * 16}'"),
        ({"school_year": BEFORE}, Invalid, f"is of {YEAR}, not of {BEFORE}"),
    ],
    ids=["district", "indicator", "report", "year"],
)
def test_a_decision_on_what_is_not_there_is_refused(
    whole: Edition, body: dict[str, Any], error: type[AllianceError], message: str
) -> None:
    head = whole.platform.app.log.head()
    with pytest.raises(error, match=message):
        whole.platform.decide(**{"report": whole.report, **body})
    assert whole.platform.app.log.head() == head


def test_what_was_never_issued_is_not_found(whole: Edition) -> None:
    platform = whole.platform
    with pytest.raises(NotFound, match=f"no report '{'0' * 16}'"):
        platform.app.report({"report": "0" * 16}, context())
    with pytest.raises(NotFound, match=f"no report '{'0' * 16}'"):
        platform.file("0" * 16, "report.html")
    with pytest.raises(NotFound, match=f"Report {whole.report} has no file 'tables/none.csv'"):
        platform.file(whole.report, "tables/none.csv")


def test_a_year_of_which_nothing_is_known_names_those_that_are(whole: Edition) -> None:
    with pytest.raises(Invalid, match=f"2031-32; there are figures of {BEFORE}, {YEAR}") as refused:
        whole.platform.make(school_year="2031-32")
    assert refused.value.errors[0]["field"] == "school_year"


@pytest.mark.parametrize("beyond", [1, 10_000])
def test_a_position_that_was_not_reached_is_refused(whole: Edition, beyond: int) -> None:
    whole.platform.fold()
    head = whole.platform.journal.head()
    with pytest.raises(Invalid, match=f"The journal is at {head}; there is no position {head + beyond}"):
        whole.platform.make(journal=head + beyond)

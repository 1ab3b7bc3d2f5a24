"""The report of 37-3-71 on both forms: made, made again, read, decided on, and written by the command line."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from alliance.settings import SERVICES
from deploy.running import Platform, running
from tests.builders_year import YEAR
from tests.e2e.small_state import CANARY, CLASSES, DISTRICTS, PERIODS
from tests.e2e.state import LINES, PATIENCE, State, a_return, key, lines, pledge, response, survey
from tests.fixtures.command_line import alliance
from tests.fixtures.waiting import until

#: Seconds that one report may take on a machine that has other work.
SECONDS = 300.0
#: Of each district's 64 children, in the order of their classes.
SIGNED = {"a": 56, "b": 36}
REPORTING = CLASSES[:6]
RETURNED, ANSWERED = 12, 14
REASONS = ["site_visit", "practice_documented"]


@dataclass
class Issued:
    """A state of which a report was issued. What is read of a report is read once."""

    state: State
    stack: ExitStack
    answer: dict[str, Any]
    certified: str

    def make(self) -> Any:
        return self.state.api.post("/v1/reports", json={"school_year": YEAR}, timeout=SECONDS)

    @cached_property
    def files(self) -> dict[str, bytes]:
        return self.files_of(self.answer["report"])

    @cached_property
    def recognised(self) -> Any:
        """The answer to a decision on the certified district's programme; sent again, as it says, while it is 503."""
        decision = {
            "school_year": YEAR,
            "district": self.certified,
            "indicator": "pledges_signed",
            "recognised": True,
            "reasons": REASONS,
            "report": self.answer["report"],
        }
        once, answers = key(), []

        def taken() -> bool:
            answers.append(self.state.api.post("/v1/recognitions", json=decision, headers=once))
            return answers[-1].status_code != 503

        until(taken, PATIENCE, "the decision is taken")
        return answers[-1]

    @cached_property
    def next(self) -> Any:
        """The answer to the report that was asked for once the decision was counted in."""
        self.state.wait_for(self.recognised.json()["position"])
        return self.make()

    @cached_property
    def files_of_next(self) -> dict[str, bytes]:
        return self.files_of(self.next.json()["report"])

    def file(self, report: str, path: str) -> Any:
        return self.state.api.get(f"/v1/reports/{report}/file", params={"path": path})

    def files_of(self, report: str) -> dict[str, bytes]:
        listed = self.state.api.get(f"/v1/reports/{report}").json()["files"]
        return {
            path: self.file(report, path).content
            for path in (*(of["path"] for of in listed), "manifest.json")
        }


#: A second report is the same work once more, and takes a form of many processes half a minute on a busy machine.
EMBEDDED = pytest.mark.parametrize("issued", ["embedded"], indirect=True)


@pytest.fixture(scope="module", params=["embedded", "distributed"])
def issued(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    var = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        state = State(stack.enter_context(_platform(request, var)))
        stack.callback(state.close)
        certified = _play(state)
        made = state.api.post("/v1/reports", json={"school_year": YEAR}, timeout=SECONDS)
        assert made.status_code == 201, made.text
        yield Issued(state, stack, made.json(), certified)


@contextmanager
def _platform(request: pytest.FixtureRequest, var: Path) -> Iterator[Platform]:
    """A platform of this module's own, empty."""
    if request.param == "embedded":
        with running("embedded", var) as platform:
            yield platform
        return
    postgres, prefix = request.getfixturevalue("postgres"), f"r{uuid.uuid4().hex[:8]}_"
    owners = (*SERVICES, "gateway")
    for owner in owners:
        postgres.create_database(prefix + owner)
    servers = {
        "ALLIANCE_DATABASE_URL": postgres.database_url(prefix + "{service}"),
        "ALLIANCE_BROKER_URL": next(request.getfixturevalue("vhosts")),
    }
    with running("distributed", var, servers) as platform:
        yield platform
    for owner in owners:
        postgres.drop_database(prefix + owner)


def _play(state: State) -> str:
    """Pledges, folders, a survey and a certified month; the district that certified it."""
    children = {
        letter: [each for id_, each in state.enrolments.items() if id_.startswith(f"e-{letter}")]
        for letter in "ab"
    }
    signed = [pledge(each) for letter, count in SIGNED.items() for each in children[letter][:count]]
    answers = [state.api.post("/v1/pledges", content=lines(signed), headers=LINES)]
    for name in REPORTING:
        class_, period = state.classes[name], PERIODS[0]
        folder = f"/v1/classes/{class_}/folders/{period}"
        students = [each["student"] for each in state.enrolments.values() if each["class"] == class_]
        answers.append(state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}))
        returns = [a_return(each, period) for each in students[:RETURNED]]
        answers.append(state.api.post(f"{folder}/returns", json={"returns": returns}))
    district = state.districts["Alder County"]
    answers.append(state.api.post("/v1/surveys", json=survey(district, school=state.schools["a1"])))
    address = f"/v1/surveys/{answers[-1].json()['survey']}"
    invited = state.api.post(f"{address}/invitations").json()["invitations"]
    family = state.client()
    answers += [
        family.post(f"{address}/responses", json=response(each["token"])) for each in invited[:ANSWERED]
    ]
    family.close()
    for answer in answers:
        assert answer.status_code in (200, 201), answer.text
        last = json.loads(answer.text.splitlines()[-1])
        assert last.get("status", 201) == 201, last
        state.wait_for(last["position"])
    certified = state.api.post(
        f"/v1/districts/{district}/months/{PERIODS[0]}/certification", json={"incomplete": True}
    )
    assert certified.status_code == 201, certified.text
    state.wait_for(certified.json()["position"])
    return district


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def rows(content: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(content)["rows"]
    return found


def test_a_report_is_issued_with_an_id_and_the_digest_of_its_manifest(issued: Issued) -> None:
    told = issued.answer

    assert told["created"] is True
    assert told["position"]["source"] == "evaluation"
    assert told["manifest"] == sha256(issued.files["manifest.json"])
    assert json.loads(issued.files["manifest.json"])["report"] == told["report"]


def test_it_is_listed_with_its_files_and_what_it_is_made_of(issued: Issued) -> None:
    report = issued.answer["report"]
    of_list = {each["report"]: each for each in issued.state.api.get("/v1/reports").json()["data"]}
    whole = issued.state.api.get(f"/v1/reports/{report}").json()

    entry = {name: whole[name] for name in ("report", "school_year", "issued_on", "manifest")}
    assert of_list[report] == entry
    assert (entry["school_year"], entry["manifest"]) == (YEAR, issued.answer["manifest"])
    # As many pledges are in it as were signed: the positions say what was counted.
    assert whole["pins"]["positions"]["pledges"] == sum(SIGNED.values())
    assert whole["pins"]["positions"].keys() == {"roster", "pledges", "folders", "surveys", "evaluation"}
    assert {"report.html", "report.pdf", "tables/indicators.csv"} <= {each["path"] for each in whole["files"]}


def test_each_of_its_files_is_given_as_the_manifest_says(issued: Issued) -> None:
    listed = json.loads(issued.files["manifest.json"])["files"]

    assert {path: sha256(content) for path, content in issued.files.items() if path != "manifest.json"} == {
        path: of["sha256"] for path, of in listed.items()
    }
    assert {path: len(content) for path, content in issued.files.items() if path != "manifest.json"} == {
        path: of["bytes"] for path, of in listed.items()
    }


@pytest.mark.parametrize(
    ("path", "kind", "begins"),
    [
        ("report.html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("report.pdf", "application/pdf", b"%PDF-"),
        ("tables/districts.csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfDistrict,Name,"),
        ("tables/districts.json", "application/json", b"{"),
    ],
)
def test_a_file_is_what_its_name_says(issued: Issued, path: str, kind: str, begins: bytes) -> None:
    answer = issued.file(issued.answer["report"], path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.content[: len(begins)].lower() == begins.lower()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_its_figures_are_those_that_the_api_gives(issued: Issued) -> None:
    live = issued.state.api.get("/v1/indicators", params={"school_year": YEAR}).json()["data"]
    written = rows(issued.files["tables/indicators.json"])

    words = {
        "above": "above", "below": "below", "consistent": "consistent with the state", "too_few": "too few data"
    }  # fmt: skip
    expected = []
    for each in live:
        told = {name: each[name] for name in ("indicator", "clause", "numerator", "denominator", "mean")}
        figure = {name: value for name, value in each["state"].items() if name != "rank"}
        expected.append(told | figure | {key: each["verdicts"].get(word, 0) for key, word in words.items()})
    assert written == expected
    by_name = {each["indicator"]: each for each in written}
    # What was sent in above, counted by hand.
    assert (by_name["pledges_signed"]["n"], by_name["pledges_signed"]["rate"]) == (128, 0.719)
    assert (by_name["folders_returned"]["n"], by_name["folders_returned"]["rate"]) == (96, 0.75)


def test_a_district_reads_what_was_issued_and_issues_nothing_itself(issued: Issued) -> None:
    district = issued.state.as_("district", issued.state.districts["Birch City"])
    report = issued.answer["report"]

    read = district.get(f"/v1/reports/{report}/file", params={"path": "report.pdf"})
    refused = district.post("/v1/reports", json={"school_year": YEAR}, timeout=SECONDS)

    assert report in {each["report"] for each in district.get("/v1/reports").json()["data"]}
    assert district.get(f"/v1/reports/{report}").status_code == 200
    assert read.content == issued.files["report.pdf"]
    assert refused.status_code == 403
    assert "role state" in refused.json()["detail"]


def test_what_there_is_not_is_told_with_where_to_look(issued: Issued) -> None:
    report = issued.answer["report"]
    no_file = issued.file(report, "tables/names.csv")
    no_report = issued.file("0000000000000000", "report.html")

    assert (no_file.status_code, no_report.status_code) == (404, 404)
    assert "its files are listed with the report" in no_file.json()["detail"]
    assert "the list of reports" in no_report.json()["detail"]
    assert issued.state.api.get("/v1/reports/0000000000000000").status_code == 404


@EMBEDDED
def test_a_year_of_which_nothing_is_known_is_refused_with_the_years_that_are(issued: Issued) -> None:
    other = issued.state.api.post("/v1/reports", json={"school_year": "1999-00"}, timeout=SECONDS)
    assert (other.status_code, [each["field"] for each in other.json()["errors"]]) == (422, ["school_year"])
    assert YEAR in other.json()["detail"]


@EMBEDDED
def test_what_people_decide_is_in_the_next_report_and_not_in_the_one_before(issued: Issued) -> None:
    assert issued.recognised.status_code in (200, 201), issued.recognised.text
    assert issued.recognised.json()["reasons"] == sorted(REASONS)
    assert (issued.next.status_code, issued.next.json()["created"]) == (201, True)
    assert issued.next.json()["report"] != issued.answer["report"]

    [decided] = [
        row
        for row in rows(issued.files_of_next["tables/exemplary-decisions.json"])
        if row["decision"] == "recognised"
    ]
    assert (decided["name"], decided["indicator"]) == ("Alder County", "pledges_signed")
    assert decided["reasons"] == "practice documented, site visit"
    assert decided["report"] == issued.answer["report"]
    said = "practice documented, site visit"
    assert said in issued.files_of_next["report.html"].decode()
    assert said not in issued.files["report.html"].decode()
    listed = [each["report"] for each in issued.state.api.get("/v1/reports").json()["data"]]
    assert listed == [issued.next.json()["report"], issued.answer["report"]]


@EMBEDDED
def test_made_again_it_is_the_same_and_is_issued_once(issued: Issued) -> None:
    before = issued.next.json()

    again = issued.make()

    assert (again.status_code, again.json()) == (200, before | {"created": False})
    assert len(issued.state.api.get("/v1/reports").json()["data"]) == 2


@EMBEDDED
def test_what_was_issued_stays_as_it_was_whatever_is_issued_after_it(issued: Issued) -> None:
    assert issued.next.status_code == 201

    assert issued.files_of(issued.answer["report"]) == issued.files


@EMBEDDED
def test_no_file_holds_a_persons_name_or_the_id_of_a_student_a_guardian_or_a_household(
    issued: Issued,
) -> None:
    pages = PdfReader(io.BytesIO(issued.files_of_next["report.pdf"])).pages
    texts = {
        **{path: content.decode() for path, content in issued.files_of_next.items() if path != "report.pdf"},
        "report.pdf": "\n".join(page.extract_text() for page in pages),
    }
    ids = {
        each[kind]
        for each in issued.state.enrolments.values()
        for kind in ("student", "guardian", "household")
        if each[kind]
    }

    assert len(ids) > 3 * 100
    assert [path for path, text in texts.items() if CANARY.search(text)] == []
    assert [path for path, text in texts.items() if any(each in text for each in ids)] == []
    # That the search works is seen by what belongs into a report.
    for path in ("report.html", "report.pdf", "tables/districts.csv"):
        assert all(name in texts[path] for name in DISTRICTS), path


def test_the_command_line_writes_the_same_bytes_and_proves_them(issued: Issued, tmp_path: Path) -> None:
    report = issued.state.api.get("/v1/reports").json()["data"][0]["report"]
    expected = issued.files_of(report)
    if issued.state.platform.form == "embedded":
        issued.stack.close()
    environment = issued.state.platform.environment

    ran = alliance("report", "--school-year", YEAR, "--out", str(tmp_path), environment=environment)

    folder = tmp_path / f"{YEAR}-{report}"
    assert ran.status == 0, ran.out + ran.error
    assert (
        f"Report {report} of {YEAR}, issued before, and the same again: {len(expected)} files in {folder}"
        in ran.out
    )
    assert sha256(expected["manifest.json"]) in ran.out
    written = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert written == expected

    checked = alliance("report", "--check", str(folder), environment=environment)
    assert (checked.status, checked.out) == (0, f"{len(expected)} files are as the manifest says.\n")

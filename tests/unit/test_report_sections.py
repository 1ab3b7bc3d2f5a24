"""The report as a whole: its sections say the same figures everywhere, name what is not known, and are made again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.evaluation.methods.disclosure import Audit, Finding
from services.evaluation.methods.inputs import BadInput
from services.evaluation.methods.release import from_json
from services.evaluation.publication import publish
from services.evaluation.report import evidence, making, opening
from services.evaluation.report.choices import Budget, Choices, File
from services.evaluation.report.definitions import ANCHORS
from services.evaluation.report.document import Chart, Document, Keys, Section
from services.evaluation.report.folder import MANIFEST
from services.evaluation.report.making import make, pin, version
from services.evaluation.report.participation import NOT_YET
from services.evaluation.report.pins import canonical
from services.evaluation.report.snapshot import Certified, Decided, Parked, Snapshot
from services.evaluation.report.statute import CLAUSES
from tests.builders_report import (
    before,
    card,
    document,
    material,
    month,
    pledges,
    records,
    snapshot,
    tables_of,
    texts,
    undrawn,
)
from tests.fixtures.deployment import ROOT

KINDS = ("pledges_signed", "classes_on_time", "folders_returned", "survey_response")


def small(**other: Any) -> Snapshot:
    """Three districts with everything, a fourth of four children that is hidden."""
    months = (month("2026-09", (18, 20), (700, 900), on_time=15), month("2026-10", (19, 20), (650, 900)))
    cards = {
        "d1": card(*months, pledges_signed=(620, 900), survey_response=(210, 700)),
        "d2": card(*months, pledges_signed=(655, 1000), survey_response=(190, 650)),
        "d3": card(*months, pledges_signed=(700, 1010), survey_response=(230, 710)),
        "d4": card(month("2026-09", (1, 1), (2, 4)), pledges_signed=(2, 4), survey_response=(1, 3)),
        "d5": card(*months, pledges_signed=(120, 1000), survey_response=(200, 700)),
    }
    said = {
        name: {period: Certified(0, name == "d1", 1) for period in ("2026-09", "2026-10")}
        for name in ("d1", "d2", "d3", "d5")
    }
    schools = {"d1": pledges(s1=(620, 900))}
    return snapshot(cards, schools, said, **other)


@pytest.fixture(scope="module")
def whole() -> Document:
    return document(small(), Choices(budget=Budget(5_000_000_00)))


def section(of: Document, id: str) -> Section:
    def all_(sections: tuple[Section, ...]) -> Iterator[Section]:
        for each in sections:
            yield each
            yield from all_(each.sections)

    (found,) = [each for each in all_(of.sections) if each.id == id]
    return found


def table(of: Document, name: str) -> list[dict[str, Any]]:
    (found,) = [each for each in of.tables() if each.name == name]
    return records(found)


def figures_in(text: str) -> list[str]:
    return re.findall(r"\d[\d.,]*\d|\d", text)


# The opening


def test_the_figures_of_the_first_page_are_those_of_the_components(whole: Document) -> None:
    (keys,) = [block for block in section(whole, "finding").blocks if isinstance(block, Keys)]
    rates = {each["indicator"]: each["rate"] for each in table(whole, "components")}
    assert [each.value for each in keys.keys] == [f"{100 * rates[name]:.1f} %" for name in KINDS]


def test_english_and_spanish_say_the_same_figures_which_are_those_of_the_components(whole: Document) -> None:
    components = {each["indicator"]: each for each in table(whole, "components")}
    english, spanish = (texts(section(whole, f"summary-{language}"))[1:5] for language in ("en", "es"))
    for name, one, other in zip(KINDS, english, spanish, strict=True):
        share, of = figures_in(one)
        assert figures_in(other) == [share, of]
        assert int(share) == pytest.approx(100 * components[name]["rate"], abs=0.51)
        assert int(of.replace(",", "")) == components[name]["n"]
    assert figures_in(texts(section(whole, "summary-en"))[0]) == figures_in(
        texts(section(whole, "summary-es"))[0]
    )


def test_the_spanish_summary_is_marked_as_spanish_and_no_other_section_is(whole: Document) -> None:
    assert section(whole, "summary-es").language == "es"
    assert section(whole, "summary-en").language == section(whole, "summary").language == "en"


def test_what_is_not_shown_is_said_in_both_languages() -> None:
    found = opening.plain(material(snapshot(pledges(d1=(2, 4)))))
    english, spanish = (texts(each) for each in found.sections)
    assert english[1] == "Children whose family signed the pledge: not shown."
    assert spanish[1] == "Niños cuya familia firmó el compromiso: no se muestra."


def test_the_letter_says_of_which_year_and_up_to_which_day(whole: Document) -> None:
    letter = " ".join(texts(section(whole, "letter")))
    assert "the school year 2026-27" in letter
    assert "up to June 4, 2027" in letter
    assert whole.issued == "June 4, 2027"
    assert opening.day(small().as_of, "es") == "4 de junio de 2027"
    measured = {each["clause"] for each in table(whole, "components") if each["note"] != NOT_YET}
    assert f"Of the eight components that the law lists, {len(measured)} are measured today" in letter


def test_the_points_of_the_finding_are_counted_from_the_tables(whole: Document) -> None:
    said = texts(section(whole, "finding"))[4:]
    taking_part = {each["measure"]: each["now"] for each in table(whole, "participation")}
    assert said[0].startswith(
        f"{taking_part['Districts taking part']} districts and {taking_part['Schools taking part']} schools take part."
    )
    compared = table(whole, "indicators")
    consistent = sum(each["consistent"] for each in compared)
    every = sum(each[word] for each in compared for word in ("above", "below", "consistent", "too_few"))
    assert said[1].startswith(f"{consistent} of {every} comparisons")
    helped = {each["district"] for each in table(whole, "support")}
    assert helped == {"d4"}  # which has certified no month
    assert "One district could be helped first." in said
    (sums,) = {each["sum"] for each in table(whole, "funding-scenarios")}
    assert any(f"the stated budget of {float(sums):,.0f} dollars" in each for each in said)


def test_in_the_first_year_nothing_is_said_to_have_grown(whole: Document) -> None:
    assert "There is no earlier year, so that growth cannot be stated." in texts(section(whole, "finding"))[4]
    assert any("There is no earlier year" in each for each in texts(section(whole, "participation")))


def test_with_an_earlier_year_nobody_says_there_is_none() -> None:
    found = document(small(before=before(small().year.cards)))
    for each in ("finding", "participation", "evidence"):
        assert not [text for text in texts(section(found, each)) if "no earlier year" in text]
    assert "two school years" in texts(section(found, "evidence"))[0]


# The evidence


def test_every_clause_of_the_statute_has_a_row() -> None:
    wanted = [f"37-3-63({letter})" for letter in "abc"] + [f"37-3-67({letter})" for letter in "abcdefgh"]
    found = [row[0] for row in tables_of([evidence.clauses()])["statute"].rows]
    assert found == [*wanted, "37-3-69", "37-3-71", "37-3-71", "37-3-71"]


def test_a_clause_with_evidence_names_a_section_that_is_there(whole: Document) -> None:
    ids = {each.id for each in whole.sections}
    for clause, _, text, where in CLAUSES:
        assert (text == NOT_YET) == (where == ""), clause
        assert where in {*ids, ""}, clause


def test_what_the_statute_calls_not_yet_measured_is_what_the_components_call_so(whole: Document) -> None:
    clauses = {clause for clause, _, text, _ in CLAUSES if text == NOT_YET and clause.startswith("37-3-67")}
    assert clauses == {each["clause"] for each in table(whole, "components") if each["note"] == NOT_YET}


def test_whatever_is_named_as_a_definition_is_defined(whole: Document) -> None:
    defined = {each.id.removeprefix("definition-") for each in section(whole, "definitions").sections}
    assert defined == set(ANCHORS)
    named = {each.definition for each in whole.tables()}
    for each in whole.sections:
        for block in each.all_blocks():
            if isinstance(block, Keys):
                named |= {key.definition for key in block.keys}
    assert named <= defined


def test_every_chart_names_a_table_of_the_report_and_no_id_is_used_twice(whole: Document) -> None:
    printed = tables_of(whole.sections)
    charts = [block for each in whole.sections for block in each.all_blocks() if isinstance(block, Chart)]
    assert charts
    for chart in charts:
        assert chart.table in printed, chart.id
    ids = [chart.id for chart in charts]
    assert len(ids) == len(set(ids))


def test_the_data_are_counted_by_hand() -> None:
    """Five districts: four with two months due, one with one; eight certified, two of them amended since."""
    of = small(parked=[Parked("folders", 2, 7)], names={**small().names, "silent": "Silent"})
    found = {
        each["what"]: each for each in records(tables_of([evidence.limits(material(of))])["data-quality"])
    }
    counted = {what: each["count"] for what, each in found.items()}
    assert counted["District-months due"] == 9
    assert counted["District-months certified"] == 8
    assert counted["District-months amended"] == 2
    assert counted["Districts without any figure"] == 1
    assert counted["Streams of events set aside"] == 2
    assert "folders 7" in found["Streams of events set aside"]["meaning"]
    assert counted["Of these too narrow"] == 0
    shown = ("Shown in full", "Shown as a rate only", "Shown as a bound", "Not shown")
    assert sum(counted[each] for each in shown) == counted["Figures of persons"]
    assert "2 certified months have been amended" in " ".join(texts(evidence.limits(material(of))))


def test_decisions_of_people_stand_beside_the_rule() -> None:
    decided = {("d2", "pledges_signed"): Decided(True, ("visited",), "4f2a9c", "2027-07-01")}
    found = document(small(decisions=decided))
    (row,) = [each for each in table(found, "exemplary-decisions") if each["district"] == "d2"]
    assert (row["decision"], row["reasons"], row["report"]) == ("recognised", "visited", "4f2a9c")


# What it is made of

FILES = {"shapes": File("shapes.json", b"{}"), "survey": File("answers.csv", b"a,b\n")}


def test_every_setting_has_a_row_among_the_pins() -> None:
    pins = pin(small(), Choices(budget=Budget(100, 2, 3, 4), files=FILES), {"aaaa": publish({}).release})
    rows = {each["what"]: each["value"] for each in records(tables_of([evidence.made_of(pins)])["pins"])}
    settings = dict(leaves("", pins.settings))
    assert {name: rows[name] for name in settings} == settings
    assert (rows["report"], rows["version"], rows["journal position"]) == (pins.report, version(), "1000")
    assert rows["position in pledge"] == "600"
    assert rows["budget.floor"] == "2"
    assert rows["rules.least"] == "10"
    assert rows["criteria.certified"] == "0.9"
    assert rows["earlier"] == "aaaa"
    assert rows["files.survey.sha256"] == hashlib.sha256(b"a,b\n").hexdigest()
    assert len(rows) == len(settings) + 3 + len(pins.positions)


def leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, of in value.items():
            yield from leaves(f"{path}.{key}" if path else key, of)
    else:
        yield path, ", ".join(value) if isinstance(value, list) else "none" if value is None else str(value)


def test_pins_hold_libraries_and_the_digests_of_inputs() -> None:
    settings = pin(small(), Choices(files=FILES), {}).settings
    assert settings["files"]["shapes"] == {"name": "shapes.json", "sha256": hashlib.sha256(b"{}").hexdigest()}
    for library in ("numpy", "scipy", "altair", "vl-convert-python", "weasyprint"):
        assert settings["libraries"][library] == metadata.version(library)


@pytest.mark.parametrize(
    ("of", "choices"),
    [
        (small(journal=1001), Choices()),
        (small(positions={"pledge": 601, "folder": 400}), Choices()),
        (small(), Choices(seed=1)),
        (small(), Choices(budget=Budget(1))),
        (small(), Choices(files={"shapes": File("shapes.json", b"{ }")})),
    ],
)
def test_another_position_or_choice_is_another_report(of: Snapshot, choices: Choices) -> None:
    first, other = pin(small(), Choices(), {}), pin(of, choices, {})
    assert first.report != other.report
    assert first == pin(small(), Choices(), {})


def test_earlier_reports_are_among_the_pins_whatever_their_order() -> None:
    release = publish({}).release
    one, other = (
        pin(small(), Choices(), dict.fromkeys(names, release)) for names in (("a", "b"), ("b", "a"))
    )
    assert one.settings["earlier"] == ["a", "b"]
    assert one.report == other.report != pin(small(), Choices(), {}).report


def test_the_version_is_another_when_a_file_of_the_program_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "evaluation"
    shutil.copytree(making._SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))

    def found(sources: Path) -> str:
        monkeypatch.setattr(making, "_SOURCES", sources)
        version.cache_clear()
        return version()

    try:
        first = found(making._SOURCES)
        assert found(copy) == first
        for name in ("effectiveness.py", "report/templates/report.css", "report/templates/report.html"):
            file = copy / name
            file.write_bytes(file.read_bytes() + b"\n")
            assert found(copy) != first
            file.write_bytes(file.read_bytes()[:-1])
            assert found(copy) == first
        (copy / "effectiveness.py").rename(copy / "renamed.py")
        assert found(copy) != first
    finally:
        version.cache_clear()


@pytest.fixture
def unprinted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without the PDF and the charts, which have tests of their own."""
    monkeypatch.setattr(making.pdf, "print_pdf", lambda *_: b"%PDF")
    with undrawn():
        yield


def test_the_same_snapshot_gives_the_same_bytes(unprinted: None) -> None:
    one, other = (make(small(), Choices(budget=Budget(10**9)), {}) for _ in range(2))
    assert one.files == other.files
    assert one.manifest == other.manifest == hashlib.sha256(one.files[MANIFEST]).hexdigest()
    assert {
        "report.html",
        "report.pdf",
        "release.json",
        "tables/schools.csv",
        "tables/certification.json",
    } <= set(one.files)
    listed = orjson.loads(one.files[MANIFEST])
    assert one.files["report.html"].startswith(b"<!doctype html>")
    assert one.pins.report.encode() in canonical(listed)


MAKE = """
import hashlib
from services.evaluation.report import making
making.version = lambda: "of files that may be edited between the two"
from tests.builders_report import document
from tests.unit.test_report_sections import small
print(hashlib.sha256(repr(document(small())).encode()).hexdigest())
"""


def test_another_process_with_another_order_of_sets_makes_the_same() -> None:
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", MAKE],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stderr
        found.add(run.stdout)
    assert len(found) == 1


def test_the_release_is_kept_under_the_reports_id_and_read_back(unprinted: None) -> None:
    made = make(small(), Choices(), {})
    assert from_json(orjson.loads(made.files["release.json"])) == made.release
    assert made.release.name == made.pins.report


def test_what_was_given_is_beside_the_report(unprinted: None) -> None:
    given = File("districts.csv", b"district,poverty\nd1,0.2\nd2,0.3\nd3,0.1\nd4,0.2\nd5,0.4\n")
    made = make(small(), Choices(files={"covariates": given}), {})
    assert made.files["inputs/covariates-districts.csv"] == given.content


def test_a_release_that_the_auditor_does_not_pass_is_not_written(
    unprinted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = Finding(("pledges_signed", ("d4",)), "n", 3, 4, (), "d4 has from 3 to 4 persons")
    failed = Audit(False, (finding,), {})
    monkeypatch.setattr(making, "audit", lambda *_: failed)
    monkeypatch.setattr(making, "gather", lambda *_: pytest.fail("nothing may be made of it"))
    with pytest.raises(BadInput, match="this cannot be published safely: d4 has from 3 to 4 persons"):
        make(small(), Choices(), {})


def test_answers_of_a_survey_without_a_mapping_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"answers\.csv needs a mapping"):
        material(small(), Choices(files={"survey": FILES["survey"]}))


def test_shapes_that_are_none_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"shapes\.json: "):
        document(small(), Choices(files={"shapes": FILES["shapes"]}))

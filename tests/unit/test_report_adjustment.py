"""Expected figures in the report: against statsmodels, with files of covariates that people write."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from services.evaluation.report.adjustment import (
    DISTRICTS_PER_COVARIATE,
    ENROLMENT,
    Adjustment,
    adjusted,
    paragraphs,
    tables,
)
from services.evaluation.report.covariates import Covariates, read_covariates
from services.evaluation.report.folder import Table

NAMES = {
    "d1": "Leflore County School District",
    "d2": "Quitman School District",
    "d3": "Quitman County School District",
    "2800360": "Aberdeen School District",
}
HEADER = "district,poverty,english_learners,grade_span\n"


def read(text: str, **other: Any) -> Covariates:
    return read_covariates("covariates.csv", text.encode(), NAMES, **other)


def problems(of: Covariates) -> list[str]:
    return [f"{each.place}: {each.text}" for each in of.problems]


def records(table: Table) -> list[dict[str, Any]]:
    table.check()
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


class State:
    """Forty districts whose figure falls with poverty, with noise."""

    def __init__(self, districts: int = 40) -> None:
        drawn = np.random.default_rng(7)
        names = [f"d{place:02}" for place in range(districts)]
        size = drawn.integers(300, 20_000, districts)
        poor, learners = drawn.uniform(0.1, 0.6, districts), drawn.uniform(0.0, 0.2, districts)
        figures = 0.7 - 0.5 * poor + 0.01 * np.log(size) + drawn.normal(0, 0.03, districts)
        self.names = names
        self.enrolment = dict(zip(names, size.tolist(), strict=True))
        self.n = {name: count // 2 for name, count in self.enrolment.items()}
        self.figures = dict(zip(names, figures.tolist(), strict=True))
        self.values = {
            name: {"poverty": float(a), "english_learners": float(b)}
            for name, a, b in zip(names, poor, learners, strict=True)
        }

    def covariates(self, *columns: str) -> Covariates:
        kept = {name: {key: of[key] for key in columns} for name, of in self.values.items()}
        return Covariates("covariates.csv", columns, kept)

    def adjusted(self, *columns: str) -> Adjustment:
        return adjusted(self.figures, self.n, self.enrolment, self.covariates(*columns) if columns else None)


def test_districts_are_found_by_id_by_identifier_and_by_the_rules_for_names() -> None:
    found = read(
        HEADER + "d1,0.31,4%,12\nQuitman Co School Dist,31 %,0.04,13\n2800360,.5,0,6\n2803690,1,100%,12\n",
        identifiers={"d2": "2803690"},
    )
    assert found.values == {
        "d1": {"poverty": 0.31, "english_learners": 0.04, "grade_span": 12.0},
        "d3": {"poverty": 0.31, "english_learners": 0.04, "grade_span": 13.0},
        "2800360": {"poverty": 0.5, "english_learners": 0.0, "grade_span": 6.0},
        "d2": {"poverty": 1.0, "english_learners": 1.0, "grade_span": 12.0},
    }
    assert (found.columns, found.review, found.problems) == (
        ("poverty", "english_learners", "grade_span"),
        (),
        (),
    )


def test_a_name_that_is_not_certain_goes_to_review_and_a_decision_settles_it() -> None:
    text = HEADER + "Quitman,0.3,0.1,12\nLeflor County School District,0.3,0.1,12\n9999999,0.2,0.1,12\n"
    found = read(text)
    assert found.values == {}
    assert {each.name: each.candidates for each in found.review} == {
        "Quitman": ("d2",),
        "Leflor County School District": ("d1",),
        "9999999": (),
    }
    decided = read(text, decided={"Quitman": "d2", "9999999": None})
    assert list(decided.values) == ["d2"]
    assert [each.name for each in decided.review] == ["Leflor County School District"]


def test_an_identifier_of_two_districts_is_no_certain_one() -> None:
    text, both = HEADER + "77,0.3,0.1,12\n", {"d1": "77", "d2": "77"}
    found = read(text, identifiers=both)
    assert (found.values, found.review[0].candidates) == ({}, ("d1", "d2"))
    assert list(read(text, identifiers=both, decided={"77": "d2"}).values) == ["d2"]
    assert read(text, identifiers={"d1": "77"}, decided={"77": None}).values == {}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "d1,23,0.1,12",
            "covariates.csv, line 2, column poverty: '23' is no share of students; write 0.23 or 23%.",
        ),
        ("d1,-0.1,0.1,12", "line 2, column poverty: '-0.1' is no share of students; write 0.23 or 23%."),
        ("d1,101%,0.1,12", "line 2, column poverty: '101%' is no share of students; write 0.23 or 23%."),
        (
            "d1,nan,0.1,12",
            "line 2, column poverty: 'nan' is no number; write it like 0.23, or leave it empty",
        ),
        ("d1,0.1,low,12", "line 2, column english_learners: 'low' is no number; write it like 0.23"),
        ("d1,0.1,0.1,K-12", "line 2, column grade_span: 'K-12' is no number; write it like 0.23"),
        ("d1,0.1,0.1," + "9" * 400, "line 2, column grade_span:"),
        (",0.1,0.1,12", "line 2, column district: No district; write its id or name. The row was left out."),
        ("d1,0.1", "line 2: The row has 2 fields, the header 4; the row was left out."),
    ],
)
def test_a_value_that_is_none_is_told_by_line_and_column_and_what_to_do(line: str, told: str) -> None:
    found = read(HEADER + line + "\nd2,0.2,0.1,12\n")
    assert len(found.problems) == 1
    assert told in problems(found)[0]
    assert found.values["d2"] == {"poverty": 0.2, "english_learners": 0.1, "grade_span": 12.0}
    assert len(found.values.get("d1", {})) in (0, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "covariates.csv: The file is empty"),
        (
            "poverty\n0.3\n",
            "line 1: The header has no district; name a column so. Nothing of the file was read.",
        ),
        ("district\nd1\n", "line 1: The header has no covariate; add a column such as poverty."),
        (
            "district;poverty\nd1;0.3\n",
            "line 1: The columns are separated by ';'; save the file with commas.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, told: str) -> None:
    found = read(text)
    assert (found.values, found.columns) == ({}, ())
    assert told in problems(found)[0]


def test_a_district_or_a_column_that_is_there_twice_is_read_once_and_reported() -> None:
    found = read("LEAID,Poverty,poverty\nd1,0.3,0.9\nLeflore County School District,0.4,0.9\n")
    assert found.values == {"d1": {"poverty": 0.3}}
    assert "The column poverty is Poverty once more" in problems(found)[0]
    assert problems(found)[1] == (
        "covariates.csv, line 3: Leflore County School District has its values in line 2 already; "
        "leave one of the two out."
    )


def test_an_empty_value_is_unknown_and_no_problem() -> None:
    found = read(HEADER + "d1,,.,NA\n")
    assert (found.values, found.problems) == ({"d1": {}}, ())


def test_the_model_is_statsmodels_weighted_least_squares_with_robust_errors() -> None:
    state = State()
    found = state.adjusted("poverty", "english_learners")
    design = sm.add_constant(
        np.array([[math.log(state.enrolment[name]), *state.values[name].values()] for name in state.names])
    )
    y, weights = np.array(list(state.figures.values())), np.array(list(state.n.values()), dtype=float)
    fitted = sm.WLS(y, design, weights=weights).fit(cov_type="HC3")
    assert [each.name for each in found.terms] == ["intercept", ENROLMENT, "poverty", "english_learners"]
    np.testing.assert_allclose([each.coefficient for each in found.terms], fitted.params, rtol=1e-8)
    np.testing.assert_allclose([each.robust_se for each in found.terms], fitted.bse, rtol=1e-8)
    assert found.r_squared == pytest.approx(fitted.rsquared)
    for name, expected in zip(state.names, fitted.fittedvalues, strict=True):
        unit = found.units[name]
        assert unit.expected == pytest.approx(expected)
        assert unit.ratio == pytest.approx(state.figures[name] / expected)
    assert (found.reason, found.missing, found.left_out) == ("", (), {})


def test_without_a_file_enrolment_alone_is_the_model_and_what_is_missing_is_said() -> None:
    found = State().adjusted()
    assert (found.covariates, found.missing) == ((ENROLMENT,), ("poverty", "english_learners"))
    assert len(found.units) == 40
    said = " ".join(paragraphs({"test scores": found}))
    assert "The model does not know poverty and English learners" in said
    assert "Test scores: 40 districts, by log of enrolment; the model accounts for" in said


def test_a_district_that_cannot_be_in_the_model_is_left_out_with_the_reason() -> None:
    state = State()
    state.n["d00"] = 0
    state.enrolment["d01"] = 0
    state.figures["d02"] = 0.0
    del state.values["d03"]
    state.values["d04"]["poverty"] = 0.3
    covariates = state.covariates("poverty")
    found = adjusted(state.figures, state.n, state.enrolment, covariates)
    assert found.left_out == {
        "d00": "it is not known of how many its figure is",
        "d01": "its enrolment is not known",
        "d02": "its figure is not above 0",
        "d03": "the file does not say its poverty",
    }
    assert len(found.units) == 36
    (table, _) = tables({"test scores": found}, {name: name for name in state.names})
    rows = {each["district"]: each for each in records(table)}
    assert rows["d03"]["stated"] == "left out: the file does not say its poverty"
    assert (rows["d03"]["expected"], rows["d04"]["stated"]) == (None, "in the model")


def test_what_cannot_be_fitted_is_a_stated_reason() -> None:
    few = State(DISTRICTS_PER_COVARIATE - 1).adjusted()
    assert few.reason == "10 districts are needed, ten for each covariate, and these can be used: 9"
    same = State()
    for of in same.values.values():
        of["poverty"] = 0.4
    constant = same.adjusted("poverty")
    assert constant.reason == "poverty is the same everywhere, or follows from the covariates before it"
    state = State()
    nothing = adjusted(state.figures, state.n, {})
    assert nothing.reason == "there is no covariate: neither enrolment nor a file"
    nobody = adjusted({}, {}, {})
    for found in (few, constant, nothing, nobody):
        assert (found.units, found.terms, found.r_squared) == ({}, (), None)
        units, model = tables({"test scores": found}, {})
        assert records(model)[0]["text"] == found.reason
        units.check()
        assert f"not adjusted, because {found.reason}" in " ".join(paragraphs({"test scores": found}))


def test_a_file_without_enrolment_is_a_model_too() -> None:
    state = State()
    found = adjusted(state.figures, state.n, {}, state.covariates("poverty"))
    assert (found.covariates, found.missing) == (("poverty",), ("english_learners",))
    assert len(found.units) == 40


def test_the_model_table_has_coefficients_and_diagnostics() -> None:
    rows = records(tables({"test scores": State().adjusted("poverty")}, {})[1])
    assert [each["term"] for each in rows] == [
        "intercept", ENROLMENT, "poverty", "R²", "condition number", "districts in the model", "districts left out",
        "missing: English learners",
    ]  # fmt: skip
    assert rows[2]["value"] == pytest.approx(-0.5, abs=0.1)


def test_what_of_the_file_waits_for_a_person_is_said() -> None:
    covariates = read(HEADER + "Quitman,0.3,0.1,12\nd1,30,0.1,12\n")
    said = paragraphs({"test scores": State().adjusted()}, covariates)[-1]
    assert said == (
        "Names of districts in covariates.csv that wait for a decision: 1; places that were not read: 1."
    )
    assert paragraphs({}) == ("No figure was adjusted for the families that districts serve.",)

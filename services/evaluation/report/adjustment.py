"""Expected figures, given the families that a district serves: enrolment, and what a file of covariates says besides.

The Board brings the file: shares of poor families and of English learners, the grade span, or others. Without it the
model has enrolment alone, and the report says what it lacks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..methods import adjust
from ..methods.inputs import BadInput
from .covariates import SHARES, Covariates
from .folder import Table, Value

#: A usual rule of thumb: with fewer, a model follows the chance in single districts.
DISTRICTS_PER_COVARIATE = 10
ENROLMENT = "log of enrolment"


@dataclass(frozen=True, slots=True)
class Unit:
    """A district in the model: `ratio` is observed / expected, `leverage` how much it draws the model to itself."""

    observed: float
    n: int
    expected: float
    ratio: float
    leverage: float


@dataclass(frozen=True, slots=True)
class Term:
    name: str
    coefficient: float
    robust_se: float


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`units` by district and the model behind them; where there is none, both are empty and `reason` says why.

    `left_out` {district: why}; `missing`: covariates that a fair comparison wants and that are not in the model.
    """

    covariates: tuple[str, ...]
    missing: tuple[str, ...]
    left_out: Mapping[str, str]
    units: Mapping[str, Unit]
    terms: tuple[Term, ...] = ()
    r_squared: float | None = None
    condition: float | None = None
    reason: str = ""


def adjusted(
    figures: Mapping[str, float],
    n: Mapping[str, int],
    enrolment: Mapping[str, int],
    covariates: Covariates | None = None,
) -> Adjustment:
    """The figures that districts like these have: log enrolment and every column of the file, weighted by n.

    `figures` above 0, and such as are shown: what comes out is a function of them, so that it tells of nothing hidden.
    No exception for data that cannot be fitted: the reason is stated.
    """
    columns = covariates.columns if covariates else ()
    given = covariates.values if covariates else {}
    used = ((ENROLMENT,) if any(size > 0 for size in enrolment.values()) else ()) + columns
    missing = tuple(share for share in SHARES if share not in columns)
    left_out: dict[str, str] = {}
    chosen: list[str] = []
    for district in sorted(figures):
        if why := _why_not(district, figures, n, enrolment if ENROLMENT in used else None, columns, given):
            left_out[district] = why
        else:
            chosen.append(district)
    if not used:
        reason = "there is no covariate: neither enrolment nor a file"
        return Adjustment(used, missing, left_out, {}, reason=reason)
    if len(chosen) < (needed := DISTRICTS_PER_COVARIATE * len(used)):
        reason = (
            f"{needed} districts are needed, ten for each covariate, and these can be used: {len(chosen)}"
        )
        return Adjustment(used, missing, left_out, {}, reason=reason)
    first = [[math.log(enrolment[each])] if ENROLMENT in used else [] for each in chosen]
    design = [[*row, *(given[each][key] for key in columns)] for row, each in zip(first, chosen, strict=True)]
    try:
        model = adjust.expected(
            [figures[each] for each in chosen], design, [n[each] for each in chosen], used
        )
    except BadInput as error:
        return Adjustment(used, missing, left_out, {}, reason=str(error))
    return Adjustment(
        used,
        missing,
        left_out,
        {
            district: Unit(
                figures[district],
                n[district],
                float(model.expected[place]),
                float(model.ratio[place]),
                float(model.leverage[place]),
            )
            for place, district in enumerate(chosen)
        },
        tuple(
            Term(term, float(model.coefficients[place]), float(model.robust_se[place]))
            for place, term in enumerate(model.names)
        ),
        model.r_squared,
        model.condition,
    )


def tables(found: Mapping[str, Adjustment], names: Mapping[str, str]) -> tuple[Table, Table]:
    """`adjustment` and `adjustment-model` of several figures, {what the figure is called: its adjustment}."""
    return _units_table(found, names), _model_table(found)


def paragraphs(found: Mapping[str, Adjustment], covariates: Covariates | None = None) -> tuple[str, ...]:
    if not found:
        return ("No figure was adjusted for the families that districts serve.",)
    said = [
        "A district is expected to have the figure that districts like it have; a ratio of 1.10 is a tenth above that. "
        "This is a fairer comparison, no proof: what is not in the model is not adjusted for."
    ]
    for name, of in found.items():
        if of.reason:
            said.append(f"{_capital(name)}: not adjusted, because {of.reason}.")
            continue
        told = f"{_capital(name)}: {len(of.units)} districts, by {_listed(of.covariates)}"
        if of.r_squared is not None:
            told += f"; the model accounts for {100 * of.r_squared:.0f} % of the differences"
        told += "."
        if of.left_out:
            told += f" Districts left out, with the reason in the table: {len(of.left_out)}."
        if of.condition is not None and of.condition > 30:
            told += " The covariates say so much the same that no single coefficient should be read."
        said.append(told)
    if missing := sorted({share for of in found.values() for share in of.missing}, key=SHARES.index):
        said.append(
            f"The model does not know {_listed([_words(each) for each in missing])}: a file of covariates with these "
            "columns is wanted before districts are called better or worse than expected."
        )
    if covariates and (covariates.review or covariates.problems):
        said.append(
            f"Names of districts in {covariates.name} that wait for a decision: {len(covariates.review)}; places that "
            f"were not read: {len(covariates.problems)}."
        )
    return tuple(said)


def _why_not(
    district: str,
    figures: Mapping[str, float],
    n: Mapping[str, int],
    enrolment: Mapping[str, int] | None,
    columns: Sequence[str],
    given: Mapping[str, Mapping[str, float]],
) -> str:
    """Why a district cannot be in the model; empty where it can."""
    if not math.isfinite(figures[district]) or figures[district] <= 0:
        return "its figure is not above 0"
    if n.get(district, 0) <= 0:
        return "it is not known of how many its figure is"
    if enrolment is not None and enrolment.get(district, 0) <= 0:
        return "its enrolment is not known"
    if absent := [key for key in columns if key not in given.get(district, {})]:
        return f"the file does not say its {_listed([_words(key) for key in absent])}"
    return ""


def _units_table(found: Mapping[str, Adjustment], names: Mapping[str, str]) -> Table:
    columns = {
        "district": "District", "name": "Name", "figure": "Figure", "stated": "Shown as", "n": "Of how many",
        "observed": "Observed", "expected": "Expected", "ratio": "Observed / expected", "leverage": "Leverage",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for figure, of in found.items():
        for district in sorted({*of.units, *of.left_out}, key=lambda each: (names.get(each, each), each)):
            about = [district, names.get(district, district), figure]
            if unit := of.units.get(district):
                numbers = [unit.n, unit.observed, unit.expected, unit.ratio, unit.leverage]
                rows.append([*about, "in the model", *numbers])
            else:
                rows.append([*about, f"left out: {of.left_out[district]}", *[None] * 5])
    kinds = {"n": "count", "observed": "share", "expected": "share", "ratio": "number", "leverage": "number"}
    return Table("adjustment", "Observed and expected", columns, rows, kinds, "adjustment")  # type: ignore[arg-type]


def _model_table(found: Mapping[str, Adjustment]) -> Table:
    columns = {
        "figure": "Figure", "term": "Term", "value": "Value", "robust_se": "Robust standard error", "text": "Meaning",
    }  # fmt: skip
    rows: list[list[Value]] = []
    for figure, of in found.items():
        if of.reason:
            rows.append([figure, "no model", None, None, of.reason])
        for term in of.terms:
            rows.append([figure, term.name, term.coefficient, term.robust_se, "coefficient"])
        if of.condition is not None:
            rows.append([figure, "R²", of.r_squared, None, "share of the weighted variance accounted for"])
            alike = "above 30, single coefficients mean little"
            rows.append([figure, "condition number", of.condition, None, alike])
        rows.append([figure, "districts in the model", len(of.units), None, None])
        rows.append([figure, "districts left out", len(of.left_out), None, None])
        rows += [[figure, f"missing: {_words(each)}", None, None, "not in the model"] for each in of.missing]
    return Table(
        "adjustment-model", "The model behind the expected figures", columns, rows,
        {"value": "number", "robust_se": "number"}, "adjustment",
    )  # fmt: skip


def _words(column: str) -> str:
    return {"poverty": "poverty", "english_learners": "English learners"}.get(
        column, column.replace("_", " ")
    )


def _listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

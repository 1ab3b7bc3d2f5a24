"""A file of what districts are like: shares of poor families and of English learners, grade span, or others."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..outcomes.matching import Review, match
from ..outcomes.outcome import Problem
from ..outcomes.table import read_table

#: Columns that are shares of students, 0 to 1: a number above 1 without a % is refused rather than divided.
SHARES = ("poverty", "english_learners")
#: The first of these that the header has says which district a line is about.
DISTRICT_COLUMNS = ("district", "district_id", "id", "leaid", "identifier", "district_name", "name")

_NUMBER = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))\s*(%?)")
_EMPTY = ("", ".", "NA", "N/A")


@dataclass(frozen=True, slots=True)
class Covariates:
    """`values` {district: {column: number}}, without what the file leaves empty or has wrong; shares 0 to 1.

    `review`: names that a person must decide on, with the districts they may be; their lines are in `values` of none.
    """

    name: str
    columns: tuple[str, ...]
    values: Mapping[str, Mapping[str, float]]
    review: tuple[Review, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_covariates(
    name: str,
    content: bytes,
    districts: Mapping[str, str],
    identifiers: Mapping[str, str] | None = None,
    decided: Mapping[str, str | None] | None = None,
) -> Covariates:
    """`districts` {id: registered name}; `identifiers` {id: LEAID or another the file may have}; `decided` as in
    `matching.match`. `name` is what problems call the file. Nothing is matched by likeness alone.
    """
    table = read_table(name, content)
    problems = list(table.problems)
    keys: dict[str, str] = {}
    for column in filter(None, table.header):
        if (first := keys.setdefault(column.lower().replace(" ", "_"), column)) != column:
            wrong = f"The column {column} is {first} once more, and was not read; leave one of the two out."
            problems.append(Problem(f"{name}, line 1, column {column}", wrong))
    about = next((keys[each] for each in DISTRICT_COLUMNS if each in keys), None)
    columns = {key: column for key, column in keys.items() if key not in DISTRICT_COLUMNS}
    if not table.header:
        return Covariates(name, (), {}, (), tuple(problems))
    if about is None or not columns:
        lacking = "district; name a column so" if about is None else "covariate; add a column such as poverty"
        wrong = f"The header has no {lacking}. Nothing of the file was read."
        problems.append(Problem(f"{name}, line 1", wrong))
        return Covariates(name, (), {}, (), tuple(problems))
    found, review = _districts([row[about] for _, row in table.rows], districts, identifiers or {}, decided)
    values: dict[str, dict[str, float]] = {}
    lines: dict[str, int] = {}
    for line, row in table.rows:
        if not row[about]:
            wrong = "No district; write its id or name. The row was left out."
            problems.append(Problem(f"{name}, line {line}, column {about}", wrong))
        elif (district := found.get(row[about])) is None:
            continue
        elif (before := lines.setdefault(district, line)) != line:
            wrong = (
                f"{districts[district]} has its values in line {before} already; leave one of the two out."
            )
            problems.append(Problem(f"{name}, line {line}", wrong))
        else:
            values[district] = {}
            for key, column in columns.items():
                try:
                    number = _number(row[column], key)
                except ValueError as error:
                    problems.append(Problem(f"{name}, line {line}, column {column}", str(error)))
                    continue
                if number is not None:
                    values[district][key] = number
    return Covariates(name, tuple(columns), values, review, tuple(problems))


def _districts(
    given: Sequence[str],
    districts: Mapping[str, str],
    identifiers: Mapping[str, str],
    decided: Mapping[str, str | None] | None,
) -> tuple[dict[str, str], tuple[Review, ...]]:
    """{as the file has it: district}. A decision comes first; then an id, an identifier, and the rules for names."""
    of_identifier: dict[str, set[str]] = {}
    for district, identifier in identifiers.items():
        if identifier and district in districts:
            of_identifier.setdefault(identifier, set()).add(district)
    found: dict[str, str] = {}
    rest: list[str] = []
    twice: list[Review] = []
    for each in sorted({each for each in given if each}):
        known = {each} if each in districts else of_identifier.get(each, set())
        if each in (decided or {}) or not known:
            rest.append(each)
        elif len(known) == 1:
            found[each] = next(iter(known))
        else:
            twice.append(Review(each, tuple(sorted(known)), "More than one district has this identifier."))
    matched = match(rest, districts, decided)
    return {**found, **matched.found}, (*twice, *matched.review)


def _number(text: str, column: str) -> float | None:
    """None for an empty field; raises ValueError, which says what to do, for what is no number or no share."""
    if text in _EMPTY:
        return None
    if not (match := _NUMBER.fullmatch(text)):
        raise ValueError(
            f"{text!r} is no number; write it like 0.23, or leave it empty where it is not known."
        )
    number = float(match[1]) / (100 if match[2] else 1)
    if column in SHARES and not 0 <= number <= 1:
        raise ValueError(f"{text!r} is no share of students; write 0.23 or 23%.")
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is too large; check it.")
    return number

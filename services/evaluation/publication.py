"""What may be published of a school year: the state, its districts and their schools, as one release.

Pure. Everything that compares, reports or draws takes its figures from here, as they are shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .indicators import DEFINITIONS, INDICATORS, Ratio
from .methods.release import STATE_RULES, Cell, Key, Release, Rules, Shown, Table
from .methods.suppression import show, suppress
from .scorecards import Scorecard, total

STATE = "state"
#: The indicator that counts months of persons.
MONTHLY = "folders_returned"
#: The indicators of persons, which suppression is for.
OF_PERSONS = tuple(name for name in INDICATORS if DEFINITIONS[name].of_persons)

Cards = Mapping[str, Scorecard]
#: {district: {school: its card}}
SchoolCards = Mapping[str, Mapping[str, Scorecard]]


@dataclass(frozen=True, slots=True)
class Publication:
    """`release` has a table per indicator of persons and school year, with the key (unit,)."""

    school_year: str
    release: Release

    def shown(self, indicator: str, unit: str, ratio: Ratio) -> Shown:
        """A unit's figure as it may be seen. Classes and schools are no persons, and that nobody takes part is no
        secret: both are always shown."""
        said = self.release.shown.get((table_name(indicator, self.school_year), (unit,)))
        persons = ratio.denominator if indicator == MONTHLY else None
        cell = Cell(ratio.denominator, ratio.numerator, persons)
        return show(cell, said.status if said else "shown", self.release.rules)


def publish(
    cards: Cards,
    schools: SchoolCards | None = None,
    school_year: str = "",
    rules: Rules = STATE_RULES,
    earlier: Sequence[Release] = (),
) -> Publication:
    """One year by itself. Guarantee: the auditor passes it, with the earlier releases."""
    found = tables(cards, schools or {}, school_year, rules)
    return Publication(school_year, suppress(found, rules, earlier, name=school_year or "release"))


def tables(cards: Cards, schools: SchoolCards, school_year: str, rules: Rules = STATE_RULES) -> list[Table]:
    """The tables of a year that suppression has to see together."""
    return [_table(indicator, cards, schools, school_year, rules) for indicator in OF_PERSONS]


def table_name(indicator: str, school_year: str) -> str:
    return f"{indicator} {school_year}".strip()


def school_unit(district: str, school: str) -> str:
    """A school as a unit of its district: two districts can have registered the same one."""
    return f"{district}/{school}"


def persons(card: Scorecard, indicator: str, rules: Rules = STATE_RULES) -> Cell:
    """In persons: a child's nine months are one child, and how small a group is, is judged by its children."""
    ratio = card.indicators[indicator]
    if indicator != MONTHLY or not ratio.denominator:
        return Cell(ratio.denominator, ratio.numerator)
    children = max((month.indicators[indicator].denominator for month in card.months), default=0) or 1
    return Cell(children, _counted(ratio, children, rules))


def _counted(ratio: Ratio, children: int, rules: Rules) -> int:
    """So many of the children as the rate of their months is, on the same side of the bounds as that rate: what is
    judged as nearly all must be printed as nearly all."""
    exact = Fraction(children * ratio.numerator, ratio.denominator)
    rate = 100 * ratio.numerator / ratio.denominator
    if rate >= rules.high:
        return math.ceil(exact)
    if rate <= rules.low:
        return math.floor(exact)
    nearest = round(exact)
    if 100 * nearest / children >= rules.high:
        return math.floor(exact)
    return math.ceil(exact) if 100 * nearest / children <= rules.low else nearest


def _table(indicator: str, cards: Cards, schools: SchoolCards, school_year: str, rules: Rules) -> Table:
    cells: dict[Key, Cell] = {
        (district,): cell for district, card in cards.items() if (cell := persons(card, indicator, rules)).n
    }
    part_of = dict.fromkeys(cards, STATE)
    if cells:
        state = Cell(sum(cell.n for cell in cells.values()), sum(cell.k or 0 for cell in cells.values()))
        if indicator == MONTHLY:
            whole = total(card.indicators[indicator] for card in cards.values())
            state = Cell(state.n, _counted(whole, state.n, rules))
        for district, of_district in schools.items():
            for school, card in of_district.items():
                # A school of a district without the figure would add up to nothing.
                if (district,) in cells and (cell := persons(card, indicator, rules)).n:
                    unit = school_unit(district, school)
                    cells[unit,] = cell
                    part_of[unit] = district
        cells[STATE,] = state
    return Table(table_name(indicator, school_year), ("unit",), cells, {"unit": part_of})

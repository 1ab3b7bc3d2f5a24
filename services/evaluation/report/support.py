"""Districts that need support, framed as support: what the figures say, and what a coordinator could offer first."""

from __future__ import annotations

from collections.abc import Mapping

from ..effectiveness import Comparison
from ..methods.funnel import BELOW
from .figures import Figures
from .folder import Table, Value
from .standings import certified_share

#: What is offered first where an indicator is below the state. Not a judgement: a figure can be low because a district
#: records with more care than others.
OFFERS: Mapping[str, str] = {
    "pledges_signed": "Paper pledges and Spanish ones for the next family evening; a list of families not yet asked",
    "classes_reported": "A visit to the schools whose classes are missing; the folder entered in one minute a class",
    "classes_on_time": "A date in the month's first half that all classes keep; reminders a week before",
    "folders_returned": "Signing by phone beside paper; a talk with families on what the folder is for",
    "months_met": "Help for the one or two classes of a school that miss a month",
    "survey_response": "A second invitation, in both languages; paper sheets with the folder",
}
#: Below this share of certified class-months a district is offered help with its records.
RECORDS = 0.5
_RECORDS = "Help with certifying the months: until then its figures rest on what was entered alone"


def support(figures: Figures, names: Mapping[str, str]) -> Table:
    """By name. A district that stands for no figures of its own yet is offered help with its records."""
    rows: list[list[Value]] = []
    for district in sorted(names, key=lambda each: (names[each], each)):
        for indicator, comparison in figures.now.comparisons.items():
            if _below(comparison, district):
                rows.append([district, names[district], indicator, "below the state", OFFERS[indicator]])
        card = figures.now.year.cards.get(district)
        due = tuple(month for month in card.months if month.due) if card else ()
        share = certified_share(figures.now.year.certified.get(district, {}), due)
        if due and share < RECORDS:
            reason = f"{share:.0%} of its class-months are certified as reported"
            rows.append([district, names[district], "certification", reason, _RECORDS])
    columns = {
        "district": "District", "name": "Name", "indicator": "Where", "finding": "What the figures say",
        "offer": "What could help first",
    }  # fmt: skip
    return Table("support", "Districts that could be helped first", columns, rows, {}, "support")


def _below(comparison: Comparison, district: str) -> bool:
    found = comparison.districts.get(district)
    return found is not None and found.verdict == BELOW

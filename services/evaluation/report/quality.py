"""How far the figures can be relied on: what was certified and amended, what waits, what is hidden and audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ..methods.disclosure import Audit
from .figures import Figures
from .folder import Kind, Table, Value
from .snapshot import Snapshot
from .standings import certified_share


def certification(figures: Figures, names: Mapping[str, str]) -> Table:
    """Each district: months due, certified, amended since, and the share of class-months certified as reported."""
    rows: list[list[Value]] = []
    for district in sorted(names, key=lambda each: (names[each], each)):
        card = figures.now.year.cards[district]
        due = tuple(month for month in card.months if month.due)
        said = figures.now.year.certified.get(district, {})
        rows.append(
            [
                district,
                names[district],
                len(due),
                sum(month.period in said for month in due),
                sum(of.amended for of in said.values()),
                certified_share(said, due) if due else None,
            ]
        )
    columns = {
        "district": "District", "name": "Name", "due": "Months due", "certified": "Certified",
        "amended": "Amended since", "share": "Class-months certified as reported",
    }  # fmt: skip
    kinds: dict[str, Kind] = {"due": "count", "certified": "count", "amended": "count", "share": "share"}
    return Table(
        "certification", "Months certified by their districts", columns, rows, kinds, "certification"
    )


def quality(snapshot: Snapshot, figures: Figures, audited: Audit) -> Table:
    """What was found about the data themselves: one line each, with what it means for the figures."""
    months = certification(figures, snapshot.names).rows
    due, certified, amended = (sum(int(row[place] or 0) for row in months) for place in (2, 3, 4))
    silent = [name for name, card in figures.now.year.cards.items() if not any(
        ratio.denominator for ratio in card.indicators.values()
    )]  # fmt: skip
    shown = Counter(each.status for each in figures.release.shown.values())
    rows: list[list[Value]] = [
        ["District-months due", due, "Months in which a folder was expected"],
        ["District-months certified", certified, "For the others nobody stands yet"],
        ["District-months amended", amended, "Facts came in afterwards; figures here are those known now"],
        ["Districts without any figure", len(silent), "Registered, with nothing enrolled, sent or asked"],
        ["Streams of events set aside", sum(each.streams for each in snapshot.parked), _parked(snapshot)],
        ["Figures of persons", sum(shown.values()), "State, districts and schools, of each year that is reported"],
        ["Shown in full", shown["shown"], "Rate and number"],
        ["Shown as a rate only", shown["rate only"], "Ten to twenty persons"],
        ["Shown as a bound", shown["bound"], "At least 95 % or at most 5 %"],
        ["Not shown", shown["hidden"], "Fewer than ten persons, or what would give these away"],
        ["Ranges computed by the auditor", len(audited.ranges), "Least and greatest value of what is not shown"],
        ["Of these too narrow", len(audited.findings), "The report is not written unless this is 0"],
    ]  # fmt: skip
    columns = {"what": "What", "count": "How many", "meaning": "What it means"}
    return Table("data-quality", "The data themselves", columns, rows, {"count": "count"}, "data-quality")


def _parked(snapshot: Snapshot) -> str:
    if not snapshot.parked:
        return "Nothing waits: every event that was received is counted in"
    waiting = ", ".join(f"{each.projection} {each.events}" for each in snapshot.parked)
    return f"Events that could not be counted in yet, by read model: {waiting}"

"""The verdict of a row: figures, what it had to show with what was measured, and the table of all rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .history import Judged

HEADINGS = (
    "fault",
    "verdict",
    "attempted",
    "acknowledged",
    "lost",
    "unexpected",
    "doubled",
    "recovered",
    "503",
    "open",
    "measured",
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a row has to show: `met` decides, `measured` says with what."""

    what: str
    met: bool
    measured: str
    #: Of every row: told only where it is not met.
    common: bool = False


@dataclass(slots=True)
class Verdict:
    """What a row showed. A row that could not be run here says why in `skipped`; one that broke, in `broken`."""

    row: str
    fault: str
    figures: list[Judged] = field(default_factory=list)
    criteria: list[Criterion] = field(default_factory=list)
    #: Measured and reported, without a limit.
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    broken: str = ""
    seconds: float = 0.0
    #: Limits of time are so many times longer where the machine is shared.
    patience: float = 1.0

    def require(self, what: str, met: bool, measured: object = "", *, common: bool = False) -> None:
        self.criteria.append(Criterion(what, bool(met), str(measured), common))

    def within(self, what: str, seconds: float, limit: float) -> None:
        limit *= self.patience
        self.require(f"{what} within {limit:g} s", seconds <= limit, f"{seconds:.1f} s")

    @property
    def result(self) -> str:
        if self.broken:
            return "FAIL"
        if self.skipped:
            return "SKIP"
        # A row that shows nothing has not passed.
        shown = bool(self.criteria) and bool(self.figures)
        return "PASS" if shown and all(each.met for each in self.criteria) else "FAIL"

    def total(self, name: str) -> int:
        """A figure over all histories of the row: of numbers the sum, of keys how many."""
        values = [getattr(each, name) for each in self.figures]
        return sum(value if isinstance(value, int) else len(value) for value in values)

    def measured(self) -> str:
        if self.broken or self.skipped:
            return self.broken or self.skipped
        criteria = [
            f"{'' if each.met else 'NOT '}{each.what}" + (f" ({each.measured})" if each.measured else "")
            for each in self.criteria
            if not (each.common and each.met)
        ]
        return "; ".join([*criteria, *self.notes])

    def cells(self) -> list[str]:
        names = (
            "attempted",
            "acknowledged",
            "lost",
            "unexpected",
            "duplicated",
            "recovered",
            "come_back",
            "open",
        )
        figures = [f"{self.total(name):,}" if self.figures else "–" for name in names]
        return [self.fault, self.result, *figures, self.measured()]


def judged(verdict: Verdict, figures: Judged) -> None:
    """Add a history's figures and what every row has to show of them."""
    verdict.figures.append(figures)
    for what, keys in (
        ("nothing lost", figures.lost),
        ("nothing unexpected", figures.unexpected),
        ("nothing doubled", figures.duplicated),
        ("a repeat gets the first answer", figures.contradicted),
        ("no answer but 200, 201 and 503 with Retry-After", figures.wrong),
    ):
        if keys:
            verdict.require(what, False, f"{len(keys)}, e.g. {keys[0]}")
    verdict.require("something was acknowledged", figures.acknowledged > 0, common=True)


def line(cells: Sequence[str]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The table, one line a row."""
    rule = "|" + "---|" * 2 + "---:|" * 8 + "---|"
    return "\n".join([line(HEADINGS), rule, *(line(verdict.cells()) for verdict in verdicts)])

"""The auditor: what a reader who adds and subtracts can work out from a release, by linear programming.

Unknown are the persons n of every figure and the k of them that are counted. Known are what is shown, what the rules
tell of what is not, and the sums. For each figure that is not told, the least and the greatest value that agree with
all of this are computed; where they lie too close together, the release tells what it should hide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from .amendment import Told, amended, told
from .constraints import Infeasible, Question, Row, Span
from .polytope import Polytope
from .release import Figure, Release, Shown, Sum

T = TypeVar("T")
Quantity = Literal["n", "k", "n - k"]
#: What a release must not tell: which quantity of which figure, to within which width.
Protected = tuple[Figure, Quantity, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure that a reader can tell too closely: from `least` to `greatest`, by these sums."""

    figure: Figure
    quantity: Quantity
    least: int
    greatest: int
    sums: tuple[Sum, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Audit:
    """`ranges` of everything that the release does not tell, safe or not: {(figure, quantity): (least, greatest)}."""

    passed: bool
    findings: tuple[Finding, ...]
    ranges: Mapping[tuple[Figure, Quantity], tuple[int, int]]


class Contradiction(ValueError):
    """A release whose figures do not add up: nothing follows from it, and nothing can be audited."""


def audit(release: Release, earlier: Sequence[Release] = ()) -> Audit:
    """What the release gives away, read together with earlier ones. It passes where nothing is told too closely.

    A figure counts as the same in an earlier release unless something says that it was amended: both show it and
    differ, or what a sum leaves for its hidden parts differs. Then what that release said of it stands for itself;
    so does all that it said in sums that cannot be fulfilled together. Errors: Contradiction where a release's own
    figures do not add up.
    """
    system = _System([release, *earlier])
    asked = list(protected(release))
    spans = system.spans(asked)
    ranges = {
        (figure, quantity): (span.least, span.greatest)
        for (figure, quantity, _), span in zip(asked, spans, strict=True)
    }
    findings = tuple(
        system.finding(each, span)
        for each, span in zip(asked, spans, strict=True)
        if span.greatest - span.least < each[2]
    )
    return Audit(not findings, findings, ranges)


def findings(
    release: Release, earlier: Sequence[Release] = (), safe: Collection[Protected] = ()
) -> list[Finding]:
    """The findings of `audit`, at less cost: without the ranges, and without asking again what is known to be safe."""
    system = _System([release, *earlier])
    asked = [each for each in protected(release) if each not in safe]
    return [system.finding(asked[number], span) for number, span in system.narrow(asked).items()]


def protected(release: Release) -> Iterator[Protected]:
    """Everything that the release does not tell, with the width that it has to stay uncertain by."""
    rules = release.rules
    for figure, shown in release.shown.items():
        rated = figure[0] in release.rated
        match shown.status:
            case "hidden":
                yield figure, "n", rules.width
                if rated:
                    yield figure, "k", rules.count_width
            case "rate only":
                yield figure, "n", rules.rate_only_width
            case "bound":
                yield figure, "n", rules.rate_only_width
                yield figure, "k" if shown.rate_low == 0 else "n - k", rules.count_width


class _System:
    """The releases, the newest first, as one polytope.

    Variables are ("n" or "k", figure, version); the version is the number of the newest release that says the same.
    """

    def __init__(self, releases: Sequence[Release]) -> None:
        self._releases = releases
        #: What an earlier release (by its number) says for itself alone, since it fits no other.
        self._alone: set[tuple[int, Figure]] = set()
        # One by one, so that it is the one that does not fit which is parted from the others.
        for count in range(2, len(releases) + 1):
            self._attempt(count, lambda polytope: polytope.check())

    def spans(self, asked: Sequence[Protected]) -> list[Span]:
        return self._attempt(len(self._releases), lambda polytope: polytope.spans(_questions(asked)))

    def narrow(self, asked: Sequence[Protected]) -> dict[int, Span]:
        return self._attempt(len(self._releases), lambda polytope: polytope.narrow(_questions(asked)))

    def finding(self, asked: Protected, span: Span) -> Finding:
        figure, quantity, _ = asked
        by = tuple(self._sum_of[row] for row in span.rows if row in self._sum_of)
        text = _text(figure, quantity, span.least, span.greatest, by, self._told_before(figure))
        return Finding(figure, quantity, span.least, span.greatest, by, text)

    def _told_before(self, figure: Figure) -> str | None:
        """The earlier release that showed the number itself."""
        for number, release in enumerate(self._releases[1:], start=1):
            shown = release.shown.get(figure)
            if shown is not None and shown.n is not None and self._versions[number][figure] == 0:
                return release.name
        return None

    def _attempt(self, count: int, question: Callable[[Polytope], T]) -> T:
        """The answer of the first `count` releases; what cannot be fulfilled together is parted until it can."""
        while True:
            try:
                return question(self._build(count))
            except Infeasible as torn:
                if not self._part(torn.rows):
                    raise Contradiction(f"{self._releases[0].name}: {torn}") from torn

    def _part(self, rows: Sequence[int]) -> bool:
        """Let the oldest release stand for itself in all that these rows hold; False where each does already."""
        found: dict[int, set[Figure]] = defaultdict(set)
        for row in rows:
            number, figures = self._said_by[row]
            found[number].update(figure for figure in figures if self._versions[number][figure] != number)
        oldest = max((number for number, figures in found.items() if figures), default=0)
        self._alone |= {(oldest, figure) for figure in found.get(oldest, ())}
        return oldest > 0

    def _build(self, count: int) -> Polytope:
        self._told: dict[tuple[Figure, int], Told] = {}
        self._rows: list[Row] = []
        #: {number of a row: the sum that it stands for}
        self._sum_of: dict[int, Sum] = {}
        #: For each row its release, and the figures that it holds.
        self._said_by: list[tuple[int, tuple[Figure, ...]]] = []
        self._versions: list[dict[Figure, int]] = []
        rated: set[str] = set()
        for number, release in enumerate(self._releases[:count]):
            self._versions.append(self._link(number))
            for figure, shown in release.shown.items():
                self._tell(figure, shown, number, figure[0] in release.rated)
            for each in release.sums:
                self._add_up(each, number, each.total[0] in release.rated)
            rated |= release.rated
        bounds = {}
        for (figure, version), of in self._told.items():
            bounds["n", figure, version] = of.n
            if figure[0] in rated:
                bounds["k", figure, version] = of.k
        return Polytope(bounds, self._rows)

    def _link(self, number: int) -> dict[Figure, int]:
        """For each figure of the release the version that it says the same of: that of the newest it agrees with."""
        release = self._releases[number]
        found: dict[Figure, int] = {}
        for before, versions in enumerate(self._versions):
            common = {
                figure: shown
                for figure, shown in release.shown.items()
                if figure in versions and figure not in found and (number, figure) not in self._alone
            }
            differ = {
                figure
                for figure, shown in common.items()
                if told(shown).within(self._told[figure, versions[figure]]).empty()
            }
            others = differ | amended(release, self._releases[before], differ)
            found.update({figure: versions[figure] for figure in common if figure not in others})
        return {figure: found.get(figure, number) for figure in release.shown}

    def _tell(self, figure: Figure, shown: Shown, number: int, rated: bool) -> None:
        version = self._versions[number][figure]
        said, before = told(shown), self._told.get((figure, version))
        self._told[figure, version] = said if before is None else said.within(before)
        if not rated or shown.n is not None:
            return
        n, k = ("n", figure, version), ("k", figure, version)
        low, high = shown.rate_low / 100, shown.rate_high / 100
        self._row(Row({k: 1.0, n: -high}, None, 0.0), number, [figure])
        if low > 0:
            self._row(Row({k: -1.0, n: low}, None, 0.0), number, [figure])

    def _add_up(self, each: Sum, number: int, rated: bool) -> None:
        versions = self._versions[number]
        for name, excess in (("n", each.excess_n), *((("k", each.excess_k),) if rated else ())):
            terms = {(name, part, versions[part]): 1.0 for part in each.parts}
            terms[name, each.total, versions[each.total]] = -1.0
            self._sum_of[len(self._rows)] = each
            self._row(Row(terms, float(excess), float(excess)), number, each)

    def _row(self, row: Row, number: int, figures: Iterable[Figure]) -> None:
        self._rows.append(row)
        self._said_by.append((number, tuple(figures)))


def _questions(asked: Sequence[Protected]) -> list[Question]:
    """About the figures of the newest release, whose version is 0."""
    terms: dict[Quantity, dict[str, float]] = {
        "n": {"n": 1.0},
        "k": {"k": 1.0},
        "n - k": {"n": 1.0, "k": -1.0},
    }
    return [
        Question({(name, figure, 0): factor for name, factor in terms[quantity].items()}, width)
        for figure, quantity, width in asked
    ]


def _text(
    figure: Figure, quantity: Quantity, least: int, greatest: int, by: Sequence[Sum], before: str | None
) -> str:
    what = {"n": "the number of persons", "k": "the number counted", "n - k": "the number not counted"}[
        quantity
    ]
    value = f"is {least}" if least == greatest else f"is between {least} and {greatest}"
    how = "; ".join(f"{_name(each.total)} is the sum of {len(each.parts)} parts" for each in by[:3])
    if before is not None:
        how = "; ".join(filter(None, [f"the release {before!r} showed it", how]))
    return f"{_name(figure)}: {what} {value}" + (f", because {how}" if how else "")


def _name(figure: Figure) -> str:
    table, key = figure
    return f"{table} ({', '.join(key)})"

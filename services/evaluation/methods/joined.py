"""Releases read together, as one system of unknowns: what agrees with all that each of them says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from .amendment import Told, amended, told
from .constraints import Bounds, Infeasible, Question, Row, Span
from .finding import Asked, Finding, Quantity, text
from .polytope import Polytope
from .release import Figure, Release, Shown, Sum

T = TypeVar("T")
_TERMS: dict[Quantity, dict[str, float]] = {"n": {"n": 1.0}, "k": {"k": 1.0}, "n - k": {"n": 1.0, "k": -1.0}}


class Contradiction(ValueError):
    """A release whose figures do not add up: nothing follows from it, and nothing can be audited."""


class Joined:
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

    def spans(self, asked: Sequence[Asked]) -> list[Span]:
        return self._attempt(len(self._releases), lambda polytope: polytope.spans(self._questions(asked)))

    def narrow(self, asked: Sequence[Asked]) -> list[tuple[Asked, Span]]:
        """Those that are told too closely; what an earlier release says as a newer one does is the newer one's."""

        def question(polytope: Polytope) -> list[tuple[Asked, Span]]:
            own = [each for each in asked if self._version(each) == each[0]]
            return [(own[number], span) for number, span in polytope.narrow(self._questions(own)).items()]

        return self._attempt(len(self._releases), question) if asked else []

    def finding(self, asked: Asked, span: Span) -> Finding:
        by = tuple(dict.fromkeys(self._sum_of[row] for row in span.rows if row in self._sum_of))
        return self._finding(asked, span.least, span.greatest, by)

    def presumption(self, asked: Asked, by: Sum, bounds: Bounds) -> Finding:
        return self._finding(asked, round(bounds.low), round(bounds.high), (by,))

    def _finding(self, asked: Asked, least: int, greatest: int, by: tuple[Sum, ...]) -> Finding:
        number, (figure, quantity, _) = asked
        earlier = self._releases[number].name if number else None
        said = text(figure, quantity, least, greatest, by, self._told_before(asked), earlier)
        return Finding(figure, quantity, least, greatest, by, said, earlier)

    def _told_before(self, asked: Asked) -> str | None:
        """The earlier release that showed the number itself."""
        figure, version = asked[1][0], self._version(asked)
        for number, release in enumerate(self._releases[1:], start=1):
            shown = release.shown.get(figure)
            if shown is not None and shown.n is not None and self._versions[number][figure] == version:
                return release.name
        return None

    def _version(self, asked: Asked) -> int:
        number, (figure, _, _) = asked
        return self._versions[number][figure]

    def _questions(self, asked: Sequence[Asked]) -> list[Question]:
        return [
            Question(
                {
                    (name, each[1][0], self._version(each)): factor
                    for name, factor in _TERMS[each[1][1]].items()
                },
                each[1][2],
            )
            for each in asked
        ]

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
        if not any(found.values()):
            # An earlier release may bind them by a figure alone, without a row of its own.
            held = {figure for row in rows for figure in self._said_by[row][1]}
            for number, versions in enumerate(self._versions):
                found[number].update(figure for figure in held if versions.get(figure, number) != number)
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

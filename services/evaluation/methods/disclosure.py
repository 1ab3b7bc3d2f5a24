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

from .amendment import Told, amended, presumed, told
from .constraints import Bounds, Infeasible, Question, Row, Span
from .polytope import Polytope
from .release import Figure, Release, Shown, Sum

T = TypeVar("T")
Quantity = Literal["n", "k", "n - k"]
#: What a release must not tell: which quantity of which figure, to within which width.
Protected = tuple[Figure, Quantity, int]
#: Of which release, by its number: 0 is the newest.
Asked = tuple[int, Protected]
_TERMS: dict[Quantity, dict[str, float]] = {"n": {"n": 1.0}, "k": {"k": 1.0}, "n - k": {"n": 1.0, "k": -1.0}}


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure that a reader can tell too closely: from `least` to `greatest`, by these sums.

    `earlier` names the earlier release whose figure it is, where the newest one says another.
    """

    figure: Figure
    quantity: Quantity
    least: int
    greatest: int
    sums: tuple[Sum, ...]
    text: str
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """`ranges` of everything that the release does not tell, safe or not: {(figure, quantity): (least, greatest)}."""

    passed: bool
    findings: tuple[Finding, ...]
    ranges: Mapping[tuple[Figure, Quantity], tuple[int, int]]


class Contradiction(ValueError):
    """A release whose figures do not add up: nothing follows from it, and nothing can be audited."""


def audit(release: Release, earlier: Sequence[Release] = ()) -> Audit:
    """What the release gives away, read together with earlier ones: of its own figures, and of theirs.

    A figure counts as the same in an earlier release unless something says that it was amended: both show it and
    differ, or what a sum leaves for its hidden parts differs. Then what that release said of it stands for itself;
    so does all that it said in sums that cannot be fulfilled together. What an earlier release hides and the newest
    does not say again is asked for too, also by what a reader may presume (`presumed`); it is found where the newest
    adds to what the earlier ones tell by themselves.
    Errors: Contradiction where a release's own figures do not add up.
    """
    system = _System([release, *earlier])
    asked = [(0, each) for each in protected(release)]
    spans = system.spans(asked)
    ranges = {
        (figure, quantity): (span.least, span.greatest)
        for (_, (figure, quantity, _)), span in zip(asked, spans, strict=True)
    }
    found = [
        system.finding(each, span)
        for each, span in zip(asked, spans, strict=True)
        if span.greatest - span.least < each[1][2]
    ]
    found += _since(system, system.narrow(_of(earlier)), release, earlier)
    return Audit(not found, tuple(found), ranges)


def findings(
    release: Release, earlier: Sequence[Release] = (), safe: Collection[Protected] = ()
) -> list[Finding]:
    """The findings of `audit`, at less cost: without the ranges, and without asking again what is known to be safe.

    Where a reader may presume what an earlier release hid, only that: to work it out costs next to nothing.
    """
    system = _System([release, *earlier])
    if presumptions := _since(system, [], release, earlier):
        return presumptions
    asked = [(0, each) for each in protected(release) if each not in safe]
    narrow = system.narrow([*asked, *_of(earlier)])
    own = [system.finding(each, span) for each, span in narrow if not each[0]]
    return own + _since(system, [each for each in narrow if each[0][0]], release, earlier)


def _of(earlier: Sequence[Release]) -> list[Asked]:
    return [(number, each) for number, old in enumerate(earlier, start=1) for each in protected(old)]


def _since(
    system: _System, narrow: Sequence[tuple[Asked, Span]], release: Release, earlier: Sequence[Release]
) -> list[Finding]:
    """The findings about earlier releases, less what these tell as closely without the newest."""
    found = [(asked, system.finding(asked, span)) for asked, span in narrow]
    for number, old in enumerate(earlier, start=1):
        found += [
            (asked, system.presumption(asked, by, bounds))
            for asked, by, bounds in _presumptions(release, old, number)
        ]
    if not found:
        return []
    alone = _System(earlier).spans([(number - 1, each) for (number, each), _ in found])
    return [
        finding
        for (_, finding), span in zip(found, alone, strict=True)
        if finding.greatest - finding.least < span.greatest - span.least
    ]


def _presumptions(new: Release, old: Release, number: int) -> Iterator[tuple[Asked, Sum, Bounds]]:
    wanted: dict[Figure, list[Protected]] = defaultdict(list)
    for each in protected(old):
        wanted[each[0]].append(each)
    for figure, by, of in presumed(new, old):
        bounds = {"n": of.n, "k": of.k, "n - k": Bounds(max(0.0, of.n.low - of.k.high), of.n.high - of.k.low)}
        for asked in wanted[figure]:
            span = bounds[asked[1]]
            if span.high - span.low < asked[2]:
                yield (number, asked), by, span


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
        text = _text(figure, quantity, least, greatest, by, self._told_before(asked), earlier)
        return Finding(figure, quantity, least, greatest, by, text, earlier)

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


def _text(
    figure: Figure,
    quantity: Quantity,
    least: int,
    greatest: int,
    by: Sequence[Sum],
    before: str | None,
    earlier: str | None,
) -> str:
    what = {"n": "the number of persons", "k": "the number counted", "n - k": "the number not counted"}[
        quantity
    ]
    value = f"is {least}" if least == greatest else f"is between {least} and {greatest}"
    how = "; ".join(f"{_name(each.total)} is the sum of {len(each.parts)} parts" for each in by[:3])
    if before is not None:
        how = "; ".join(filter(None, [f"the release {before!r} showed it", how]))
    of = "" if earlier is None else f" in the release {earlier!r}"
    return f"{_name(figure)}{of}: {what} {value}" + (f", because {how}" if how else "")


def _name(figure: Figure) -> str:
    table, key = figure
    return f"{table} ({', '.join(key)})"

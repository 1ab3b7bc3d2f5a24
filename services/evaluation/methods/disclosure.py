"""The auditor: what a reader who adds and subtracts can work out from a release, by linear programming.

Unknown are the persons n of every figure and the k of them that are counted. Known are what is shown, what the rules
tell of what is not, and the sums. For each figure that is not told, the least and the greatest value that agree with
all of this are computed; where they lie too close together, the release tells what it should hide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .polytope import Bounds, Polytope, Row
from .release import Figure, Release, Rules, Shown, Sum

Quantity = Literal["n", "k", "n - k"]

#: A reader knows that no figure of the state has more persons than this.
_MOST = 10_000_000.0


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

    A figure counts as the same in an earlier release unless both show it and differ: then it was amended, and what
    that release said of it stands for itself. Errors: Contradiction where a release's figures do not add up.
    """
    try:
        system = _System([release, *earlier])
    except ValueError as error:
        raise Contradiction(f"{release.name}: {error}") from error
    asked = [
        (figure, quantity, width)
        for figure, shown in release.shown.items()
        for quantity, width in _protected(shown, figure[0] in release.rated, release.rules)
    ]
    spans = system.polytope.spans([system.expression(figure, quantity) for figure, quantity, _ in asked])
    findings, ranges = [], {}
    for (figure, quantity, width), span in zip(asked, spans, strict=True):
        ranges[figure, quantity] = span.least, span.greatest
        if span.greatest - span.least < width:
            by = tuple(system.sum_of[row] for row in span.rows if row in system.sum_of)
            text = _text(figure, quantity, span.least, span.greatest, by, system.told_before(figure))
            findings.append(Finding(figure, quantity, span.least, span.greatest, by, text))
    return Audit(not findings, tuple(findings), ranges)


def _protected(shown: Shown, rated: bool, rules: Rules) -> list[tuple[Quantity, int]]:
    match shown.status:
        case "hidden":
            return [("n", rules.width), *([("k", rules.count_width)] if rated else [])]  # type: ignore[list-item]
        case "rate only":
            return [("n", rules.rate_only_width)]
        case "bound":
            return [("k" if shown.rate_low == 0 else "n - k", rules.count_width)]
    return []


class _System:
    """The releases as one polytope. Variables are ("n" or "k", figure, 0), the last number that of the release
    which alone says it, where a figure was amended."""

    def __init__(self, releases: Sequence[Release]) -> None:
        self._releases = releases
        self._bounds: dict[tuple[str, Figure, int], Bounds] = {}
        self._rows: list[Row] = []
        #: {number of a row: the sum that it stands for}
        self.sum_of: dict[int, Sum] = {}
        for number, release in enumerate(releases):
            for figure, shown in release.shown.items():
                self._tell(figure, shown, self._version(figure, number), figure[0] in release.rated)
            for each in release.sums:
                self._add_up(each, number, each.total[0] in release.rated)
        self.polytope = Polytope(self._bounds, self._rows)

    def expression(self, figure: Figure, quantity: Quantity) -> dict[tuple[str, Figure, int], float]:
        n, k = ("n", figure, 0), ("k", figure, 0)
        return {"n": {n: 1.0}, "k": {k: 1.0}, "n - k": {n: 1.0, k: -1.0}}[quantity]

    def told_before(self, figure: Figure) -> str | None:
        """The earlier release that showed the number itself."""
        for release in self._releases[1:]:
            if (shown := release.shown.get(figure)) is not None and shown.n is not None:
                return release.name
        return None

    def _version(self, figure: Figure, number: int) -> int:
        """0 where the figure is that of the newest release; the release's own number where it was amended since."""
        if number == 0 or figure not in self._releases[0].shown:
            return 0
        now, then = self._releases[0].shown[figure], self._releases[number].shown[figure]
        if now.n is not None and then.n is not None and now.n != then.n:
            return number
        apart = now.rate_low > then.rate_high or then.rate_low > now.rate_high
        outside = max(now.n_low, then.n_low) > min(now.n_high or _MOST, then.n_high or _MOST)
        return number if apart or outside else 0

    def _tell(self, figure: Figure, shown: Shown, version: int, rated: bool) -> None:
        n, k = ("n", figure, version), ("k", figure, version)
        told = Bounds(float(shown.n_low), float(_MOST if shown.n_high is None else shown.n_high))
        self._bounds[n] = self._bounds.get(n, Bounds(0.0, _MOST)).within(told)
        if not rated:
            return
        self._bounds.setdefault(k, Bounds(0.0, _MOST))
        low, high = shown.rate_low / 100, shown.rate_high / 100
        if shown.n is not None:
            # Persons are whole: of 33 with 48.5 %, sixteen.
            self._bounds[k] = self._bounds[k].within(Bounds(low * shown.n, high * shown.n).whole())
            return
        self._rows.append(Row({k: 1.0, n: -high}, None, 0.0))
        if low > 0:
            self._rows.append(Row({k: -1.0, n: low}, None, 0.0))

    def _add_up(self, each: Sum, number: int, rated: bool) -> None:
        for name, excess in (("n", each.excess_n), *((("k", each.excess_k),) if rated else ())):
            terms = {(name, part, self._version(part, number)): 1.0 for part in each.parts}
            terms[name, each.total, self._version(each.total, number)] = -1.0
            self.sum_of[len(self._rows)] = each
            self._rows.append(Row(terms, float(excess), float(excess)))


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

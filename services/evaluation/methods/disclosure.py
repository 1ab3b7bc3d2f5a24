"""The auditor: what a reader who adds and subtracts can work out from a release, by linear programming.

Unknown are the persons n of every figure and the k of them that are counted. Known are what is shown, what the rules
tell of what is not, and the sums. For each figure that is not told, the least and the greatest value that agree with
all of this are computed; where they lie too close together, the release tells what it should hide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .amendment import presumed
from .constraints import Bounds, Span
from .finding import Asked, Finding, Protected, Quantity
from .joined import Contradiction, Joined
from .release import Figure, Release, Sum

__all__ = ["Audit", "Contradiction", "Finding", "audit", "findings", "protected"]


@dataclass(frozen=True, slots=True)
class Audit:
    """`ranges` of everything that the release does not tell, safe or not: {(figure, quantity): (least, greatest)}."""

    passed: bool
    findings: tuple[Finding, ...]
    ranges: Mapping[tuple[Figure, Quantity], tuple[int, int]]


def audit(release: Release, earlier: Sequence[Release] = ()) -> Audit:
    """What the release gives away, read together with earlier ones: of its own figures, and of theirs.

    A figure counts as the same in an earlier release unless something says that it was amended: both show it and
    differ, or what a sum leaves for its hidden parts differs. Then what that release said of it stands for itself;
    so does all that it said in sums that cannot be fulfilled together. What an earlier release hides and the newest
    does not say again is asked for too, also by what a reader may presume (`presumed`); it is found where the newest
    adds to what the earlier ones tell by themselves.
    Errors: Contradiction where a release's own figures do not add up.
    """
    system = Joined([release, *earlier])
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
    system = Joined([release, *earlier])
    if presumptions := _since(system, [], release, earlier):
        return presumptions
    asked = [(0, each) for each in protected(release) if each not in safe]
    narrow = system.narrow([*asked, *_of(earlier)])
    own = [system.finding(each, span) for each, span in narrow if not each[0]]
    return own + _since(system, [each for each in narrow if each[0][0]], release, earlier)


def _of(earlier: Sequence[Release]) -> list[Asked]:
    return [(number, each) for number, old in enumerate(earlier, start=1) for each in protected(old)]


def _since(
    system: Joined, narrow: Sequence[tuple[Asked, Span]], release: Release, earlier: Sequence[Release]
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
    alone = Joined(earlier).spans([(number - 1, each) for (number, each), _ in found])
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

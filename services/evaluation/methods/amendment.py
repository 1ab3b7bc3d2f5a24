"""What a release tells of a figure, and which figures an amendment has changed since an earlier release."""

from __future__ import annotations

from dataclasses import dataclass

from .constraints import Bounds
from .release import Figure, Release, Shown, Sum

#: A reader knows that no figure of the state has more persons than this.
_MOST = 10_000_000.0


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one figure, whatever the sums: persons, those counted, and the rate in per cent."""

    n: Bounds
    k: Bounds
    rate: Bounds

    def within(self, other: Told) -> Told:
        return Told(self.n.within(other.n), self.k.within(other.k), self.rate.within(other.rate))

    def empty(self) -> bool:
        return self.n.empty() or self.k.empty() or self.rate.empty()


def told(shown: Shown) -> Told:
    n = Bounds(float(shown.n_low), float(_MOST if shown.n_high is None else shown.n_high))
    rate = Bounds(shown.rate_low, shown.rate_high)
    if shown.k is not None:
        k = Bounds(float(shown.k), float(shown.k))
    elif shown.n is not None:
        # Persons are whole: of 33 with 48.5 %, sixteen.
        k = Bounds(rate.low / 100 * shown.n, rate.high / 100 * shown.n).whole()
    else:
        k = Bounds(0.0, _MOST)
    return Told(n, k, rate)


def amended(new: Release, old: Release, differ: set[Figure]) -> set[Figure]:
    """All figures in sums that say of a figure that is not shown that it was amended; `differ` are those that show it.

    A sum whose total both show says so by what it leaves for the parts that they do not: a child more in a school that
    is shown, and in its district, says nothing about one that is not. Any other says so by a figure that differs.
    """
    twins = {(each.total, part): each for each in old.sums for part in each.parts}
    found: set[Figure] = set()
    matched = set()
    for each in new.sums:
        twin = next((twins[each.total, part] for part in each.parts if (each.total, part) in twins), None)
        if twin is None or new.shown[each.total].n is None or old.shown[each.total].n is None:
            if not differ.isdisjoint(each):
                found |= set(each)
            continue
        matched.add(twin)
        here, there = _left(each, new, twin, old), _left(twin, old, each, new)
        if any(one.within(other).empty() for one, other in zip(here, there, strict=True)):
            found |= {*each, *twin}
    for each in old.sums:
        if each not in matched and not differ.isdisjoint(each):
            found |= set(each)
    return found


def _left(each: Sum, release: Release, twin: Sum, other: Release) -> tuple[Bounds, Bounds]:
    """(n, k) of the parts that not both releases show. A part that the other does not have counts nobody there."""
    whole = told(release.shown[each.total])
    n, k = whole.n, whole.k
    n = Bounds(n.low + each.excess_n, n.high + each.excess_n)
    k = Bounds(k.low + each.excess_k, k.high + each.excess_k)
    for part in each.parts:
        shown, then = release.shown[part], other.shown.get(part)
        if shown.n is not None and (then is None or part not in twin.parts or then.n is not None):
            part_told = told(shown)
            n = Bounds(n.low - part_told.n.high, n.high - part_told.n.low)
            k = Bounds(k.low - part_told.k.high, k.high - part_told.k.low)
    return n, k

"""What a release tells of a figure, and what it and an amended one say of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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


def presumed(new: Release, old: Release) -> Iterator[tuple[Figure, Sum, Told]]:
    """What a reader presumes of each figure that the old release did not show, in the sums that the new one helps with.

    By hand: what the old total leaves when all others are as they were shown then, or else now. Of as few as possible
    is it given up that they are the same now, the largest first: of those for whom nothing would be left.
    """
    for each in old.sums:
        if old.shown[each.total].n is None:
            continue
        then = {part: _counted(told(old.shown[part])) for part in each.parts}
        now = {}
        for part in each.parts:
            if old.shown[part].n is None and part in new.shown and new.shown[part].status != "hidden":
                both = _counted(told(new.shown[part]).within(then[part]))
                if both != then[part] and not both.empty():
                    now[part] = both
        if not now:
            continue
        whole = told(old.shown[each.total])
        of_all = Told(_plus(whole.n, each.excess_n), _plus(whole.k, each.excess_k), Bounds(0.0, 100.0))
        taken = _less(of_all, [then[part] for part in each.parts if old.shown[part].n is not None])
        open_ = [part for part in each.parts if old.shown[part].n is None]
        for figure in open_:
            same = sorted(set(now) - {figure}, key=lambda part: (now[part].n.low, part))
            while same:
                beside = [now[part] if part in same else then[part] for part in open_ if part != figure]
                left = _less(taken, beside)
                left = Told(left.n.whole(), left.k.whole(), left.rate).within(then[figure])
                if not left.empty():
                    # What fits the figure of now as well says nothing of another one.
                    if figure not in now or left.within(now[figure]).empty():
                        yield figure, each, left
                    break
                same.pop()


def _counted(of: Told) -> Told:
    """With what the rate says of those counted, where the number is not told."""
    k = Bounds(of.rate.low / 100 * of.n.low, of.rate.high / 100 * of.n.high).whole()
    return Told(of.n, of.k.within(k), of.rate)


def _plus(bounds: Bounds, number: float) -> Bounds:
    return Bounds(bounds.low + number, bounds.high + number)


def _less(whole: Told, parts: Collection[Told]) -> Told:
    n, k = (
        Bounds(of.low - sum(part.high for part in beside), of.high - sum(part.low for part in beside))
        for of, beside in ((whole.n, [each.n for each in parts]), (whole.k, [each.k for each in parts]))
    )
    return Told(n, k, whole.rate)

"""A survey's respondents by mode and by language, and what families did, as far as they may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..methods import effects, intervals
from ..methods.inputs import Array, BadInput, Booleans
from ..methods.release import Cell, Key, Release, Rules, Table
from ..methods.suppression import suppress
from .survey_data import UNKNOWN, Coded, SurveyData
from .survey_findings import ActivityFinding, Group, GroupMean, Mean, Split
from .survey_scales import FEW, interval

#: Everybody, as a coordinate; no name begins with a blank.
_ALL = " all"
#: Persons, where a scale would be.
_PERSONS = " persons"

_GROUPS, _ACTIVITIES = "groups", "activities"


def release(data: SurveyData, scores: Mapping[str, Array], rules: Rules) -> Release | None:
    """What may be shown of the numbers of respondents, by group and scale, and of activities; None where nothing may.

    Groups by mode and by language have one total, and so are judged together. A group whose families all scored the
    same is hidden like a small one: its mean would tell the answers of each of them.
    """
    cells: dict[Key, Cell] = {}
    parts: dict[str, dict[str, str]] = {"mode": {}, "language": {}}
    everybody = np.ones(data.responses, dtype=bool)
    members = [(_ALL, _ALL, everybody)]
    for name, member in _members(data.modes):
        members.append((name, _ALL, member))
        parts["mode"][name] = _ALL
    for name, member in _members(data.languages):
        members.append((_ALL, name, member))
        parts["language"][name] = _ALL
    for mode, language, member in members:
        cells[mode, language, _PERSONS] = Cell(int(member.sum()))
        for scale, of in scores.items():
            given = of[member & ~np.isnan(of)]
            if given.size:
                alike = given.min() == given.max()
                cells[mode, language, scale] = Cell(given.size, persons=0 if alike else None)
    tables = [Table(_GROUPS, ("mode", "language", "scale"), cells, parts)]
    if data.done is not None and data.activities:
        answered = ~np.isnan(data.done)
        counted: dict[Key, Cell] = {
            (activity.name,): Cell(int(answered[:, place].sum()), int(np.nansum(data.done[:, place])))
            for place, activity in enumerate(data.activities)
        }
        tables.append(Table(_ACTIVITIES, ("activity",), counted, counts=True))
    try:
        found = suppress(tables, rules)
    except BadInput:
        return None
    return found if _is_shown(found, (_ALL, _ALL, _PERSONS)) else None


def scale_shown(release: Release, scale: str) -> bool:
    """Whether the scale's figures of all respondents may be shown."""
    return _is_shown(release, (_ALL, _ALL, scale))


def groups(data: SurveyData, scores: Mapping[str, Array], release: Release) -> tuple[Group, ...]:
    """By mode, then by language, each by name; those of whom it is not known come last."""
    splits: tuple[tuple[Split, Coded | None], ...] = (("mode", data.modes), ("language", data.languages))
    return tuple(
        group
        for split, coded in splits
        if coded is not None
        for group in _split(split, dict(_members(coded)), scores, release)
    )


def _split(
    split: Split, members: Mapping[str, Booleans], scores: Mapping[str, Array], release: Release
) -> list[Group]:
    def shown(name: str, scale: str) -> bool:
        return _is_shown(release, (name, _ALL, scale) if split == "mode" else (_ALL, name, scale))

    means: dict[str, dict[str, GroupMean]] = {name: {} for name in members}
    for scale, of in scores.items():
        given = {name: of[member & ~np.isnan(of)] for name, member in members.items()}
        told = {name: each for name, each in given.items() if shown(name, scale)}
        against = max(told, key=lambda name: (told[name].size, name), default="")
        for name in members:
            means[name][scale] = _mean(name, told, against) if name in told else GroupMean(Mean(why=FEW))
    return [
        Group(split, name, int(members[name].sum()) if shown(name, _PERSONS) else None, means[name])
        for name in sorted(members, key=lambda name: (name == "", name))
    ]


def _mean(name: str, told: Mapping[str, Array], against: str) -> GroupMean:
    mean = interval(told[name])
    if name == against:
        return GroupMean(mean)
    both = np.concatenate([told[name], told[against]])
    welch = effects.difference(both, np.arange(both.size) < told[name].size)
    return GroupMean(mean, against, welch.difference, welch.low, welch.high)


def activities(data: SurveyData, weights: Array | None, release: Release) -> tuple[ActivityFinding, ...]:
    """In the survey's order, each by itself."""
    found = []
    for place, activity in enumerate(data.activities):
        assert data.done is not None
        shown = release.shown[_ACTIVITIES, (activity.name,)]
        about: dict[str, Any] = {"name": activity.name, "wording": activity.wording, "status": shown.status}
        if shown.status != "shown":
            bound = shown.status == "bound"
            rate = None if shown.rate is None else shown.rate / 100
            at_least = shown.rate_low / 100 if bound and shown.rate_low > 0 else None
            at_most = shown.rate_high / 100 if bound and shown.rate_high < 100 else None
            found.append(ActivityFinding(**about, share=rate, at_least=at_least, at_most=at_most))
            continue
        given = data.done[:, place]
        there = ~np.isnan(given)
        k, n = int(given[there].sum()), int(there.sum())
        if not n:
            found.append(ActivityFinding(**about, n=0, k=0))
            continue
        low, high = intervals.wilson(k, n)
        weighted = None if weights is None else float((weights * given)[there].sum() / weights[there].sum())
        found.append(ActivityFinding(**about, n=n, k=k, share=k / n, low=low, high=high, weighted=weighted))
    return tuple(found)


def _is_shown(release: Release, key: Key) -> bool:
    """Nobody has no figure: where there is none, nothing is shown."""
    shown = release.shown.get((_GROUPS, key))
    return shown is not None and shown.status == "shown"


def _members(coded: Coded | None) -> Iterator[tuple[str, Booleans]]:
    """(name, who is in it) of each group that anybody is in; "" are those of whom it is not known."""
    if coded is not None:
        for code, name in ((UNKNOWN, ""), *enumerate(coded.names)):
            member = coded.codes == code
            if member.any():
                yield name, member

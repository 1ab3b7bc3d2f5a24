"""A survey's scales: their means, how reliable they are, and what each item adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from ..methods import reliability
from ..methods.inputs import Array, BadInput
from ..methods.reliability import Missing
from .survey_data import Item, SurveyData
from .survey_findings import ItemFinding, Mean, Reliability, ScaleFinding

#: Why a figure is not shown.
FEW = "It is not shown, because it would tell the answers of a few families."
ALIKE = "It is not shown, because it would tell the answers of each family: all gave the same."

_LEVEL = 0.95


def interval(scores: Array, weights: Array | None = None) -> Mean:
    """The mean of scores, at least two and not all alike, with Student's interval; weighted, its variance is multiplied
    by Kish's design effect of these weights. Families of one district count as independent of each other."""
    n = scores.size
    given = np.ones(n) if weights is None else weights
    mean = float((given * scores).sum() / given.sum())
    variance = float((given * (scores - mean) ** 2).sum() / given.sum()) * n / (n - 1)
    effect = float(n * (given**2).sum() / given.sum() ** 2)
    half = float(stats.t.ppf((1 + _LEVEL) / 2, n - 1)) * float(np.sqrt(variance * effect / n))
    return Mean(n, mean, mean - half, mean + half)


def scale_finding(
    data: SurveyData, scale: str, weights: Array | None, shown: bool, least: int, missing: Missing
) -> ScaleFinding:
    """`shown`: whether the number of its respondents may be; then at least `least` have a score, not all the same."""
    items = [data.items[column] for column in data.columns(scale)]
    if not shown:
        why = _hidden(data.scores(scale), least)
        told = tuple(_nothing(item, why) for item in items)
        unknown = Reliability(missing=missing, why=why)
        return ScaleFinding(scale, data.points[scale], Mean(why=why), None, unknown, told)
    scores, answers = data.scores(scale), data.turned(scale)
    scored = ~np.isnan(scores)
    reliable, told = _reliability(answers, items, least, missing)
    return ScaleFinding(
        name=scale,
        points=data.points[scale],
        plain=interval(scores[scored]),
        weighted=None if weights is None else interval(scores[scored], weights[scored]),
        reliability=reliable,
        items=told,
    )


def _hidden(scores: Array, least: int) -> str:
    given = scores[~np.isnan(scores)]
    if given.size < least:
        return f"It cannot be computed, because fewer than {least} families answered enough of its items."
    return ALIKE if given.min() == given.max() else FEW


def _nothing(item: Item, why: str) -> ItemFinding:
    return ItemFinding(item.name, item.scale, item.reversed, item.wording, why=why)


def _item(item: Item, answers: Array, least: int) -> ItemFinding:
    given = answers[~np.isnan(answers)]
    if given.size < least:
        return _nothing(item, f"It cannot be computed, because fewer than {least} families answered it.")
    if given.min() == given.max():
        return _nothing(item, ALIKE)
    return replace(_nothing(item, ""), n=given.size, mean=float(given.mean()))


def _reliability(
    answers: Array, items: Sequence[Item], least: int, missing: Missing
) -> tuple[Reliability, tuple[ItemFinding, ...]]:
    told = tuple(_item(item, answers[:, place], least) for place, item in enumerate(items))
    names = [item.name for item in items]
    why = _obstacle(answers, names, least, missing)
    omega: float | None = None
    why_omega = (
        "" if len(items) > 2 else "It cannot be computed, because a factor needs at least three items."
    )
    try:
        if not why:
            alpha = reliability.alpha(answers, missing, names=names, level=_LEVEL)
    except BadInput as error:
        why = _because(error)
    if why:
        return Reliability(missing=missing, why=why), told
    try:
        if not why_omega:
            omega = reliability.omega(answers, missing, names=names).omega
    except BadInput as error:
        why_omega = _because(error)
    # A warning begins with the name of its item, and they come in the items' order.
    warnings = iter(alpha.warnings)
    found = [
        replace(
            each,
            item_rest=float(alpha.item_rest[place]),
            alpha_if_dropped=float(alpha.alpha_if_dropped[place]) if len(items) > 2 else None,
            warning=next(warnings) if alpha.item_rest[place] < 0 else "",
        )
        for place, each in enumerate(told)
    ]
    reliable = Reliability(
        alpha.alpha, alpha.low, alpha.high, omega, missing, alpha.warnings, why_omega=why_omega
    )
    return reliable, tuple(found)


def _obstacle(answers: Array, names: Sequence[str], least: int, missing: Missing) -> str:
    """Why there is no reliability, in words; "" where nothing is in its way that can be seen beforehand."""
    if len(names) < 2:
        return "It cannot be computed, because the scale has one item only."
    there = ~np.isnan(answers)
    if missing == "listwise" and there.all(axis=1).sum() < least:
        return f"It cannot be computed, because fewer than {least} families answered all of its items."
    both = there.T.astype(np.float64) @ there
    if (both < least).any():
        first, second = np.argwhere(both < least)[0]
        pair = names[first] if first == second else f"both {names[first]} and {names[second]}"
        return f"It cannot be computed, because fewer than {least} families answered {pair}."
    used = answers[there.all(axis=1)] if missing == "listwise" else answers
    flat = np.flatnonzero(np.nanmin(used, axis=0) == np.nanmax(used, axis=0))
    if flat.size:
        return f"It cannot be computed, because all families gave the same answer to {names[flat[0]]}."
    return ""


def _because(error: BadInput) -> str:
    reason = str(error).removeprefix("items: ")
    reason = f"its {reason}" if reason.startswith("items ") else reason
    return f"It cannot be computed, because {reason}{'' if reason.endswith('?') else '.'}"

"""Response rates as the American Association for Public Opinion Research defines them, and what non-response does.

Source: AAPOR, Standard Definitions (10th edition, 2023). Counts, one per district, or scalars:
complete I, partial P, refusal R, noncontact NC, other O, unknown_household UH, unknown_other UO.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from .inputs import Array, BadInput, counts, numbers, parts, plain, refuse

#: The response rate below which federal education statistics ask for an analysis of bias (NCES standard 4-4).
ANALYSIS_BELOW = 0.85


def rr1(
    complete: Any, partial: Any = 0, refusal: Any = 0, noncontact: Any = 0, other: Any = 0,
    unknown_household: Any = 0, unknown_other: Any = 0,
) -> Any:  # fmt: skip
    """The minimum rate: I / ((I + P) + (R + NC + O) + (UH + UO)). Nobody asked: 0. Errors: BadInput."""
    return _rate(complete, partial, refusal, noncontact, other, unknown_household, unknown_other, 1.0)


def rr3(
    complete: Any, partial: Any = 0, refusal: Any = 0, noncontact: Any = 0, other: Any = 0,
    unknown_household: Any = 0, unknown_other: Any = 0, *, e: Any,
) -> Any:  # fmt: skip
    """RR1 with e (UH + UO), `e` being the share of the unknown that is thought to be eligible, 0 to 1."""
    return _rate(complete, partial, refusal, noncontact, other, unknown_household, unknown_other, e)


def rr5(
    complete: Any, partial: Any = 0, refusal: Any = 0, noncontact: Any = 0, other: Any = 0,
    unknown_household: Any = 0, unknown_other: Any = 0,
) -> Any:  # fmt: skip
    """The maximum rate, nobody unknown being eligible: I / ((I + P) + (R + NC + O))."""
    return _rate(complete, partial, refusal, noncontact, other, unknown_household, unknown_other, 0.0)


def multistage(*rates: Any) -> Any:
    """Districts that took part x schools x families: the product of the stages' rates. Errors: BadInput."""
    if not rates:
        raise BadInput("no rate is given: one per stage is needed")
    stages = numbers(**{f"rates[{stage}]": rate for stage, rate in enumerate(rates)})
    for stage, rate in enumerate(stages):
        refuse((rate < 0) | (rate > 1), f"rates[{stage}]", rate, "is no rate")
    return plain(np.prod(np.stack(stages), axis=0))


@dataclass(frozen=True, slots=True)
class Bias:
    """Of one variable: each category's share of those asked and of those who answered, and their difference.

    `relative` is the difference over the share asked; `w` Cohen's effect size of the whole variable, `p` of the chi²
    test that answering does not depend on it.
    """

    categories: tuple[str, ...]
    asked: Array
    answered: Array
    difference: Array
    relative: Array
    w: float
    p: float


@dataclass(frozen=True, slots=True)
class NonResponse:
    """`needed` is true where the rate is below 85 %: the report then shows the variables."""

    rate: float
    needed: bool
    variables: Mapping[str, Bias]


def bias(frame: Mapping[str, Mapping[str, tuple[int, int]]]) -> NonResponse:
    """Who is missing among those who answered: {variable: {category: (asked, answered)}}.

    Every variable divides the same people, so their sums have to agree. Errors: BadInput.
    Source: NCES Statistical Standards 4-4 (2012); Cohen (1988), Statistical Power Analysis, chapter 7.
    """
    if not frame:
        raise BadInput("frame has no variable to compare by")
    sums = {
        variable: tuple(sum(pair[side] for pair in of.values()) for side in (0, 1))
        for variable, of in frame.items()
    }
    if len(set(sums.values())) > 1:
        raise BadInput(f"the variables do not divide the same people: (asked, answered) are {sums}")
    asked, answered = next(iter(sums.values()))
    if not asked:
        raise BadInput("frame: nobody was asked")
    rate = answered / asked
    found = {variable: _bias(variable, of, rate) for variable, of in frame.items()}
    return NonResponse(rate, rate < ANALYSIS_BELOW, found)


def _bias(variable: str, of: Mapping[str, tuple[int, int]], rate: float) -> Bias:
    names = (f"answered of {variable}", f"asked of {variable}")
    answered, asked = parts([pair[1] for pair in of.values()], [pair[0] for pair in of.values()], names)
    share_asked = asked / asked.sum()
    share = answered / answered.sum() if answered.sum() else np.zeros_like(asked)
    difference = share - share_asked
    relative = np.divide(difference, share_asked, out=np.zeros_like(asked), where=share_asked > 0)
    known = share_asked > 0
    w = float(np.sqrt((difference[known] ** 2 / share_asked[known]).sum()))
    p = 1.0
    if known.sum() > 1 and 0 < rate < 1:
        p = float(
            stats.chi2_contingency([answered[known], (asked - answered)[known]], correction=False).pvalue
        )
    return Bias(tuple(of), share_asked, share, difference, relative, w, p)


def _rate(
    complete: Any,
    partial: Any,
    refusal: Any,
    noncontact: Any,
    other: Any,
    household: Any,
    unknown: Any,
    e: Any,
) -> Any:
    i, p, r, nc, o, uh, uo, share = counts(
        complete=complete, partial=partial, refusal=refusal, noncontact=noncontact, other=other,
        unknown_household=household, unknown_other=unknown, e=e,
    )  # fmt: skip
    refuse(share > 1, "e", share, "is above 1: it is a share")
    asked = (i + p) + (r + nc + o) + share * (uh + uo)
    return plain(np.divide(i, asked, out=np.zeros_like(asked), where=asked > 0))

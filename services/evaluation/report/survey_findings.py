"""What the analysis of a survey finds, as it may be shown: a figure is None where it is not shown or not to be had,
and `why` then says the reason; nothing is ever NaN. Shares are 0 to 1, means in points of their scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..methods.release import Status

#: What splits respondents into groups.
Split = Literal["mode", "language"]


@dataclass(frozen=True, slots=True)
class NonResponse:
    """Whether those who answered are like those asked, `by` stratum: Cohen's `w`, and `p` of the chi² test. `needed` is
    true where fewer than 85 % answered; `groups` counts the strata compared, small ones taken together."""

    needed: bool
    by: str = ""
    groups: int = 0
    w: float | None = None
    p: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """`complete` and `partial` sheets are the `answered`; `silent` households sent nothing back. `share` is answered
    of asked; `took_part` of `districts` invited households, and `multistage` is that share times RR1.

    `status` says how the figures may be shown; "bound" has only `share_high` or `share_low`.
    """

    status: Status
    asked: int | None = None
    answered: int | None = None
    complete: int | None = None
    partial: int | None = None
    silent: int | None = None
    e: float = 1.0
    rr1: float | None = None
    rr3: float | None = None
    rr5: float | None = None
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    took_part: int | None = None
    districts: int | None = None
    multistage: float | None = None
    bias: NonResponse | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Margin:
    """One variable that the weights were made to agree with. Of its `categories`, `joined` had too few respondents and
    were taken together, `empty` of these none at all."""

    variable: str
    categories: int
    joined: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class Weighting:
    """`kind`: none; "file", weights that came with the answers; "raked" to the margins within `limits`.

    `least` and `greatest` are weights of mean 1, `difference` the greatest distance of a weighted share from its
    margin; n answers are worth `effective_n` = n / `design_effect` of a simple sample.
    """

    kind: Literal["none", "file", "raked"]
    margins: tuple[Margin, ...] = ()
    limits: tuple[float, float] | None = None
    converged: bool | None = None
    iterations: int | None = None
    difference: float | None = None
    least: float | None = None
    greatest: float | None = None
    design_effect: float | None = None
    effective_n: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval."""

    n: int | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Cronbach's alpha with Feldt's interval, and omega; `why_omega` where that alone cannot be computed."""

    alpha: float | None = None
    low: float | None = None
    high: float | None = None
    omega: float | None = None
    missing: str = "pairwise"
    warnings: tuple[str, ...] = ()
    why: str = ""
    why_omega: str = ""


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """`mean` is after turning round; `item_rest` the correlation with the mean of the scale's other items."""

    name: str
    scale: str
    reversed: bool
    wording: str
    n: int | None = None
    mean: float | None = None
    item_rest: float | None = None
    alpha_if_dropped: float | None = None
    warning: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ScaleFinding:
    """`plain` counts every answer once, `weighted` by its weight with the design effect in the interval; None where
    there are no weights."""

    name: str
    points: tuple[float, float]
    plain: Mean
    weighted: Mean | None
    reliability: Reliability
    items: tuple[ItemFinding, ...]


@dataclass(frozen=True, slots=True)
class GroupMean:
    """`difference` from the group `against`, the largest, with Welch's interval; unweighted."""

    mean: Mean
    against: str = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Respondents of one mode or language; "" are those of whom it is not known. `n` is None where it is hidden."""

    split: Split
    name: str
    n: int | None
    scales: Mapping[str, GroupMean]


@dataclass(frozen=True, slots=True)
class ActivityFinding:
    """`k` of `n` families did it, with Wilson's interval; with a bound, or a rate alone, `n` and `k` are None."""

    name: str
    wording: str
    status: Status
    n: int | None = None
    k: int | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None
    weighted: float | None = None
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class SurveyFindings:
    """`why` says the reason where nothing but the response is shown. `n` counts the responses analysed."""

    title: str
    source: str
    least: int
    n: int | None
    rates: Rates
    weighting: Weighting
    scales: tuple[ScaleFinding, ...] = ()
    groups: tuple[Group, ...] = ()
    activities: tuple[ActivityFinding, ...] = ()
    left_out: Mapping[str, int] | None = None
    why: str = ""

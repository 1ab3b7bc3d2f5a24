"""Exemplary programmes (37-3-71): a written rule names districts to be looked at, and people decide.

The rule asks for more than a high rate, since a high rate can be luck, an easy start, or a district that records only
what went well. Each criterion is met, not met, or cannot be judged yet; only what is not met speaks against a
district, but without certified data nothing speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Criteria:
    """`certified`: the least share of the class-months due that the district has certified as reported. `q`: the false
    discovery rate. `distance`: whether the estimate must lie beyond the funnel's limit, q be below, either or both.
    `improved` and `gap` switch these two off."""

    certified: float = 0.9
    q: float = 0.05
    distance: Literal["either", "limit", "q", "both"] = "either"
    improved: bool = True
    gap: bool = True


#: The indicators of a programme that the rule is asked for.
RULED = ("pledges_signed", "classes_on_time", "folders_returned", "survey_response")

#: The rule as it stands unless somebody chooses otherwise.
WRITTEN_RULE = Criteria()


@dataclass(frozen=True, slots=True)
class Standing:
    """One district on one indicator. None: not known, such as last year's figures in the first year.

    `limit`: the funnel's upper limit for a district of its size; `state`: the rate it stands around. `improvement`: the
    interval of the change since last year. `gap`: the distance between its best and its worst school, this year and
    last. `before`: whether it met this rule last year, in what that year can be judged by alone.
    """

    district: str
    indicator: str
    certified: float
    estimate: float
    limit: float
    state: float
    q: float
    improvement: tuple[float, float] | None = None
    gap: tuple[float, float] | None = None
    before: bool | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`met` is None where it cannot be judged yet."""

    criterion: str
    met: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`named`: the rule names the district; whether it is an example is for people to decide."""

    district: str
    indicator: str
    named: bool
    findings: tuple[Finding, ...]


def judge(standing: Standing, criteria: Criteria) -> Judgement:
    """Named is who meets every criterion that can be judged; data and distance have to be judged and met."""
    findings = (
        _certified(standing, criteria),
        _distance(standing, criteria),
        *([_improved(standing)] if criteria.improved else []),
        *([_gap(standing)] if criteria.gap else []),
        _two_years(standing),
    )
    named = (
        findings[0].met is True
        and findings[1].met is True
        and all(each.met is not False for each in findings)
    )
    return Judgement(standing.district, standing.indicator, named, findings)


#: The ways in which the rule is changed, one at a time, to see how much hangs on each part of it.
VARIANTS: Mapping[str, Callable[[Criteria], Criteria]] = {
    "the rule": lambda rule: rule,
    "certified to three quarters": lambda rule: replace(rule, certified=0.75),
    "certified to the last class-month": lambda rule: replace(rule, certified=1.0),
    "q below .01": lambda rule: replace(rule, q=0.01),
    "q below .10": lambda rule: replace(rule, q=0.10),
    "beyond the limit, whatever q": lambda rule: replace(rule, distance="limit"),
    "q alone": lambda rule: replace(rule, distance="q"),
    "beyond the limit and q": lambda rule: replace(rule, distance="both"),
    "without improvement": lambda rule: replace(rule, improved=False),
    "without the gap": lambda rule: replace(rule, gap=False),
}


def sensitivity(standings: Sequence[Standing], criteria: Criteria) -> dict[str, frozenset[tuple[str, str]]]:
    """{variant: the (district, indicator) that it names}"""
    return {
        name: frozenset(
            (each.district, each.indicator) for each in standings if judge(each, change(criteria)).named
        )
        for name, change in VARIANTS.items()
    }


def _certified(standing: Standing, criteria: Criteria) -> Finding:
    share = f"{standing.certified:.0%} of the class-months due are certified as reported"
    return Finding(
        "certified",
        standing.certified >= criteria.certified,
        f"{share}; {criteria.certified:.0%} are asked for",
    )


def _distance(standing: Standing, criteria: Criteria) -> Finding:
    beyond = standing.estimate > standing.limit
    # q is two-sided: far below the state it is as small.
    unlikely = standing.q < criteria.q and standing.estimate > standing.state
    met = {"either": beyond or unlikely, "limit": beyond, "q": unlikely, "both": beyond and unlikely}
    text = (
        f"the estimate {standing.estimate:.3f} is {'above' if beyond else 'within'} the limit {standing.limit:.3f}; "
        f"q = {standing.q:.3f}, and it lies {'above' if standing.estimate > standing.state else 'not above'} the state"
    )
    return Finding("distance", met[criteria.distance], text)


def _improved(standing: Standing) -> Finding:
    if standing.improvement is None:
        return Finding("improved", None, "there is no earlier year to compare with")
    low, high = standing.improvement
    return Finding("improved", low > 0, f"the change since last year is from {low:+.3f} to {high:+.3f}")


def _gap(standing: Standing) -> Finding:
    if standing.gap is None:
        return Finding("gap", None, "the distance between its schools is not known for two years")
    now, before = standing.gap
    return Finding("gap", now <= before, f"its schools lie {now:.3f} apart, last year {before:.3f}")


def _two_years(standing: Standing) -> Finding:
    if standing.before is None:
        return Finding("two years", None, "there is one year of data")
    return Finding(
        "two years", standing.before, "last year it " + ("did" if standing.before else "did not") + " as well"
    )

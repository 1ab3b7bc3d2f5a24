"""Who the rule names, why, and how much hangs on each part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.evaluation.report.exemplary import VARIANTS, Criteria, Standing, judge, sensitivity

RULE = Criteria()
GOOD = Standing(
    district="d1", indicator="pledges_signed", certified=0.95, estimate=0.91, limit=0.85, state=0.72, q=0.001,
    improvement=(0.01, 0.06), gap=(0.10, 0.12), before=True,
)  # fmt: skip


def unmet(standing: Standing, criteria: Criteria = RULE) -> list[str]:
    return [finding.criterion for finding in judge(standing, criteria).findings if finding.met is False]


def test_who_meets_everything_is_named_with_the_reasons() -> None:
    judgement = judge(GOOD, RULE)
    assert judgement.named
    assert [finding.text for finding in judgement.findings] == [
        "95% of the class-months due are certified as reported; 90% are asked for",
        "the estimate 0.910 is above the limit 0.850; q = 0.001, and it lies above the state",
        "the change since last year is from +0.010 to +0.060",
        "its schools lie 0.100 apart, last year 0.120",
        "last year it did as well",
    ]


@pytest.mark.parametrize(
    ("change", "criterion"),
    [
        ({"certified": 0.89}, "certified"),
        ({"estimate": 0.84, "q": 0.05}, "distance"),
        ({"estimate": 0.40, "state": 0.72}, "distance"),
        ({"improvement": (-0.001, 0.05)}, "improved"),
        ({"gap": (0.13, 0.12)}, "gap"),
        ({"before": False}, "two years"),
    ],
)
def test_one_criterion_that_is_not_met_is_enough(change: dict[str, Any], criterion: str) -> None:
    standing = replace(GOOD, **change)
    assert unmet(standing) == [criterion]
    assert not judge(standing, RULE).named


def test_what_cannot_be_judged_in_the_first_year_speaks_against_nobody() -> None:
    first_year = replace(GOOD, improvement=None, gap=None, before=None)
    judgement = judge(first_year, RULE)
    assert judgement.named
    assert [finding.criterion for finding in judgement.findings if finding.met is None] == [
        "improved",
        "gap",
        "two years",
    ]


def test_the_table_shows_what_each_part_of_the_rule_decides() -> None:
    standings = [
        GOOD,
        replace(GOOD, district="partly certified", certified=0.8),
        replace(GOOD, district="all certified", certified=1.0),
        replace(GOOD, district="q of .03, inside", q=0.03, estimate=0.84),
        replace(GOOD, district="q of .07, inside", q=0.07, estimate=0.84),
        replace(GOOD, district="q of .07, beyond", q=0.07),
        replace(GOOD, district="not improved", improvement=(-0.02, 0.02)),
        replace(GOOD, district="wider", gap=(0.2, 0.1)),
    ]
    found = {
        name: {district for district, _ in named} for name, named in sensitivity(standings, RULE).items()
    }
    rule = {"d1", "all certified", "q of .03, inside", "q of .07, beyond"}
    assert found == {
        "the rule": rule,
        "certified to three quarters": rule | {"partly certified"},
        "certified to the last class-month": {"all certified"},
        "q below .01": rule - {"q of .03, inside"},
        "q below .10": rule | {"q of .07, inside"},
        "beyond the limit, whatever q": rule - {"q of .03, inside"},
        "q alone": rule - {"q of .07, beyond"},
        "beyond the limit and q": {"d1", "all certified"},
        "without improvement": rule | {"not improved"},
        "without the gap": rule | {"wider"},
    }
    assert list(found) == list(VARIANTS)


def test_either_distance_is_enough_and_far_below_is_none() -> None:
    assert judge(replace(GOOD, estimate=0.84), RULE).named
    assert judge(replace(GOOD, q=0.2), RULE).named
    assert not judge(replace(GOOD, estimate=0.40), RULE).named

"""The analysis of a survey: response, weights, scales and items, groups of respondents, activities. Pure.

Guarantee: every figure may be shown. Nothing rests on fewer than `rules.least` persons, and what a small group's figure
could be had from by subtraction is hidden with it. Nothing is NaN: what cannot be computed, or shown, says why.
"""

from __future__ import annotations

from typing import Any

from ..methods.release import STATE_RULES, Rules
from ..methods.reliability import Missing
from .survey_data import Activity, Asked, Coded, Item, SurveyData
from .survey_findings import Rates, SurveyFindings, Weighting
from .survey_groups import activities, groups, release, scale_shown
from .survey_response import rates, weigh
from .survey_scales import scale_finding

__all__ = ["Activity", "Asked", "Coded", "Item", "SurveyData", "SurveyFindings", "analyse"]


def analyse(
    data: SurveyData, asked: Asked, rules: Rules = STATE_RULES, missing: Missing = "pairwise"
) -> SurveyFindings:
    """`missing` says how reliability takes sheets with gaps: by the pairs of items answered, or whole sheets only."""
    response = rates(data, asked, rules)
    about: dict[str, Any] = {
        "title": data.title,
        "source": data.source,
        "least": rules.least,
        "left_out": dict(data.left_out),
    }
    if data.responses < rules.least:
        why = (
            f"Fewer than {rules.least} families answered, so that nothing can be computed from their answers."
        )
        return SurveyFindings(**about, n=None, rates=response, weighting=Weighting("none", why=why), why=why)
    scores = {scale: data.scores(scale) for scale in data.scales}
    allowed = release(data, scores, rules)
    if allowed is None:
        why = "Nothing of the answers can be shown without telling those of a few families."
        return SurveyFindings(
            **about, n=None, rates=Rates("hidden", why=why), weighting=Weighting("none", why=why), why=why
        )
    weighting, weights = weigh(data, asked, rules)
    return SurveyFindings(
        **about,
        n=data.responses,
        rates=response,
        weighting=weighting,
        scales=tuple(
            scale_finding(data, scale, weights, scale_shown(allowed, scale), rules.least, missing)
            for scale in data.scales
        ),
        groups=groups(data, scores, allowed),
        activities=activities(data, weights, allowed),
    )

"""The days on which a student is in one class, told span by span: {first day: last day, or None to the class's end}.

The roster names a span by its first day, and never tells two spans of a student and class that overlap or touch.
"""

from __future__ import annotations

from services.evaluation.school_year import day_before

Spans = dict[str, str | None]


def left(spans: Spans, last_day: str) -> Spans:
    """The spans after word that `last_day` was the last one of the span that it ends: the last one to begin by the
    day after. A last day before the first means that the span never was."""
    begun = [first for first in spans if day_before(first) <= last_day]
    if not begun:
        return spans
    first = max(begun)
    others = {begins: ends for begins, ends in spans.items() if begins != first}
    return {**others, first: last_day} if first <= last_day else others

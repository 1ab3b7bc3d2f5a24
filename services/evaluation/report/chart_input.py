"""What charts refuse to draw: what is no number, and words that nobody has given a look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..methods.inputs import BadInput
from .chart_style import VERDICTS


def check(
    kind: str,
    rows: Sequence[Any] | Mapping[str, Any],
    low: float,
    high: float,
    *fields: str,
    hidden: bool = False,
) -> None:
    """Raise BadInput, naming row and field, for what is no number from `low` to `high`, None too but with `hidden`."""
    for place, row in _placed(rows):
        for field in fields:
            value = getattr(row, field)
            if value is not None or not hidden:
                check_number(f"{kind}[{place!r}].{field}", value, low, high)


def check_number(name: str, value: Any, low: float, high: float) -> None:
    number = not isinstance(value, bool) and isinstance(value, int | float | np.number)
    if not number or not np.isfinite(value) or not low <= value <= high:
        within = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of {low:g} or more"
        raise BadInput(f"{name} = {value!r} is no number {within}")


def check_verdicts(kind: str, rows: Sequence[Any] | Mapping[str, Any]) -> None:
    for place, row in _placed(rows):
        if row.verdict not in VERDICTS:
            raise BadInput(f"{kind}[{place!r}].verdict = {row.verdict!r} is none of {', '.join(VERDICTS)}")


def _placed(rows: Sequence[Any] | Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    return rows.items() if isinstance(rows, Mapping) else enumerate(rows)

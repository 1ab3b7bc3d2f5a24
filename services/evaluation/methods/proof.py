"""What solutions that were found on the way prove of expressions that were not asked about."""

from __future__ import annotations

from typing import Any

import numpy as np

#: How far from a whole number an optimum may be and still be one.
ROUNDING = 1e-4
#: Whole numbers may narrow a span of so many widths below the width.
NARROW = 3


class Proof:
    """The least and greatest value of each expression in the solutions seen: its span is no narrower."""

    def __init__(self, expressions: Any, widths: Any) -> None:
        self._expressions, self._widths = expressions, widths
        #: Over all solutions, and over the whole ones.
        self._low, self._high = np.full((2, widths.size), np.inf), np.full((2, widths.size), -np.inf)

    def see(self, point: Any, whole: Any) -> None:
        """`whole`: for each expression whether its unknowns are whole there. NaN in a point proves nothing."""
        values = self._expressions @ point
        for kind, valid in enumerate((~np.isnan(values), ~np.isnan(values) & whole)):
            self._low[kind][valid] = np.minimum(self._low[kind][valid], np.ceil(values[valid] - ROUNDING))
            self._high[kind][valid] = np.maximum(self._high[kind][valid], np.floor(values[valid] + ROUNDING))

    def enough(self, small: Any) -> Any:
        """Where whole numbers may narrow a span (`small`), fractions must prove more than the width."""
        seen = self._high - self._low
        wide = np.where(small, seen[0] > NARROW * self._widths, seen[0] >= self._widths)
        return wide | (seen[1] >= self._widths)

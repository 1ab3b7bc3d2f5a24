"""Districts compared, as it may be published."""

from __future__ import annotations

from marshmallow import fields

from .evaluation import AsOf, Unit
from .shape import Answer


class Compared(Answer):
    """One figure as it may be published: proportions from 0 to 1, null where they are not shown."""

    status = fields.String(
        metadata={
            "description": "shown; rate only (10 to 20 persons); bound (at most 5 % or at least 95 %); hidden",
            "enum": ["shown", "rate only", "bound", "hidden"],
        }
    )
    n = fields.Integer(allow_none=True, metadata={"description": "of how many"})
    rate = fields.Float(allow_none=True, metadata={"description": "as recorded, rounded"})
    at_least = fields.Float(allow_none=True, metadata={"description": "of a bound: the rate is not below it"})
    at_most = fields.Float(allow_none=True, metadata={"description": "of a bound: the rate is not above it"})
    verdict = fields.String(
        allow_none=True,
        metadata={"description": "consistent with the state, above, below, or too few data"},
    )
    estimate = fields.Float(
        allow_none=True,
        metadata={"description": "the rate, drawn to the state's mean as far as it is uncertain"},
    )
    low = fields.Float(allow_none=True, metadata={"description": "of the 95 % interval of the estimate"})
    high = fields.Float(allow_none=True, metadata={"description": "of the 95 % interval of the estimate"})
    reliability = fields.Float(
        allow_none=True,
        metadata={"description": "0: the estimate is the state's mean; 1: the district's own rate"},
    )
    rank = fields.List(
        fields.Integer(),
        allow_none=True,
        metadata={"description": "the best and the worst rank that the data allow, at 95 %"},
    )
    example = {
        "status": "shown", "n": 912, "rate": 0.75, "at_least": None, "at_most": None,
        "verdict": "consistent with the state", "estimate": 0.749, "low": 0.721, "high": 0.776, "reliability": 0.98,
        "rank": [31, 72],
    }  # fmt: skip


class DistrictIndicators(AsOf):
    """A district compared with the state."""

    district = fields.Nested(Unit)
    indicators = fields.Dict(keys=fields.String(), values=fields.Nested(Compared))
    example = {
        "district": Unit.example, **AsOf.example, "indicators": {"pledges_signed": Compared.example},
    }  # fmt: skip


class Indicator(Answer):
    """One indicator: its definition, the state's figure, and the verdicts on the districts."""

    indicator = fields.String()
    clause = fields.String(metadata={"description": "of the Mississippi Code"})
    numerator = fields.String()
    denominator = fields.String()
    state = fields.Nested(Compared)
    mean = fields.Float(allow_none=True, metadata={"description": "that estimates are drawn towards"})
    variance_between = fields.Float(metadata={"description": "of the districts' proportions, beyond chance"})
    verdicts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "districts by verdict"}
    )
    example = {
        "indicator": "pledges_signed", "clause": "37-3-67(a)",
        "numerator": "enrolled students for whom a signed pledge stands", "denominator": "enrolled students",
        "state": {
            **Compared.example, "n": 481677, "rate": 0.727, "verdict": None, "estimate": 0.7266, "low": 0.7253,
            "high": 0.7279, "reliability": 1.0, "rank": None,
        },
        "mean": 0.731, "variance_between": 0.0069,
        "verdicts": {"above": 1, "below": 4, "consistent with the state": 139},
    }  # fmt: skip


class IndicatorList(AsOf):
    """Every indicator of the programme that is measured."""

    data = fields.List(fields.Nested(Indicator))
    next = fields.String(allow_none=True, metadata={"description": "always null: they fit one page"})
    example = {**AsOf.example, "data": [Indicator.example], "next": None}

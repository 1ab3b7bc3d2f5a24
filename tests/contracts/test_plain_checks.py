"""The plain checks of contracts: where they say yes, marshmallow says yes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import RAISE, Schema, ValidationError, fields, validates, validates_schema

from alliance import contracts
from alliance.contracts.checks import surely_valid

EVERY = list(contracts.contracts())

#: What a caller, a bug or another release could put in the place of a value.
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**6),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from(
        ["", "2026-27", "2026-28", "2026-09", "2026-13", "2026-02-30", "2026-09-01", "20260901", "2026-W01-1"]
    ),
    st.sampled_from(["2026-09-01T00:00", "en", "xx", "web", "a" * 65, "a" * 201, "٢٠٢٦-٠٩-٠١"]),
    st.binary(max_size=2),
    st.lists(st.one_of(st.text(max_size=2), st.integers(0, 3), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Where something else can be put: every field, every element, and a field too many, at every depth."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        found = [(value, key) for key in (*value, "surprise")]
    elif isinstance(value, list):
        found = [(value, index) for index in range(len(value))]
    return found + [deeper for place, key in found if key != "surprise" for deeper in places(place[key])]


@pytest.mark.parametrize("contract", EVERY, ids=lambda each: f"{each.type}-v{each.version}")
@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_what_they_let_pass_marshmallow_accepts(contract: contracts.Contract, drawn: st.DataObject) -> None:
    schema = contract.schema(unknown=RAISE)
    data: dict[Any, Any] = copy.deepcopy(dict(contract.example))
    for _ in range(drawn.draw(st.integers(0, 2))):
        place, key = drawn.draw(st.sampled_from(places(data)))
        if drawn.draw(st.booleans()):
            place[key] = drawn.draw(odd)
        elif isinstance(place, dict):
            place.pop(key, None)
    if surely_valid(schema)(data):
        assert schema.validate(data) == {}


def test_they_know_what_most_events_are_made_of() -> None:
    # Else every event would be asked about twice.
    known = {each.type for each in EVERY if surely_valid(each.schema(unknown=RAISE))(each.example)}
    assert {"PledgeSigned", "FolderSent", "FolderReturned", "StudentEnrolled", "ClassRegistered"} <= known
    # Those with the largest data, where marshmallow takes longest.
    assert {"OutcomeImported", "PeriodCertified", "ReportIssued"} <= known


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**400, "1", True])
def test_a_number_is_finite_and_no_text(value: Any) -> None:
    class Measured(Schema):
        score = fields.Float(required=True)

    assert surely_valid(Measured(unknown=RAISE))({"score": 354})
    assert not surely_valid(Measured(unknown=RAISE))({"score": value})


class Narrow(Schema):
    count = fields.Integer(required=True)

    @validates("count")
    def _small(self, value: int, data_key: str) -> None:
        if value > 3:
            raise ValidationError("too many")


class Paired(Schema):
    low = fields.Integer(required=True)
    high = fields.Integer(required=True)

    @validates_schema
    def _ordered(self, data: dict[str, int], **_: Any) -> None:
        if data["low"] > data["high"]:
            raise ValidationError("the wrong way round")


class Renamed(Schema):
    count = fields.Integer(required=True, data_key="number")
    only_told = fields.Integer(dump_only=True)


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (Narrow, {"count": 2}),
        (Paired, {"low": 1, "high": 2}),
        (Renamed, {"number": 1}),
        (Renamed, {"only_told": 1}),
    ],
)
def test_where_a_schema_has_rules_of_its_own_they_say_nothing(
    schema: type[Schema], data: dict[str, int]
) -> None:
    assert not surely_valid(schema(unknown=RAISE))(data)

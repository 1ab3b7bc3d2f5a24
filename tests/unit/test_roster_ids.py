"""Opaque ids and households."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32decode
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.roster import schoolyear
from services.roster.households import households
from services.roster.opaque import OpaqueIds, opaque_id


def test_an_id_is_the_first_80_bits_of_the_hmac_in_base32() -> None:
    id_ = opaque_id(b"key", "student", "sis", "p-1")
    assert re.fullmatch(r"[a-z2-7]{16}", id_)
    assert b32decode(id_.upper()) == hmac.new(b"key", b"student:sis:p-1", hashlib.sha256).digest()[:10]


def test_another_key_kind_source_or_sourced_id_gives_another_id() -> None:
    ids = {
        opaque_id(b"key", "student", "sis", "p-1"),
        opaque_id(b"other", "student", "sis", "p-1"),
        opaque_id(b"key", "guardian", "sis", "p-1"),
        opaque_id(b"key", "student", "other", "p-1"),
        opaque_id(b"key", "student", "sis", "p-2"),
    }
    assert len(ids) == 5


def test_the_key_is_in_no_representation() -> None:
    assert "hidden" not in repr(OpaqueIds("sis", b"hidden"))


def heads(*links: tuple[str, str]) -> dict[str, str]:
    frame = pl.DataFrame(list(links), schema={"student": pl.String, "guardian": pl.String}, orient="row")
    return dict(households(frame).rows())


def test_children_of_one_guardian_are_one_household() -> None:
    assert heads(("a", "g2"), ("b", "g2"), ("c", "g3")) == {"a": "g2", "b": "g2", "c": "g3"}


def test_half_siblings_join_two_families() -> None:
    assert heads(("a", "g1"), ("b", "g1"), ("b", "g2"), ("c", "g2")) == {"a": "g1", "b": "g1", "c": "g1"}


def test_no_links_no_household() -> None:
    assert heads() == {}


_links = st.lists(
    st.tuples(st.sampled_from("abcdefjk"), st.sampled_from(["g1", "g2", "g3", "g4", "g5", "g6"])), max_size=14
)


@given(_links, st.randoms())
def test_households_are_the_connected_components_whatever_the_order(
    links: list[tuple[str, str]], order: object
) -> None:
    groups: list[set[str]] = []
    for link in links:
        touched = [group for group in groups if group & set(link)]
        groups = [group for group in groups if not group & set(link)] + [set(link).union(*touched)]
    expected = {
        name: min(member for member in group if member.startswith("g"))
        for group in groups
        for name in group
        if not name.startswith("g")
    }
    shuffled = list(links)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert heads(*shuffled) == expected


@pytest.mark.parametrize(
    ("written", "year"),
    [
        ("2027", "2026-27"),
        ("2026-27", "2026-27"),
        ("2026-2027", "2026-27"),
        ("2000", "1999-00"),
        ("26/27", None),
    ],
)
def test_a_school_year_is_named_by_where_it_ends(written: str, year: str | None) -> None:
    assert schoolyear.parse(written) == year


def test_a_school_year_begins_in_july() -> None:
    assert schoolyear.school_year_of(date(2026, 6, 30)) == "2025-26"
    assert schoolyear.school_year_of(date(2026, 7, 1)) == "2026-27"
    assert schoolyear.between(date(2026, 8, 6), date(2027, 5, 26)) == "2026-27"
    assert schoolyear.usual_days("2026-27") == (date(2026, 8, 1), date(2027, 5, 31))

"""A token belongs to one survey of one deployment, and survives being typed from paper."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import Invalid, Refused
from services.surveys import tokens

SECRET = b"secret"
RANDOM = st.binary(min_size=10, max_size=10)


def test_a_token_is_five_groups_of_four_without_letters_that_are_read_two_ways() -> None:
    assert re.fullmatch(
        r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", tokens.make(SECRET, "v-1", b"\xff" * 10)
    )


@given(RANDOM, RANDOM)
def test_each_random_number_is_another_token(one: bytes, other: bytes) -> None:
    assert (tokens.make(SECRET, "v-1", one) == tokens.make(SECRET, "v-1", other)) == (one == other)


@given(RANDOM)
def test_the_digest_is_the_sha_256_of_the_twenty_characters(random: bytes) -> None:
    token = tokens.make(SECRET, "v-1", random)

    assert tokens.digest(SECRET, "v-1", token) == hashlib.sha256(token.replace("-", "").encode()).hexdigest()


@given(RANDOM)
def test_typing_it_in_small_letters_without_hyphens_or_with_look_alikes_is_the_same_token(
    random: bytes,
) -> None:
    token = tokens.make(SECRET, "v-1", random)
    typed = f"  {token.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}\n"

    assert tokens.digest(SECRET, "v-1", typed) == tokens.digest(SECRET, "v-1", token)


@given(RANDOM)
def test_a_token_does_not_belong_to_another_survey_nor_to_another_deployment(random: bytes) -> None:
    token = tokens.make(SECRET, "v-1", random)
    # Four characters agree by chance once in a million; then both would be another token's.
    for secret, survey in ((SECRET, "v-2"), (b"other", "v-1")):
        if tokens.make(secret, survey, random) != token:
            with pytest.raises(Refused, match="does not belong to this survey"):
                tokens.digest(secret, survey, token)


def test_a_mistyped_letter_is_told_from_a_spent_token() -> None:
    token = tokens.make(SECRET, "v-1", bytes(range(10)))
    mistyped = ("2" if token[0] != "2" else "3") + token[1:]

    with pytest.raises(Refused, match="does not belong to this survey"):
        tokens.digest(SECRET, "v-1", mistyped)


@pytest.mark.parametrize(
    "text", ["", "7H2K", "7H2K-9QWE-5TVX-0BCD-M3NU", "7H2K-9QWE-5TVX-0BCD-M3NP-A", "é" * 20]
)
def test_what_cannot_be_a_token_is_invalid_and_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.digest(SECRET, "v-1", text)
    assert refused.value.errors[0]["field"] == "token"


@pytest.mark.parametrize("size", [0, 9, 11])
def test_too_little_randomness_makes_no_token(size: int) -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        tokens.make(SECRET, "v-1", b"x" * size)

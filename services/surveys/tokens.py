"""Invitation tokens: twenty characters that a parent can type from paper, `7H2K-9QWE-5TVX-0BCD-M3NP`.

Sixteen random characters (80 bits) and four that authenticate them for one survey of one deployment. The
four only tell a foreign token from a spent one; what lets somebody answer is that the ledger knows the
token's digest, and 80 random bits can be neither guessed nor found back from it.
"""

from __future__ import annotations

import hashlib
import hmac

from alliance.errors import Invalid, Refused

#: Bytes of randomness in one token.
RANDOM_BYTES = 10

#: Crockford's base 32: no I, L, O or U, so that nothing on paper is read two ways.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110", "- \t\n\r")
_RANDOM_LENGTH = 16
_LENGTH = 20


def make(secret: bytes, survey: str, randomness: bytes) -> str:
    """The token made of RANDOM_BYTES bytes of `randomness`, which must come from a source fit for secrets."""
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"a token takes {RANDOM_BYTES} random bytes, not {len(randomness)}")
    number = int.from_bytes(randomness)
    random = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_RANDOM_LENGTH))
    token = random + _seal(secret, survey, random)
    return "-".join(token[start : start + 4] for start in range(0, _LENGTH, 4))


def digest(secret: bytes, survey: str, token: str) -> str:
    """What the ledger knows a token of this survey by: its SHA-256 in hex.

    Case, blanks and hyphens do not matter. Raises Invalid for what cannot be a token, Refused for a token of
    another survey or deployment, and for one mistyped.
    """
    plain = token.upper().translate(_READ_AS)
    if len(plain) != _LENGTH or not set(plain) <= set(_ALPHABET):
        raise Invalid(
            "This is not an invitation token; type the twenty letters and digits of the invitation.",
            errors=[
                {
                    "field": "token",
                    "message": "must be twenty letters and digits, like 7H2K-9QWE-5TVX-0BCD-M3NP",
                }
            ],
        )
    random, seal = plain[:_RANDOM_LENGTH], plain[_RANDOM_LENGTH:]
    if not hmac.compare_digest(seal, _seal(secret, survey, random)):
        raise Refused(
            "This token does not belong to this survey; check each letter, and which survey it invites to.",
            errors=[{"field": "token", "message": "does not belong to this survey"}],
        )
    return hashlib.sha256(plain.encode()).hexdigest()


def _seal(secret: bytes, survey: str, random: str) -> str:
    mac = hmac.digest(secret, f"survey token\n{survey}\n{random}".encode(), "sha256")
    return "".join(_ALPHABET[byte & 31] for byte in mac[: _LENGTH - _RANDOM_LENGTH])

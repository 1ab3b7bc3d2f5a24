"""The errors of Alliance, one small tree.

AllianceError                what a caller can act on; becomes an RFC 9457 problem
├── Malformed        400     the body cannot be read at all
├── Unauthenticated  401     no token, or one that is not valid
├── Forbidden        403     a valid token without the right, or of another org unit
├── NotFound         404     no such thing, as of a stated position
├── Refused          409     a rule of the programme says no
│   └── WrongVersion 409     somebody else was first; the decider tries again
├── Stale            412     the If-Match version is not the current one
├── TooLarge         413     the body is above its limit
├── Unsupported      415     a content type that this address does not read
├── Invalid          422     a field is missing, unknown or out of range
├── KeyReused        422     an Idempotency-Key that came with another command
└── Unavailable      503     a needed part is away; try again after `retry_after` seconds
    └── TooNew       503     the stream has an event of a newer release

Diverged                     two logs claim one position: an operator must look, no caller can mend it
UnknownContract              an event type or version that this code does not know: parked, never dropped
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

FieldError = Mapping[str, str]


class AllianceError(Exception):
    """An error with a problem document; `detail` says what is wrong and what to do about it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.retry_after = retry_after

    def to_problem(self) -> dict[str, Any]:
        """The RFC 9457 document; `errors` lists {"field", "message"} when single fields are at fault."""
        problem: dict[str, Any] = {
            "type": f"urn:alliance:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            problem["errors"] = self.errors
        if self.retry_after is not None:
            problem["retry_after"] = self.retry_after
        return problem


class Malformed(AllianceError):
    status, code, title = 400, "malformed", "The request cannot be read"


class Unauthenticated(AllianceError):
    status, code, title = 401, "unauthenticated", "A valid token is needed"


class Forbidden(AllianceError):
    status, code, title = 403, "forbidden", "This token may not do that"


class NotFound(AllianceError):
    status, code, title = 404, "not-found", "There is no such thing here"


class Refused(AllianceError):
    status, code, title = 409, "refused", "A rule of the programme refuses this"


class WrongVersion(Refused):
    code, title = "wrong-version", "Somebody else changed this first"


class Stale(AllianceError):
    status, code, title = 412, "stale", "This is no longer the current version"


class TooLarge(AllianceError):
    status, code, title = 413, "too-large", "The body is too large"


class Unsupported(AllianceError):
    status, code, title = 415, "unsupported-media-type", "This content type is not read here"


class Invalid(AllianceError):
    status, code, title = 422, "invalid", "Some fields need mending"


class KeyReused(AllianceError):
    status, code, title = 422, "idempotency-key-reused", "This Idempotency-Key belongs to another command"


class Unavailable(AllianceError):
    status, code, title = 503, "unavailable", "A needed part is not available"

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), retry_after: int | None = 1
    ) -> None:
        super().__init__(detail, errors=errors, retry_after=retry_after)


class TooNew(Unavailable):
    """One stream cannot be read by this release; the others can."""


class Diverged(Exception):
    """Two different events claim one position of one log: reading on would mix two histories."""


class UnknownContract(Exception):
    """No contract for this (type, version); the event is parked until code that knows it runs."""


_BY_CODE: dict[str, type[AllianceError]] = {
    error.code: error
    for error in (
        AllianceError, Malformed, Unauthenticated, Forbidden, NotFound, Refused, WrongVersion, Stale,
        TooLarge, Unsupported, Invalid, KeyReused, Unavailable,
    )
}  # fmt: skip


def from_problem(problem: Mapping[str, Any]) -> AllianceError:
    """The error that `to_problem` was called on, as another process sees it."""
    code = str(problem.get("type", "")).rpartition(":")[2]
    error = _BY_CODE.get(code, AllianceError)
    return error(
        str(problem.get("detail", problem.get("title", "unknown error"))),
        errors=problem.get("errors", ()),
        retry_after=problem.get("retry_after"),
    )

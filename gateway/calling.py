"""The one way from a request to a service: who asks, may they, as which command, and the call."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from flask import g, request

from alliance.client import SECONDS, ServiceClient
from alliance.context import TRACEPARENT, Caller, Context
from alliance.errors import Invalid, Unauthenticated, Unavailable

from . import permissions
from .limits import KEY_CHARACTERS
from .parts import parts

#: Command ids are derived within this namespace; changing it would make every repeat look new.
NAMESPACE = UUID("0d3c7a52-6f5e-4f0b-9b1e-3c5d8a7e4f10")

#: Seconds that a command may take which touches every household of a district.
LONG_SECONDS = 30.0

#: Seconds within which a service has to say that it is ready before it is given a long command.
READY_SECONDS = 1.0

#: Seconds for which a service waits, at most, for the positions that a read asks for.
AT_LEAST_SECONDS = 2.0

_VISIBLE = re.compile(rf"[\x20-\x7e]{{1,{KEY_CHARACTERS}}}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def caller_of_request() -> Caller:
    """Who sent this request; without an Authorization header, a family. Raises Unauthenticated for a bad token."""
    header = request.headers.get("Authorization")
    if header is None:
        return Caller(permissions.FAMILY)
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("The Authorization header is not of the form: Bearer alliance_…")
    token = parts().tokens.find(secret.strip())
    if token is None:
        raise Unauthenticated("This token is not known, has expired or was revoked; ask for a new one.")
    return token.caller


def authorise(operation: str) -> None:
    """Let the request's caller be the one whom later calls are made for; raises unless it may do `operation`."""
    g.caller = caller_of_request()
    permissions.require(g.caller.role, operation)
    g.operation = operation


def ask(body: dict[str, Any], *, seconds: float = SECONDS) -> dict[str, Any]:
    """The answer of a service to this request's read; with `at_least`, after the service has waited for it."""
    asking, at_least = context(g.caller, uuid4(), keyed=False), g.get("at_least")
    if not at_least:
        return call(g.operation, body, asking, seconds=seconds)
    waiting = seconds + AT_LEAST_SECONDS
    name = g.operation.partition(".")[0]
    if name == "evaluation":
        # It reads its figures and their positions in one transaction.
        return call(g.operation, {**body, "at_least": at_least}, asking, seconds=waiting)
    _service(name, waiting).call("reach", {"at_least": at_least}, asking, seconds=waiting)
    return call(g.operation, body, asking, seconds=seconds)


def ask_as(caller: Caller, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """The same for a caller who did not come with a bearer token, but is signed in to the pages."""
    return call(operation, body, context(caller, uuid4(), keyed=False))


def run(body: dict[str, Any], *, prover: str = "", seconds: float = SECONDS) -> tuple[dict[str, Any], int]:
    """What became of a command, with 201, or with 200 when it was a repeat or changed nothing.

    `prover` is what a caller without a token proves itself by, so that no two families share a command id.
    """
    soon = seconds <= SECONDS
    result = call(g.operation, body, command_context(prover), seconds=seconds, together=soon)
    return result, 201 if result.get("created", True) else 200


def call(
    operation: str,
    body: dict[str, Any],
    context: Context,
    *,
    seconds: float = SECONDS,
    file: Path | None = None,
    together: bool = False,
) -> dict[str, Any]:
    """Every call of a service passes here, and so the table of permissions. A command that is soon done may go
    `together` with others."""
    permissions.require(context.caller.role, operation)
    name, _, method = operation.partition(".")
    service = _service(name, seconds)
    if file is not None:
        return service.upload(method, file, body, context, seconds=seconds)
    if together:
        return service.command(method, body, context)
    return service.call(method, body, context, seconds=seconds)


def _service(name: str, seconds: float) -> ServiceClient:
    """The service; Unavailable when it is not ready for a call that may take long and would only be waited for."""
    service = parts().services[name]
    if seconds > SECONDS and not service.ready(seconds=READY_SECONDS):
        raise Unavailable(f"The {name} service does not answer; try again shortly.")
    return service


def command_context(prover: str = "") -> Context:
    """The context of this request's command; the same Idempotency-Key of the same caller gives the same id."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return context(g.caller, uuid4(), keyed=False)
    if not _VISIBLE.fullmatch(key):
        raise Invalid(
            f"The Idempotency-Key cannot be used; send 1 to {KEY_CHARACTERS} visible ASCII characters, such as a UUID.",
            errors=[
                {
                    "field": "Idempotency-Key",
                    "message": f"must be 1 to {KEY_CHARACTERS} visible ASCII characters",
                }
            ],
        )
    who = g.caller.token or hashlib.sha256(prover.encode()).hexdigest()
    return context(g.caller, uuid5(NAMESPACE, "\n".join((who, g.operation, key))), keyed=True)


def chunk_context(whole: Context, chunk: int) -> Context:
    """The context of chunk `chunk` of a bulk body; its items derive theirs from it."""
    return replace(whole, command_id=uuid5(whole.command_id, f"chunk {chunk}"))


def context(caller: Caller, command_id: UUID, *, keyed: bool) -> Context:
    traceparent = request.headers.get("traceparent", "")
    return Context(
        caller=caller,
        command_id=command_id,
        keyed=keyed,
        now=parts().clock(),
        correlation_id=correlation_id(),
        traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else None,
    )


def correlation_id() -> str:
    """The X-Request-ID that the caller gave, if it is a plain one, else a new id; one per request."""
    if "correlation_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.correlation_id = given if _REQUEST_ID.fullmatch(given) else str(uuid4())
    return str(g.correlation_id)

"""A long piece of work in a process of its own, called by an edge: the edge stays responsive, and the memory goes back
to the system afterwards. Standard input has {"body", "context"}, standard output one JSON object: {"result"} or
{"problem"}."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from . import logs
from .context import Context
from .errors import AllianceError, Unavailable, from_problem
from .settings import Settings

Operation = Callable[[dict[str, Any], Context], dict[str, Any]]


def call(module: str, body: dict[str, Any], context: Context, *, interrupted: str) -> dict[str, Any]:
    """The result of `python -m module`, or the AllianceError that it raised there; other green threads run meanwhile.

    `interrupted` is what the caller is told when the child was killed, e.g. when the machine's memory was at its end.
    """
    from eventlet.green import subprocess  # an edge alone has eventlet

    asked = msgspec.json.encode({"body": body, "context": context.to_dict()})
    child = subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = child.communicate(asked)
    if child.returncode < 0:
        raise Unavailable(interrupted)
    if child.returncode > 0:
        raise AllianceError("The operation failed; the operators' log has the reason.")
    answer = msgspec.json.decode(output)
    if "problem" in answer:
        raise from_problem(answer["problem"])
    result: dict[str, Any] = answer["result"]
    return result


def serve(part: str, operation: Callable[[Settings], Operation]) -> None:
    """What the child does: the one call that standard input has."""
    settings = Settings.load()
    logs.configure(part, settings.log_level)
    asked = msgspec.json.decode(sys.stdin.buffer.read())
    context = Context.from_dict(asked["context"])
    logs.bind(context.correlation_id, context.traceparent)
    answer: dict[str, Any]
    try:
        answer = {"result": operation(settings)(asked["body"], context)}
    except AllianceError as error:
        answer = {"problem": error.to_problem()}
    sys.stdout.buffer.write(msgspec.json.encode(answer))

"""Structured logs: one JSON object a line, with the correlation and trace id of its request, and never a name."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, unbind_contextvars

from .context import TRACEPARENT, Context

log = structlog.get_logger()


def configure(part: str, level: str = "INFO") -> None:
    """Log to standard error. Other libraries' records pass through the same renderer, from WARNING on."""

    def say_part(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # Not a context variable: each thread, and each of an edge's workers, starts without those of the others.
        return {"part": part, **event}

    shared: list[structlog.typing.Processor] = [
        say_part,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # nameko repeats every exception of a worker with its traceback; the edge logs those that matter, once.
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)


def bind(correlation_id: str, traceparent: str | None) -> None:
    """From here to `unbind` every line of this thread, or green thread, carries the ids of its request."""
    unbind()
    trace = _trace_id(traceparent)
    bind_contextvars(correlation_id=correlation_id, **({"trace_id": trace} if trace else {}))


def unbind() -> None:
    unbind_contextvars("correlation_id", "trace_id")


def ids(context: Context) -> dict[str, str | None]:
    """The ids of one command's request, for a line that can be written while those of another one are bound.

    None for what the system does by itself, also where a request set it off: an anonymous response must not be
    joined with the request that happened to bring it to the log.
    """
    if context.caller.role == "system":
        return {"correlation_id": None, "trace_id": None}
    return {"correlation_id": context.correlation_id, "trace_id": _trace_id(context.traceparent)}


def _trace_id(traceparent: str | None) -> str | None:
    # A header can hold anything, a name too: whatever is no traceparent is not written down.
    found = TRACEPARENT.fullmatch(traceparent or "")
    return found[1] if found else None

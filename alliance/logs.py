"""Structured logs: one JSON object a line, with the trace and event ids that were bound, and never a name."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

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

"""A file on its way to a service: to a file piece by piece, never in memory, and gone afterwards."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from flask import g, request

from alliance.errors import Malformed

from . import limits
from .calling import call, command_context
from .parts import parts
from .reading import pieces, unsupported

ZIP = "application/zip"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a file of published results comes as.
RESULTS = ("text/csv", WORKBOOK, ZIP)

#: Seconds that an import may take; a busy machine needs half an hour for a whole state's half a million students.
IMPORT_SECONDS = 3600.0
#: And an import of results: some thousand rows.
RESULTS_SECONDS = 120.0


def import_bundle(options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Hand the request's body to the roster, with the options of the query."""
    if request.mimetype != ZIP:
        raise unsupported(request.mimetype, ZIP)
    return _hand_over(
        options,
        limits.ROSTER_BYTES,
        IMPORT_SECONDS,
        "The body is empty; send the zip of a OneRoster CSV bundle.",
    )


def import_outcomes(options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Hand a file of results to evaluation."""
    if request.mimetype not in RESULTS:
        raise unsupported(request.mimetype, *RESULTS)
    return _hand_over(
        options, limits.RESULTS_BYTES, RESULTS_SECONDS, "The body is empty; send the file of results itself."
    )


def _hand_over(options: dict[str, Any], most: int, seconds: float, empty: str) -> tuple[dict[str, Any], int]:
    context = command_context()
    # Names may be inside: readable by the gateway alone, and removed whatever happens.
    descriptor, name = tempfile.mkstemp(prefix="upload-", dir=parts().uploads)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces(most):
                file.write(piece)
            if not file.tell():
                raise Malformed(empty)
        result = call(g.operation, options, context, seconds=seconds, file=path)
    finally:
        path.unlink(missing_ok=True)
    return result, 201 if result.get("created", True) else 200

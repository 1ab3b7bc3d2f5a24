"""A roster bundle on its way to the roster: to a file piece by piece, never in memory, and gone afterwards."""

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

#: Seconds that an import may take; a whole state has half a million students.
IMPORT_SECONDS = 1800.0


def import_bundle(options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Hand the request's body to the roster, with the options of the query."""
    if request.mimetype != ZIP:
        raise unsupported(request.mimetype, ZIP)
    context = command_context()
    # Names are inside: readable by the gateway alone, and removed whatever happens.
    descriptor, name = tempfile.mkstemp(suffix=".zip", prefix="roster-", dir=parts().uploads)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces(limits.ROSTER_BYTES):
                file.write(piece)
            if not file.tell():
                raise Malformed("The body is empty; send the zip of a OneRoster CSV bundle.")
        result = call(g.operation, options, context, seconds=IMPORT_SECONDS, file=path)
    finally:
        path.unlink(missing_ok=True)
    return result, 201 if result.get("created", True) else 200

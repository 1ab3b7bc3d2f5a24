"""An import in a process of its own, called by the edge (`alliance/child_process.py`): the frames of a whole state
would stay in the edge's memory."""

from __future__ import annotations

from typing import Any

from alliance import child_process
from alliance.context import Context


def import_in_child(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """The result of `import_roster`, or the AllianceError that it raised there."""
    interrupted = "The import was interrupted; send the same bundle again, it goes on where it stopped."
    return child_process.call(__name__, body, context, interrupted=interrupted)


if __name__ == "__main__":
    from .app import build

    child_process.serve("roster-import", lambda settings: build(settings).import_roster)

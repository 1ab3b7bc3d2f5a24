"""A report in a process of its own, called by the edge (`alliance/child_process.py`): charts and pages take a minute of
computing and some hundred megabytes."""

from __future__ import annotations

from typing import Any

from alliance import child_process
from alliance.context import Context


def report_in_child(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """The result of `issue_report`, or the AllianceError that it raised there."""
    interrupted = "The report was interrupted; ask for it again: nothing of it was recorded."
    return child_process.call(__name__, body, context, interrupted=interrupted)


if __name__ == "__main__":
    from .app import build

    child_process.serve("report", lambda settings: build(settings).issue_report)

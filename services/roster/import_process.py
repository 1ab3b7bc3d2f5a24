"""An import in a process of its own: `python -m services.roster.import_process`, called by the edge.

The edge stays responsive, and the memory of a state's frames goes back to the system afterwards. Standard input has
{"body", "context"}, standard output one JSON object: {"result"} or {"problem"}.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from alliance.context import Context
from alliance.errors import AllianceError, Unavailable, from_problem


def import_in_child(body: dict[str, Any], context: Context) -> dict[str, Any]:
    """The result of `import_roster`, or the AllianceError that it raised there; other green threads run meanwhile."""
    from eventlet.green import subprocess  # the edge alone has eventlet

    call = msgspec.json.encode({"body": body, "context": context.to_dict()})
    child = subprocess.Popen(
        [sys.executable, "-m", "services.roster.import_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    output, _ = child.communicate(call)
    if child.returncode < 0:  # killed, e.g. when the machine's memory was at its end
        raise Unavailable(
            "The import was interrupted; send the same bundle again, it goes on where it stopped."
        )
    if child.returncode > 0:
        raise AllianceError("The import failed; the operators' log has the reason.")
    answer = msgspec.json.decode(output)
    if "problem" in answer:
        raise from_problem(answer["problem"])
    result: dict[str, Any] = answer["result"]
    return result


def main() -> None:
    from alliance import logs
    from alliance.settings import Settings

    from .app import build

    settings = Settings.load()
    logs.configure("roster-import", settings.log_level)
    call = msgspec.json.decode(sys.stdin.buffer.read())
    app = build(settings)
    context = Context.from_dict(call["context"])
    logs.bind(context.correlation_id, context.traceparent)
    answer: dict[str, Any]
    try:
        answer = {"result": app.import_roster(call["body"], context)}
    except AllianceError as error:
        answer = {"problem": error.to_problem()}
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()

"""The example service behind an edge: `python -m tests.conformance.example_edge PORT SECRET FLAG`."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

from nameko.runners import ServiceRunner  # noqa: E402

from alliance import logs  # noqa: E402
from alliance.context import Context  # noqa: E402
from alliance.edge import App, Edge, operation, upload, uploaded  # noqa: E402
from tests.conformance.example_service import Example  # noqa: E402

Body = dict[str, Any]


class ExampleEdge(Edge):
    name = "example"
    app = App(lambda settings: Example(settings.flag))

    @operation
    def say(self, body: Body, context: Context) -> Body:
        return self.app.say(body, context)

    @operation
    def fail(self, body: Body, context: Context) -> Body:
        return self.app.fail(body, context)

    @operation
    def crash(self, body: Body, context: Context) -> Body:
        raise ZeroDivisionError

    @operation
    def sleep(self, body: Body, context: Context) -> Body:
        eventlet.sleep(body["seconds"])
        return {}

    @upload
    def weigh(self, body: Body, context: Context) -> Body:
        with uploaded(body["path"]):
            return self.app.weigh(body, context)


if __name__ == "__main__":
    port, secret, flag = sys.argv[1:]
    logs.configure("example-edge")
    settings = SimpleNamespace(edge_secret=secret, flag=Path(flag))
    runner = ServiceRunner({"settings": settings, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"})
    runner.add_service(ExampleEdge)
    runner.start()
    runner.wait()

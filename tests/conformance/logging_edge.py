"""An edge that logs while several requests are under way: `python -m tests.conformance.logging_edge PORT VAR`."""

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
from collections import Counter  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import structlog  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402

from alliance import logs  # noqa: E402
from alliance.context import Context  # noqa: E402
from alliance.database import Database  # noqa: E402
from alliance.decider import Command, Commands  # noqa: E402
from alliance.edge import App, Edge, operation  # noqa: E402
from alliance.log import Log  # noqa: E402
from alliance.migrations import upgrade  # noqa: E402
from tests.builders import OFFERS, Offer, stream  # noqa: E402

Body = dict[str, Any]
log = structlog.get_logger()


class Offers:
    """Offers texts to students. Those that `meet` somewhere wait for each other, and then fail."""

    def __init__(self, var: str) -> None:
        self.database = Database(f"sqlite:///{var}/offers.db")
        upgrade(self.database, "pledges")
        self._commands = Commands(Log(self.database, "pledges"), OFFERS)
        self._come: Counter[str] = Counter()

    def offer(self, body: Body, context: Context) -> Body:
        command = Command(stream(body["student"]), Offer(body["student"], "a"), "d1", context, body)
        return {"position": self._commands.run(command).position}

    def refuse(self, body: Body, context: Context) -> Body:
        def beside(_: object) -> None:
            raise ZeroDivisionError

        command = Command(stream(body["student"]), Offer(body["student"], "a"), "d1", context, body, beside)
        return {"position": self._commands.run(command).position}

    def meet(self, body: Body, context: Context) -> Body:
        log.info("come", who=body["who"])
        self._come[body["where"]] += 1
        while self._come[body["where"]] < body["together"]:
            eventlet.sleep(0.01)
        log.info("met", who=body["who"])
        raise ZeroDivisionError


class LoggingEdge(Edge):
    name = "logging"
    app = App(lambda settings: Offers(settings.var))

    @operation
    def offer(self, body: Body, context: Context) -> Body:
        return self.app.offer(body, context)

    @operation
    def refuse(self, body: Body, context: Context) -> Body:
        return self.app.refuse(body, context)

    @operation
    def meet(self, body: Body, context: Context) -> Body:
        return self.app.meet(body, context)


if __name__ == "__main__":
    port, var = sys.argv[1:]
    logs.configure("logging-edge")
    settings = SimpleNamespace(edge_secret="secret", var=var)
    runner = ServiceRunner({"settings": settings, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"})
    runner.add_service(LoggingEdge)
    runner.start()
    runner.wait()

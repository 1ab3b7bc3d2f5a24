"""A real part in a process of its own, with something done to it first:

python -m tests.faults.matrix.child [OPTIONS] -- WORDS      (WORDS as after `alliance`)

--step PART:STEP --marker FILE   write the step's name to FILE where it is reached, and die there by SIGKILL
--stop-at PART:STEP              the same by SIGSTOP, once
--deliveries FILE                the receiver adds a line for each batch: the positions of pledges that it got
--clock FILE                     the wall clock is wrong by as many seconds as FILE says, looked up each time
--breaks STUDENT:KIND,…          the fold of this student's pledge raises an Exception or a BaseException
--newer                          a later release: PledgeSigned has version 2, with an upcaster from 1
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--step")
    asked.add_argument("--stop-at")
    asked.add_argument("--marker", type=Path)
    asked.add_argument("--deliveries", type=Path)
    asked.add_argument("--clock", type=Path)
    asked.add_argument("--breaks")
    asked.add_argument("--newer", action="store_true")
    asked.add_argument("words", nargs="+")
    options = asked.parse_args()
    edge = options.words[0] == "serve" and options.words[1] != "gateway"
    if edge:
        # Its patches have to come before any other import.
        import alliance.edge_process
    from . import steps

    if options.step:
        part, _, step = options.step.partition(":")
        steps.STEPS[part][step](lambda: die(options.marker, options.step))
    if options.stop_at:
        part, _, step = options.stop_at.partition(":")
        steps.STEPS[part][step](_once(lambda: stop(options.marker, options.stop_at)))
    if options.deliveries:
        record(options.deliveries)
    if options.breaks:
        break_fold(dict(each.split(":") for each in options.breaks.split(",")))
    if options.newer:
        from .newer import install

        install()
    if edge:
        run: Callable[[], Any] = lambda: alliance.edge_process.main(options.words[1])  # noqa: E731
    elif options.words[:2] == ["serve", "gateway"]:
        run = gateway
    else:
        run = command(options.words)
    if options.clock:
        from .clock import install as install_clock

        install_clock(options.clock)
    run()


def command(words: list[str]) -> Callable[[], Any]:
    from alliance.cli import main as alliance_main

    sys.argv = ["alliance", *words]
    return alliance_main


def gateway() -> None:
    """As `alliance serve gateway` does it, without a new interpreter: the worker is forked with what was done here."""
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

    from alliance.settings import Settings

    settings = Settings.load()
    config = ["--config", "python:gateway.gunicorn", "--bind", f"{settings.host}:{settings.port}"]
    sys.argv = ["gunicorn", *config, "gateway.wsgi:build()"]
    run()


def die(marker: Path, step: str) -> None:
    _mark(marker, step)
    os.kill(os.getpid(), signal.SIGKILL)


def stop(marker: Path, step: str) -> None:
    _mark(marker, step)
    os.kill(os.getpid(), signal.SIGSTOP)


def _mark(marker: Path, step: str) -> None:
    with marker.open("a") as file:
        file.write(f"{step}\n")
        file.flush()
        os.fsync(file.fileno())


def _once(do: Callable[[], None]) -> Callable[[], None]:
    left = [do]
    return lambda: left.pop()() if left else None


def record(path: Path) -> None:
    from alliance.envelope import from_json
    from alliance.receiver import Delivery, Receiver

    from .steps import SOURCE, before, nothing

    def note(self: Receiver, deliveries: list[Delivery]) -> bool:
        if self.source == SOURCE:
            with path.open("a") as file:
                file.write(" ".join(str(from_json(each.body).position) for each in deliveries) + "\n")
        return False

    before(Receiver, "receive", nothing, note)


class Worse(BaseException):
    """Not an Exception, as eventlet's Timeout is not."""


def break_fold(kinds: dict[str, str]) -> None:
    from services.evaluation.projections.participation import Participation

    original = Participation.fold

    def fold(self: Participation, rows: Any, event: Any) -> None:
        original(self, rows, event)
        kind = kinds.get(event.data["student"]) if event.type.startswith("Pledge") else None
        if kind is not None:
            raise (ZeroDivisionError("by a bug") if kind == "Exception" else Worse("by a timeout"))

    Participation.fold = fold  # type: ignore[method-assign]


if __name__ == "__main__":
    main()

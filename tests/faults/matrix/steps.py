"""The named steps at which a part is killed, and how a child process is made to die there. The product has no hooks:
each step wraps the function that begins or ends it.

command     before append · committed, not answered
relay       read · published, not confirmed · confirmed, checkpoint not moved · checkpoint moved
receiver    got · committed, not acknowledged · acknowledged
projector   locked · folded · stored, not committed · committed
rebuild     prepared · replayed · compared · exchanged, not committed · committed
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

Die = Callable[[], None]
Install = Callable[[Die], None]

#: The source and the projection whose steps are meant, in processes that have several.
SOURCE, PROJECTION = "pledges", "participation"


def before(owner: Any, name: str, die: Die, when: Callable[..., bool] = lambda *_: True) -> None:
    """Die where `owner.name` is called."""
    original = getattr(owner, name)

    def wrapped(*args: Any, **options: Any) -> Any:
        if when(*args):
            die()
        return original(*args, **options)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, die: Die, when: Callable[..., bool] = lambda *_: True) -> None:
    """Die where `owner.name` has returned; `when` gets its result and its arguments."""
    original = getattr(owner, name)

    def wrapped(*args: Any, **options: Any) -> Any:
        result = original(*args, **options)
        if when(result, *args):
            die()
        return result

    setattr(owner, name, wrapped)


def nothing() -> None:
    """Where only the condition is wanted: it is asked at each call."""


def _keyed(_log: Any, tickets: Any) -> bool:
    return any(ticket.append.context.keyed for ticket in tickets)


def _command_before_append(die: Die) -> None:
    from alliance.log import Log

    before(Log, "_commit", die, _keyed)


def _command_committed(die: Die) -> None:
    from alliance.log import Log

    after(Log, "_commit", die, lambda _outcomes, log, tickets: _keyed(log, tickets))


def _relay_read(die: Die) -> None:
    from alliance.broker import Publisher

    before(Publisher, "publish", die)


def _relay_published(die: Die) -> None:
    from alliance.broker import Publisher

    left: list[Any] = []

    def count(_self: Any, events: Any) -> bool:
        left.extend(events)
        return False

    before(Publisher, "publish", nothing, count)
    after(Publisher, "_send", nothing, lambda *_: bool(left.pop()))
    before(Publisher, "_await", die, lambda *_: not left)


def _relay_confirmed(die: Die) -> None:
    from alliance import checkpoints

    before(checkpoints, "move", die)


def _relay_moved(die: Die) -> None:
    from alliance.relay import Relay

    after(Relay, "step", die, lambda published, _relay: published > 0)


_here = threading.local()


def _note_source() -> None:
    """An acknowledgement does not say of which source it is; the thread that receives does."""
    from alliance.receiver import Receiver

    def note(self: Receiver, _deliveries: Any) -> bool:
        _here.source = self.source
        return False

    before(Receiver, "receive", nothing, note)


def _receiver_got(die: Die) -> None:
    from alliance.receiver import Receiver

    before(Receiver, "receive", die, lambda self, _deliveries: self.source == SOURCE)


def _receiver_committed(die: Die) -> None:
    from kombu.transport.pyamqp import Channel

    _note_source()
    before(Channel, "basic_ack", die, lambda *_: getattr(_here, "source", "") == SOURCE)


def _receiver_acknowledged(die: Die) -> None:
    from kombu.transport.pyamqp import Channel

    _note_source()
    after(Channel, "basic_ack", die, lambda *_: getattr(_here, "source", "") == SOURCE)


def _projector_locked(die: Die) -> None:
    from sqlalchemy import select

    from alliance import projector
    from alliance.journal import journal_head

    def waits(position: int, connection: Any, checkpoint: str) -> bool:
        return (
            checkpoint.startswith(PROJECTION)
            and connection.scalar(select(journal_head.c.position)) > position
        )

    after(projector, "lock", die, waits)


def _projector_folded(die: Die) -> None:
    from alliance import projector

    before(
        projector,
        "store",
        die,
        lambda _connection, tables, _rows: any(t.name.startswith(PROJECTION) for t in tables.values()),
    )


def _projector_stored(die: Die) -> None:
    from alliance.projector import Projector

    after(Projector, "_advance", die, lambda _none, self, *_: self.projection.name == PROJECTION)


def _projector_committed(die: Die) -> None:
    from alliance.projector import Projector

    after(Projector, "step", die, lambda passed, self, *_: passed > 0 and self.projection.name == PROJECTION)


def _small_steps() -> Any:
    """So that a rebuild of some thousand events goes the whole way of one of millions."""
    rebuild: Any = importlib.import_module("alliance.rebuild")
    rebuild.BATCH, rebuild.CLOSE = 100, 500
    return rebuild


def _rebuild_prepared(die: Die) -> None:
    before(_small_steps(), "_replay", die)


def _rebuild_replayed(die: Die) -> None:
    after(_small_steps(), "_replay", die)


def _rebuild_compared(die: Die) -> None:
    before(_small_steps(), "_exchange", die)


def _rebuild_exchanged(die: Die) -> None:
    after(_small_steps(), "_exchange", die)


def _rebuild_committed(die: Die) -> None:
    rebuild = _small_steps()
    exchanged: list[bool] = []

    def note(*_: Any) -> bool:
        exchanged.append(True)
        return False

    after(rebuild, "_exchange", nothing, note)
    before(rebuild, "_drop", die, lambda *_: bool(exchanged))


#: By part, in the order of the work; `rebuild` is no part but a command.
STEPS: dict[str, dict[str, Install]] = {
    "pledges": {"before append": _command_before_append, "committed, not answered": _command_committed},
    "relay-pledges": {
        "read": _relay_read,
        "published, not confirmed": _relay_published,
        "confirmed, checkpoint not moved": _relay_confirmed,
        "checkpoint moved": _relay_moved,
    },
    "receiver": {
        "got": _receiver_got,
        "committed, not acknowledged": _receiver_committed,
        "acknowledged": _receiver_acknowledged,
    },
    "projector": {
        "locked": _projector_locked,
        "folded": _projector_folded,
        "stored, not committed": _projector_stored,
        "committed": _projector_committed,
    },
    "rebuild": {
        "prepared": _rebuild_prepared,
        "replayed": _rebuild_replayed,
        "compared": _rebuild_compared,
        "exchanged, not committed": _rebuild_exchanged,
        "committed": _rebuild_committed,
    },
}

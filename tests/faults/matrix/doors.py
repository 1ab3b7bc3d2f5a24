"""A door between clients and a server (asyncio, a thread of its own): a network that breaks, or swallows.

    cut         every connection is reset
    half open   what clients send is swallowed; what the server sends still comes through
    black hole  nothing comes through either way, and nobody is told; new connections are taken, and are as silent

What is swallowed is not lost: it comes late, when the network is well again, as TCP delivers it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

#: struct linger: on, for 0 seconds.
_NOW = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Connection:
    """One client's connection: when it was opened, and when the client closed it (monotonic clock)."""

    opened: float
    left: float | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


class Door:
    """Listens at `port`, forwards to a port of this machine. Safe to use from any thread."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self.port = 0
        self.connections: list[Connection] = []
        self._loop = asyncio.new_event_loop()
        self._there, self._back = asyncio.Event(), asyncio.Event()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut(self) -> None:
        self._call(self._cut)

    def half_open(self) -> None:
        self._call(self._there.clear)

    def black_hole(self) -> None:
        self._call(self._there.clear)
        self._call(self._back.clear)

    def flow(self) -> None:
        self._call(self._there.set)
        self._call(self._back.set)

    def standing(self, at: float) -> list[Connection]:
        """The connections that stood at a moment."""
        return [
            each
            for each in list(self.connections)
            if each.opened <= at and (each.left is None or each.left > at)
        ]

    def _call(self, do: Callable[[], Any]) -> None:
        done = threading.Event()

        def run() -> None:
            do()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait(10)

    async def _listen(self) -> None:
        self._there.set()
        self._back.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._there.set()
        self._back.set()
        self._cut()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    def _cut(self) -> None:
        for connection in self.connections:
            for writer in connection.writers:
                if not writer.is_closing():
                    # Closed without a lingering rest, a socket sends a reset.
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(time.monotonic(), writers=[writer])
        self.connections.append(connection)
        try:
            to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            connection.left = time.monotonic()
            return
        connection.writers.append(to_server[1])
        there = asyncio.create_task(self._pump(reader, to_server[1], self._there, connection))
        back = asyncio.create_task(self._pump(to_server[0], writer, self._back, None))
        await asyncio.wait({there, back})

    async def _pump(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        gate: asyncio.Event,
        noted: Connection | None,
    ) -> None:
        """Reads on while the gate is shut: that a client has gone is seen at once, though nobody is told."""
        held: asyncio.Queue[bytes] = asyncio.Queue()
        forwarding = asyncio.create_task(_forward(held, target, gate))
        try:
            while data := await source.read(65536):
                held.put_nowait(data)
        except OSError:
            pass
        if noted is not None:
            noted.left = time.monotonic()
        held.put_nowait(b"")
        await forwarding


async def _forward(held: asyncio.Queue[bytes], target: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    """Until b"", which stands for the end; the end is behind the gate as well."""
    try:
        while data := await held.get():
            await gate.wait()
            target.write(data)
            await target.drain()
        await gate.wait()
    except OSError:
        pass
    target.close()

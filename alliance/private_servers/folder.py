"""The folder of a private server: locked while its owner lives, emptied of leftovers before use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from .process import PrivateServerError

PREFIX = "alliance-private-"
#: What our servers consist of. A shell or an editor opened in the folder is not ours to stop.
PROGRAMS = {"postgres", "beam.smp", "epmd", "erl_child_setup", "inet_gethost"}


class Folder:
    """A locked folder: temporary (removed on release) or kept (where a path is given)."""

    def __init__(self, kind: str, path: Path | None, user: str | None) -> None:
        self.temporary = path is None
        if path is None:
            path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}-"))
        path.mkdir(parents=True, exist_ok=True)
        self.path = path.resolve()
        if user is not None:
            shutil.chown(self.path, user)
        self._lock = self._take()
        stop_leftovers(self.path)

    def _take(self) -> IO[str]:
        final = self.path / "lock"
        if not final.exists():
            # Locked before it is seen under its name, so that no other run takes it for abandoned.
            new = self.path / f"lock.{os.getpid()}"
            lock = new.open("w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(final)
            return lock
        lock = final.open("r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PrivateServerError(f"{self.path} is in use by another run; stop that one first") from None
        return lock

    def release(self) -> None:
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def stop_leftovers(folder: Path) -> None:
    """Kill the server processes that work in `folder`, and wait until they are gone."""
    deadline = time.monotonic() + 10
    while pids := list(_working_in(folder)):
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise PrivateServerError(f"processes {pids} in {folder} do not end")
        time.sleep(0.05)


def sweep() -> None:
    """Remove what crashed runs have left in the temporary folder: their processes and their files."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (folder / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop_leftovers(folder)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, another user's, or not yet locked for the first time
            continue


def kept_secret(path: Path, user: str | None) -> str:
    """The secret in the file, made on first use; only its user may read it."""
    if not path.exists():
        path.touch(0o600)
        path.write_text(secrets.token_hex(16))
        if user is not None:
            shutil.chown(path, user)
    return path.read_text()


def _working_in(folder: Path) -> Iterable[int]:
    """Server processes (not their zombies) whose working folder is `folder` or below it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = Path(os.readlink(entry / "cwd").removesuffix(" (deleted)"))
            program = Path(os.readlink(entry / "exe").removesuffix(" (deleted)")).name
        except OSError:  # gone meanwhile, a zombie, or another user's
            continue
        if program in PROGRAMS and where.is_relative_to(folder):
            yield int(entry.name)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

"""`make serve`: the distributed form on one machine, each part of the Procfile a process under honcho.

    servers (private, unless the settings name some) -> migrations -> parts

The private servers and their data are kept under `<ALLIANCE_VAR>/servers`, so that a restart goes on where the
last run stopped. Data that has to lie elsewhere is named there, and is never used by another folder. One part that
ends stops all: the terminal shows which and why.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.process import Process

from alliance.database import Database
from alliance.private_servers import PrivatePostgres, PrivateRabbitMQ, PrivateServerError
from alliance.private_servers.folder import stop_leftovers
from alliance.settings import SERVICES, Settings
from gateway import sessions
from gateway.first_sight import state_token
from gateway.tokens import Tokens

ROOT = Path(__file__).parents[1]
#: Where a private server's folder goes when the server's user cannot reach ALLIANCE_VAR (root's home, say).
REACHABLE = Path("/var/lib/alliance")
#: Beside the folder that was to hold the data: names the one that holds it instead.
MOVED = ".moved"
PR_SET_PDEATHSIG = 1
#: Seconds until every part is ready, before the terminal says that something is late.
READY_SECONDS = 60


def main() -> int:
    # An exception, as Ctrl-C, so that everything entered so far is left in order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    settings = Settings.load()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Parts buffer what they print unless told otherwise, and the terminal would show it late.
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        with ExitStack() as stack:
            stack.enter_context(_pid_file(settings.var / "serve.pid"))
            os.environ.update(_servers(stack, settings.var))
            _write_environment(settings.var / "servers" / "environment")
            subprocess.run(["alliance", "migrate"], check=True)
            return _run_parts(Settings.load())
    except PrivateServerError as error:
        print(error, file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"{shlex.join(error.cmd)} failed", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


@contextmanager
def _pid_file(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _servers(stack: ExitStack, var: Path) -> dict[str, str]:
    """Start what is not given; return the variables that name it."""
    folder = var / "servers"
    exported = {"ALLIANCE_VAR": str(var)}
    owners = (*SERVICES, "gateway")
    if not _given("DATABASE_URL") and not all(_given(f"{owner.upper()}_DATABASE_URL") for owner in owners):
        print("starting PostgreSQL ...", flush=True)
        postgres = stack.enter_context(PrivatePostgres(reachable(folder / "postgresql", "postgres")))
        for name in owners:
            postgres.create_database(name)
        exported["ALLIANCE_DATABASE_URL"] = postgres.database_url("{service}")
    if not _given("BROKER_URL"):
        print("starting RabbitMQ ...", flush=True)
        exported["ALLIANCE_BROKER_URL"] = stack.enter_context(PrivateRabbitMQ(folder / "rabbitmq")).url
    return exported


def _given(setting: str) -> bool:
    return any(os.environ.get(f"ALLIANCE_{setting}{form}") for form in ("", "_FILE"))


def reachable(folder: Path, user: str) -> Path:
    """`folder`, or for root, where the server's own user cannot reach it, a new folder that is `folder`'s alone.

    It stays the same for as long as the marker beside `folder` is there. Data moved for a `folder` that was removed
    since is not found again: it was written under a secret key that went with that folder.
    """
    if os.geteuid() != 0:
        return folder
    moved = _moved(folder)
    if moved is None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.chown(folder, user)
        tried = subprocess.run(["test", "-w", str(folder)], user=user, extra_groups=[], check=False)
        if tried.returncode == 0:
            return folder
        REACHABLE.mkdir(parents=True, exist_ok=True)
        prefix = str(folder).strip("/").replace("/", "-")
        moved = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=REACHABLE))
        folder.with_suffix(MOVED).write_text(f"{moved}\n")
    print(f"the user {user} cannot reach {folder}; its data is kept in {moved}")
    return moved


def remove(var: Path) -> None:
    """Remove a data folder, and with it the data that was moved out of it."""
    for marker in (var / "servers").glob(f"*{MOVED}"):
        moved = _moved(marker)
        if moved is not None:
            # A server that outlived its run would otherwise go on in a folder that nobody knows of any more.
            stop_leftovers(moved)
            shutil.rmtree(moved, ignore_errors=True)
    shutil.rmtree(var, ignore_errors=True)


def _moved(folder: Path) -> Path | None:
    """The folder that holds the data of `folder` in its place."""
    marker = folder.with_suffix(MOVED)
    if not marker.exists():
        return None
    moved = Path(marker.read_text().strip()).resolve()
    if moved.parent != REACHABLE.resolve():
        raise PrivateServerError(f"{marker} names {moved}, which is not in {REACHABLE}; correct or remove it")
    return moved


def _write_environment(path: Path) -> None:
    """For a second terminal: `set -a; . var/servers/environment; set +a`, then any `alliance` command."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    ours = sorted((name, value) for name, value in os.environ.items() if name.startswith("ALLIANCE_"))
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in ours))


class Part(Process):  # type: ignore[misc]  # honcho has no types
    """A part that ends when this program does, however it ends."""

    def run(self, events: object = None, ignore_signals: bool = False) -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        super().run(events, ignore_signals)


def _run_parts(settings: Settings) -> int:
    manager = Manager()
    manager._process_ctor = Part
    # Without exec, a shell would stand between honcho and the part and keep the signal for itself.
    prefix = "exec setpriv --pdeathsig TERM " if shutil.which("setpriv") else "exec "
    into = _own_file()
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        manager.add_process(name, prefix + command + into, env=dict(os.environ))
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    hang_up = signal.getsignal(signal.SIGHUP)
    manager.loop()
    signal.signal(signal.SIGHUP, hang_up)
    # Ctrl-C and `make down` are how it is meant to end.
    return 0 if manager.returncode in (130, 143) else manager.returncode or 0


def _own_file() -> str:
    """For the shell: print into the file that this program prints into; nothing where that is no file.

    To a terminal honcho hands on each line, in colour and with its part's name, through two processes. In a file the
    lines are found by the part's name that each has anyway, and many of them would cost as much as a part.
    """
    if not stat.S_ISREG(os.fstat(1).st_mode):
        return ""
    # Whoever writes, writes at the end.
    fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_APPEND)
    return f" >>/proc/{os.getpid()}/fd/1 2>&1"


def _announce(settings: Settings) -> None:
    """Once every part that the gateway needs is ready: the address, the state's token, a link to sign in once."""
    address = f"http://{settings.host}:{settings.port}"
    late = time.monotonic() + READY_SECONDS
    while not _ready(f"{address}/readyz"):
        if time.monotonic() > late:
            print(
                f"{address}/readyz does not answer 200 yet; `alliance doctor` says what is missing",
                flush=True,
            )
            late += READY_SECONDS
        time.sleep(0.2)
    tokens = Tokens(Database(settings.database_url("gateway"), pool_size=1))
    token, secret = state_token(tokens, settings.var / "state.token")
    lines = [
        f"Alliance runs at {address} (Ctrl-C or `make down` stops it)",
        f"  API reference   {address}/docs",
        f"  sign in once    {address}{sessions.create_link(tokens.database, token)}",
        f"  state's token   {secret}",
        f"                  also in {settings.var / 'state.token'}",
        "  for `alliance` in another terminal:",
        f"                  set -a; . {settings.var / 'servers' / 'environment'}; set +a",
    ]
    tokens.database.close()
    print("", *lines, "", sep="\n", flush=True)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())

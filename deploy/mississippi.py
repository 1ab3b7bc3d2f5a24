"""`make mississippi`: a platform of its own, empty, and 144 real districts' simulated year through it.

Usage: python -m deploy.mississippi SCALE FORM. SCALE 1 is the whole state; FORM is embedded or distributed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from alliance.private_servers import PrivateServerError
from alliance.settings import Settings
from deploy.running import FORMS, ROOT, running
from deploy.serve import remove


def main(scale: str, form: str) -> int:
    if form not in FORMS:
        print(f"FORM is one of {', '.join(FORMS)}, not {form}", file=sys.stderr)
        return 2
    # As Ctrl-C: the platform that runs for us has to be stopped, however we are.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    var = Settings.load().var / "mississippi" / form
    try:
        remove(var)
        print(f"starting the {form} form on {var} ...", flush=True)
        with running(form, var) as platform:
            simulate = ["simulate", "mississippi", "--scale", scale]
            return _alliance(simulate, dict(platform.environment))
    except PrivateServerError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _alliance(arguments: list[str], environment: dict[str, str]) -> int:
    command = Path(sys.executable).parent / "alliance"
    return subprocess.run([command, *arguments], cwd=ROOT, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

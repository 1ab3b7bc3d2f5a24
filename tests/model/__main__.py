"""Explore the configurations and print what there was: python -m tests.model [NAME ...] [--deep]"""

from __future__ import annotations

import sys

from tests.model.configurations import ALL, deeper
from tests.model.exploration import explore, settled

if __name__ == "__main__":
    deep = "--deep" in sys.argv
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    limit = next(
        (int(each.removeprefix("--limit=")) for each in sys.argv if each.startswith("--limit=")), None
    )
    failed = False
    for name, configuration in ALL.items():
        if names and name not in names:
            continue
        found = explore(deeper(configuration) if deep else configuration, limit=limit)
        stuck = found.dead_ends(settled(found.model)) if found.complete else []
        print(found.row(), f"{len(stuck)} not settling by themselves", flush=True)  # noqa: T201
        if found.violation:
            failed = True
            print("\n".join([found.violation[0], *found.violation[1]]), flush=True)  # noqa: T201
    sys.exit(failed)

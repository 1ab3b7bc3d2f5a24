"""Our projector in a process of its own: fold a whole journal into empty read models.

python -m tests.benchmarks.fold_ours JOURNAL_URL k/K NAME ...      answers when it began and ended, in seconds
"""

from __future__ import annotations

import json
import sys
import time
from threading import Thread

from alliance.cli.parts import read_models
from alliance.database import Database
from alliance.projector import Projector


def fold(projector: Projector) -> None:
    while projector.step():
        pass


if __name__ == "__main__":
    url, partition, *names = sys.argv[1:]
    k, partitions = map(int, partition.split("/"))
    projectors = [each for each in read_models(Database(url), k, partitions) if each.projection.name in names]
    threads = [Thread(target=fold, args=[each]) for each in projectors]
    began = time.time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"began": began, "ended": time.time()}))  # noqa: T201

"""`alliance simulate` on a running platform: what it says of the year that it has played."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from deploy.running import ROOT, Platform

#: `alliance` with a sample of two districts and eighty pupils instead of eight and six thousand. Its import is as
#: short as the time between two looks at the memory, which are closer here.
TINY = """
import simulation.report, simulation.sample
simulation.report.PAUSE = 0.05
simulation.sample._DISTRICTS = (("Bayou Clair County", 2, 50), ("Tupelo Hollow", 1, 30))
from alliance.cli import main
main()
"""


def test_it_says_that_all_came_back_and_what_each_process_took_at_most(distributed: Platform) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", TINY, "simulate", "sample"],
        cwd=ROOT,
        env={**os.environ, **distributed.environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "all exactly as simulated" in ran.stdout
    _, _, memory = ran.stdout.partition("Peak memory")
    rows = re.findall(r"^│ (\S.*?) +│ +(\d+) │ +([\d,]+) │ (.*?) *│$", memory, re.MULTILINE)
    assert len({pid for _, pid, _, _ in rows}) == len(rows)
    assert all(int(megabytes.replace(",", "")) > 5 for _, _, megabytes, _ in rows)
    names = [name for name, _, _, _ in rows]
    for part in ("simulation", "alliance.edge_process pledges", "alliance relay pledges", "alliance project"):
        assert names.count(part) == 1, part
    # A master and its worker.
    assert len([name for name in names if "gateway.wsgi" in name]) >= 2
    # It ended long before the report was written.
    (imported,) = [row for row in rows if row[0] == "services.roster.import_process"]
    assert imported[3] == "has ended; as last seen"

"""The README's walk-through, typed in as it stands: its first pledge is taken, and counted."""

from __future__ import annotations

import re
import shlex
import subprocess

from deploy.running import ROOT, Platform
from tests.builders_year import FIRST, YEAR
from tests.e2e.state import State, pledge


def typed(section: str) -> list[str]:
    """The commands of a section's console blocks, each with the lines that go on from it."""
    _, _, below = (ROOT / "README.md").read_text().partition(f"\n## {section}\n")
    text, _, _ = below.partition("\n## ")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^\$ (.*(?:\n(?![${]).*)*)", "\n".join(blocks), re.MULTILINE)


def test_the_first_pledge_of_the_readme_is_taken_although_others_have_signed(embedded: Platform) -> None:
    state = State(embedded)
    try:
        district = state.districts["Alder County"]
        listed = state.api.get(f"/v1/districts/{district}/enrolments").json()["data"]
        before = {
            "class": listed[0]["class"],
            "student": listed[0]["student"],
            "guardian": listed[0]["guardian"],
        }
        assert state.api.post("/v1/pledges", json=pledge(before)).status_code == 201

        given = {
            "http://127.0.0.1:8000": embedded.base_url,
            "DISTRICT=…": f"DISTRICT={district}",
            "pledges:4495": "pledges:2",
            "2026-27": YEAR,
            "2026-10-05": FIRST.isoformat(),
            "var/state.token": shlex.quote(str(embedded.var / "state.token")),
        }
        commands = typed("Send the first pledge")
        for written, ours in given.items():
            assert any(written in command for command in commands), written
            commands = [command.replace(written, ours) for command in commands]
        ran = subprocess.run(
            ["bash", "-e"],
            input="shopt -s expand_aliases\n" + "\n".join(commands),
            cwd=embedded.var,
            capture_output=True,
            text=True,
            timeout=120,
        )

        assert ran.returncode == 0, ran.stderr
        assert f'"id": "{district}"' in ran.stdout
        assert (
            f'{{"position":{{"source":"pledges","sequence":2}},"created":true,"student":"{listed[1]["student"]}"'
            in ran.stdout
        )
        assert f'"numerator": 2,\n            "denominator": {len(listed)},' in ran.stdout
    finally:
        state.close()

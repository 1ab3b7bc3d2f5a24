"""An import in a process of its own, as the edge runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alliance.database import Database
from alliance.migrations import upgrade
from tests.builders_roster import CANARIES, context, row, small, texts, write_zip

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    url = f"sqlite:///{tmp_path / 'roster.db'}"
    database = Database(url)
    upgrade(database, "roster")
    database.close()
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ALLIANCE_VAR": str(tmp_path / "var"),
        "ALLIANCE_ROSTER_DATABASE_URL": url,
    }


def run(environment: dict[str, str], **body: Any) -> tuple[dict[str, Any], str]:
    """The answer, and all that the process logged."""
    call = json.dumps({"body": body, "context": context().to_dict()})
    child = subprocess.run(
        [sys.executable, "-m", "services.roster.import_process"],
        input=call,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(child.stdout), child.stderr


def test_it_answers_the_result_and_logs_no_name(environment: dict[str, str], tmp_path: Path) -> None:
    tables = small()
    row(tables, "users", "p-3")["agentSourcedIds"] = "nobody"
    answer, logged = run(environment, path=str(write_zip(tmp_path / "b.zip", texts(tables))))
    assert answer["result"]["position"] == {"source": "roster", "sequence": 12}
    assert [problem["line"] for problem in answer["result"]["problems"]] == [4]
    assert [word for word in CANARIES if word in logged] == []


def test_it_answers_a_refusal_as_a_problem(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"no zip")
    answer, _ = run(environment, path=str(tmp_path / "b.zip"))
    assert answer["problem"]["status"] == 400
    assert "not a zip" in answer["problem"]["detail"]

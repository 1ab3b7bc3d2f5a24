"""An event of a version that nobody here knows yet: its stream is set aside, all others go on, the mend heals it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from alliance.contracts import registry
from alliance.database import Database
from alliance.tables import events, log_head
from tests.builders_year import FIRST, YEAR
from tests.e2e.state import State, pledge
from tests.fixtures.command_line import alliance

VERSION = 99


def append_withdrawal(state: State, pupil: dict[str, Any]) -> int:
    """What a service of a later release would write: the pupil's pledge withdrawn, in a version of its own."""
    database = Database(state.database_url("pledges"), pool_size=1)
    stream = f"pledge-{pupil['student']}-{YEAR}"
    with database.transaction() as connection:
        head = connection.scalars(select(log_head.c.position).with_for_update()).one()
        last = connection.execute(
            select(events).where(events.c.stream == stream).order_by(events.c.position.desc())
        ).first()
        assert last is not None
        row = {
            **last._mapping,
            "position": head + 1,
            "id": str(uuid4()),
            "stream_version": last.stream_version + 1,
            "type": "PledgeWithdrawn",
            "schema_version": VERSION,
            "data": json.dumps({
                "student": pupil["student"], "guardian": None, "school_year": YEAR, "school": pupil["school"],
                "district": pupil["district"], "withdrawn_on": FIRST.isoformat(),
            }),
        }  # fmt: skip
        connection.execute(insert(events), row)
        connection.execute(update(log_head).values(position=head + 1))
    database.close()
    return int(head) + 1


def test_its_stream_is_parked_the_others_flow_and_after_the_mend_it_is_replayed(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = state.platform.environment
    ours, others = state.pupil(), state.pupil()
    stream, district = f"pledge-{ours['student']}-{YEAR}", ours["district"]
    state.api.post("/v1/pledges", json=pledge(ours)).raise_for_status()
    before, enrolled = state.signed(district)

    unknown = append_withdrawal(state, ours)
    later = state.api.post("/v1/pledges", json=pledge(others)).json()["position"]
    assert later["sequence"] == unknown + 1

    # Theirs counts, ours stands as it stood.
    assert state.signed(district) == (before + 1, enrolled)
    listed = alliance("parked", "list", environment=environment)
    row = next(line for line in listed.out.splitlines() if stream in line)
    assert "participation" in row
    assert f"no contract for PledgeWithdrawn v{VERSION}" in row
    found = alliance("doctor", environment=environment)
    assert (found.status, "streams: 1 set aside.\n  Run: alliance parked list." in found.out) == (1, True)
    # The event itself is known to whoever reads the feed.
    feed = state.api.get("/v1/events", params={"types": "PledgeWithdrawn", "limit": 1000}).json()["data"]
    assert f"urn:alliance:schema:PledgeWithdrawn:{VERSION}" in {event["dataschema"] for event in feed}

    # Who asks for the pledge itself is told what to do.
    newer = state.api.get(f"/v1/pledges/{ours['student']}/{YEAR}")
    assert newer.status_code == 503
    assert "written by a newer release; upgrade this one" in newer.json()["detail"]

    unmended = alliance("parked", "replay", environment=environment)
    assert unmended.status == 1
    assert f"participation {stream}: still parked" in unmended.out
    refused = alliance("rebuild", "participation", environment=environment)
    assert refused.status == 1
    assert "Nothing was changed" in refused.error
    assert stream in refused.error

    # A release that knows the version.
    known = registry._contracts["PledgeWithdrawn", 1]
    monkeypatch.setitem(registry._contracts, ("PledgeWithdrawn", VERSION), known)
    mended = alliance("parked", "replay", environment=environment)

    assert mended.status == 0, mended.out
    assert f"participation {stream}: 1 events folded" in mended.out
    assert "1 of 1 streams flow again." in mended.out
    assert alliance("parked", "list", environment=environment).out == "Nothing is parked.\n"
    assert state.signed(district) == (before, enrolled)
    assert alliance("doctor", environment=environment).status == 0
    assert alliance("rebuild", "participation", environment=environment).status == 0

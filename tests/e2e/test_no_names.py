"""Nobody's name leaves roster's own tables, whatever is done and whatever goes wrong.

The state's people all have made-up names that `CANARY` finds. Everything that the platform keeps or says is searched:
every table of every database, every log line, every metrics page, every event, every message of the broker.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import MetaData, inspect, select

from tests.builders_roster import row
from tests.builders_year import FIRST, YEAR
from tests.e2e.distributed import Distributed
from tests.e2e.small_state import CANARY, tables, zipped
from tests.e2e.state import (
    OWNERS,
    ZIP,
    State,
    a_return,
    events,
    key,
    lines,
    pledge,
    response,
    survey,
    withdrawal,
)

#: A name as it comes where none belongs. It is a sound id, so it gets as far as an id can.
NAME = "Zylphname"
SENTENCE = "Signed by Zylphaunt Vorquentaunt, 601-557-7099, aunt@krellmoor.example"

#: Where names belong: in the tables that hold them, and the notes that people wrote for themselves.
KEPT = {
    "roster.students",
    "roster.guardians",
    "roster.classes",  # a class is called after its teacher
    "pledges.notes",
    "folders.void_reasons",
}


@pytest.fixture
def played(state: State) -> State:
    play(state)
    return state


@cache
def play(state: State) -> None:
    """A bit of everything, with names wherever somebody might write one; once on each form."""
    pupil, other = state.pupil(), state.pupil("Birch City")
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    accepted = [
        state.api.post("/v1/pledges", json=pledge(pupil, guardian=None, mode="paper", note=SENTENCE)),
        state.api.post("/v1/pledges", json=pledge(other), headers=key(NAME)),
        state.api.post("/v1/pledges/withdrawals", json=withdrawal(other)),
        state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}),
        state.api.post(f"{folder}/returns", json={"returns": [a_return(each, period) for each in students]}),
        state.api.post(f"{folder}/voids", json={"student": students[0], "reason": SENTENCE}),
    ]
    of_school = survey(state.districts["Alder County"], school=state.schools["a3"])
    for mode in ("confidential", "anonymous"):
        opened = state.api.post("/v1/surveys", json={**of_school, "mode": mode})
        address = f"/v1/surveys/{opened.json()['survey']}"
        token = state.api.post(f"{address}/invitations").json()["invitations"][0]["token"]
        accepted += [
            state.client().post(f"{address}/responses", json=response(token)),
            state.client().post(f"{address}/close", json={}, headers=state.api.headers),
        ]
    bundle = damaged_bundle()
    accepted += [state.api.post("/v1/rosters", content=bundle, headers=ZIP)]
    assert [answer.status_code for answer in accepted] == [201] * len(accepted), [a.text for a in accepted]
    # Names are answered to those who may see them, else this would prove nothing.
    assert CANARY.search(state.as_("teacher", class_).get(f"/v1/classes/{class_}/students").text)
    assert CANARY.search(
        state.api.post("/v1/rosters", content=bundle, params={"dry_run": "1"}, headers=ZIP).text
    )

    refused = [
        *wrong(state, pupil, folder, address, token),
        state.api.post("/v1/rosters", content=bundle, params={"strict": "true"}, headers=ZIP),
        state.api.post("/v1/rosters", content=bundle[:-40], headers=ZIP),
    ]
    assert all(400 <= answer.status_code < 500 for answer in refused), [a.text for a in refused]
    # Everybody is again who and where the other tests take them to be.
    mended = state.api.post("/v1/rosters", content=zipped(tables()), headers=ZIP)
    assert mended.status_code == 201
    state.wait_for(mended.json()["position"])


def wrong(state: State, pupil: dict[str, Any], folder: str, survey: str, token: str) -> list[httpx.Response]:
    """Requests that are refused, each with a name in a place where none belongs."""
    post, get = state.api.post, state.api.get
    json_ = {"Content-Type": "application/json"}
    return [
        post("/v1/pledges", content=json.dumps(SENTENCE)[:-1].encode(), headers=json_),
        post("/v1/pledges", content=SENTENCE.encode(), headers={"Content-Type": f"text/{NAME}"}),
        post("/v1/pledges", json=pledge(pupil, **{SENTENCE: 1, "guardianName": SENTENCE})),
        *(post("/v1/pledges", json=pledge(pupil, **{field: SENTENCE})) for field in pledge(pupil)),
        *(
            post("/v1/pledges", json=pledge(pupil, **{field: NAME}))
            for field in ("student", "guardian", "statement")
        ),
        post("/v1/pledges", content=lines([pledge(pupil, student=NAME), SENTENCE]) * 2, headers=json_),
        get(f"/v1/pledges/{NAME}/{YEAR}"),
        get(f"/v1/{quote(SENTENCE)}"),
        get("/v1/districts", params={SENTENCE: SENTENCE, "cursor": SENTENCE}),
        get("/v1/events", params={"after": NAME, "types": NAME}),
        get(f"/v1/districts/{NAME}/scorecard", headers={"If-None-Match": NAME, "traceparent": NAME}),
        get("/v1/districts", headers={"Authorization": f"Bearer {NAME}"}),
        post(f"/v1/classes/{NAME}/folders/{FIRST:%Y-%m}/sent", json={"sent_on": FIRST.isoformat()}),
        post(f"{folder}/sent", json={"sent_on": SENTENCE, "students": [NAME]}),
        post(f"{folder}/sent", json={"sent_on": f"{folder[-7:]}-12", "students": [NAME]}),
        post(
            f"{folder}/returns",
            json={"returns": [{"student": NAME, "signed_on": SENTENCE, "mode": SENTENCE}]},
        ),
        post(f"{folder}/returns", json={"returns": [a_return(NAME, folder[-7:])]}),
        post(f"{folder}/voids", json={"student": NAME, "reason": SENTENCE}),
        post(f"{folder}/voids", json={"student": NAME, "reason": SENTENCE}, headers={"If-Match": SENTENCE}),
        post("/v1/surveys", json={"district": NAME, "instrument": NAME}),
        post(f"{survey}/responses", json=response(SENTENCE)),
        post(f"{survey}/responses", json=response(token, answers={NAME: SENTENCE, "c1": SENTENCE})),
        post(f"/v1/surveys/{NAME}/close"),
    ]


def damaged_bundle() -> bytes:
    """The state again with names in columns where none belong, and one more child with its guardian."""
    changed = tables()
    row(changed, "users", "p-a1-2")["agentSourcedIds"] = "g-Vorquentnobody"
    row(changed, "users", "p-a1-3")["role"] = NAME
    row(changed, "users", "p-a1-4")["grades"] = SENTENCE
    row(changed, "enrollments", "e-a1-5")["beginDate"] = NAME
    row(changed, "enrollments", "e-a2-5")["classSourcedId"] = NAME
    row(changed, "classes", "a4")["termSourcedIds"] = f"year,{NAME}"
    for table, rows in (
        ("users", [
            {"sourcedId": "g-Vorquentnew", "role": "guardian", "orgSourcedIds": "d-a", "givenName": "Zylphnew",
             "familyName": "Vorquentnew", "email": "new@krellmoor.example", "sms": "601-557-7098"},
            {"sourcedId": "p-Vorquentnew", "role": "student", "orgSourcedIds": "s-a-middle", "givenName": "Zylphkid",
             "familyName": "Vorquentkid", "agentSourcedIds": "g-Vorquentnew", "grades": "03"},
        ]),
        ("enrollments", [
            {"sourcedId": "e-new", "classSourcedId": "a4", "schoolSourcedId": "s-a-middle",
             "userSourcedId": "p-Vorquentnew", "role": "student"},
        ]),
    ):  # fmt: skip
        changed[table] += rows
    return zipped(changed)


def test_of_all_tables_of_all_services_names_are_only_in_those_made_for_them(played: State) -> None:
    found, searched = set(), set()
    for owner in OWNERS:
        engine = played.engine(owner)
        for name in inspect(engine).get_table_names():
            table = MetaData()
            table.reflect(engine, only=[name])
            with engine.connect() as connection:
                rows = connection.execute(select(table.tables[name])).all()
            searched.add(f"{owner}.{name}")
            if any(CANARY.search(_text(row)) for row in rows):
                found.add(f"{owner}.{name}")
        engine.dispose()

    # That the search works is seen where the names are.
    assert found == KEPT
    assert searched >= {
        *(
            f"{source}.{name}"
            for source in ("roster", "pledges", "folders", "surveys")
            for name in ("events", "commands")
        ),
        *(f"evaluation.{name}" for name in ("journal", "parked", "rejected")),
        "gateway.tokens",
    }


def _text(row: Any) -> str:
    return " ".join(
        bytes(cell).decode(errors="replace") if isinstance(cell, bytes | memoryview) else str(cell)
        for cell in row
    )


def test_a_class_is_called_by_its_teachers_name_to_its_school_and_district_alone(state: State) -> None:
    address = f"/v1/schools/{state.schools['a3']}/classes"

    def answer(role: str, *units: str) -> str:
        response = state.as_(role, *units).get(address)
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
        assert len(response.json()["data"]) == 2
        return response.text

    district, school = state.districts["Alder County"], state.schools["a3"]
    for units in ((), (district,), (school,)):
        assert not CANARY.search(answer("integrator", *units))
    assert not CANARY.search(answer("state"))
    assert len(CANARY.findall(answer("school", school))) == 2
    assert len(CANARY.findall(answer("district", district))) == 2


def test_no_event_of_the_feed_holds_a_name(played: State) -> None:
    feed = events(played.api)

    assert {event["type"].rpartition(".")[2] for event in feed} >= {
        "StudentEnrolled", "GuardianLinked", "PledgeSigned", "PledgeWithdrawn", "FolderSent", "FolderReturned",
        "FolderVoided", "SurveyOpened", "InvitationsIssued", "SurveySubmitted", "SurveyClosed",
    }  # fmt: skip
    assert CANARY.findall(json.dumps(feed)) == []


def test_no_line_that_the_embedded_form_prints_holds_a_name_and_no_upload_stays(
    embedded_state: State,
) -> None:
    play(embedded_state)
    printed = embedded_state.platform.log.read_text()

    assert '"route": "/v1/pledges"' in printed
    assert CANARY.findall(printed) == []
    assert list((embedded_state.platform.var / "uploads").iterdir()) == []
    internal = embedded_state.platform.environment["ALLIANCE_GATEWAY_METRICS_PORT"]
    assert CANARY.findall(httpx.get(f"http://127.0.0.1:{internal}/metrics").text) == []


def test_no_log_line_and_no_metric_of_any_part_holds_a_name(
    distributed_state: State, distributed_parts: Distributed
) -> None:
    play(distributed_state)
    logged = {path.name: path.read_text() for path in distributed_parts.logs.iterdir()}

    assert logged.keys() == distributed_parts.commands.keys()
    assert '"route": "/v1/pledges"' in logged["gateway"]
    assert [part for part, text in logged.items() if CANARY.search(text)] == []
    assert [part for part in logged if CANARY.search(distributed_parts.metrics(part))] == []
    # What the servers themselves write down is read by operators too.
    servers = [
        *distributed_parts.postgres.data.parent.glob("log"),
        *distributed_parts.rabbitmq.data.parent.rglob("*.log"),
    ]
    assert servers
    assert [path for path in servers if CANARY.search(path.read_text(errors="replace"))] == []
    assert list((distributed_state.platform.var / "uploads").iterdir()) == []


def test_no_message_of_the_broker_holds_a_name(
    distributed_state: State, distributed_parts: Distributed
) -> None:
    play(distributed_state)
    messages = distributed_parts.messages.all()

    assert {json.loads(each.body)["id"] for each in messages} == {
        event["id"] for event in events(distributed_state.api)
    }
    assert [each for each in messages if CANARY.search(each.body) or CANARY.search(each.around)] == []

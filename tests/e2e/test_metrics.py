"""What Prometheus reads of each part, on both forms: sound, true after some traffic, and without any id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from alliance import __version__
from alliance.settings import METRICS_PORTS, SOURCES
from services.evaluation.projections import PROJECTIONS
from tests.e2e.state import State, a_return, key, pledge, response, survey
from tests.fixtures.waiting import until

#: Opaque ids, UUIDs with and without hyphens.
AN_ID = re.compile(r"\b([a-z2-7]{16}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27})\b")


def parts(state: State) -> dict[str, str]:
    """Each part of this form with the address of its metrics; the embedded form is one part."""
    names = ["gateway"] if state.platform.form == "embedded" else list(METRICS_PORTS)
    variables = {name: f"ALLIANCE_{name.upper().replace('-', '_')}_METRICS_PORT" for name in names}
    return {
        name: f"http://127.0.0.1:{state.platform.environment[variable]}/metrics"
        for name, variable in variables.items()
    }


def scraped(state: State) -> dict[str, str]:
    return {name: httpx.get(url).raise_for_status().text for name, url in parts(state).items()}


def samples(state: State) -> Iterator[Sample]:
    for text in scraped(state).values():
        for family in text_string_to_metric_families(text):
            yield from family.samples


def value(state: State, name: str, **labels: Any) -> float:
    """The sum over parts of the samples that have these labels; 0 while there is none."""
    wanted = {label: str(each) for label, each in labels.items()}.items()
    return sum(each.value for each in samples(state) if each.name == name and wanted <= each.labels.items())


@pytest.fixture
def busy(state: State) -> State:
    """A state in which every kind of command was given, and everything has arrived."""
    class_, period, students = state.class_month()
    folder = f"/v1/classes/{class_}/folders/{period}"
    pupil = state.pupil()
    opened = state.api.post(
        "/v1/surveys", json=survey(state.districts["Birch City"], school=state.schools["b1"])
    )
    address = f"/v1/surveys/{opened.json()['survey']}"
    token = state.api.post(f"{address}/invitations").json()["invitations"][0]["token"]
    for answer in (
        state.api.post("/v1/pledges", json=pledge(pupil)),
        state.api.post(f"{folder}/sent", json={"sent_on": f"{period}-10"}),
        state.api.post(f"{folder}/returns", json={"returns": [a_return(each, period) for each in students]}),
        state.api.post(f"{address}/responses", json=response(token)),
        state.api.post(f"{address}/close"),
    ):
        assert answer.status_code == 201, answer.text
        state.wait_for(answer.json()["position"])
    return state


def test_every_scrape_passes_promtool(busy: State, program: Callable[..., str]) -> None:
    for part, text in scraped(busy).items():
        assert "alliance_build_info" in text, part
        assert program("promtool", "check", "metrics", stdin=text) == "", part


def test_commands_are_counted_by_what_became_of_them(state: State) -> None:
    of_signing = {"service": "pledges", "command": "SignPledge"}
    results = ("accepted", "repeated", "unchanged", "refused", "invalid")
    pupil, once = state.pupil(), key()

    def counted() -> dict[str, float]:
        return {each: value(state, "alliance_commands_total", **of_signing, result=each) for each in results}

    before = counted()
    timed = value(state, "alliance_command_seconds_count", **of_signing)
    appended = value(state, "alliance_append_batch_events_sum", service="pledges")

    for body, headers, status in (
        (pledge(pupil), once, 201),
        (pledge(pupil), once, 200),
        (pledge(pupil, mode="sms"), key(), 200),
        (pledge(pupil, guardian="stranger"), key(), 409),
        (pledge(pupil, guardian=None), key(), 422),
    ):
        assert state.api.post("/v1/pledges", json=body, headers=headers).status_code == status

    assert {each: count - before[each] for each, count in counted().items()} == dict.fromkeys(results, 1)
    assert value(state, "alliance_command_seconds_count", **of_signing) == timed + 5
    assert value(state, "alliance_append_batch_events_sum", service="pledges") == appended + 1


def test_requests_are_timed_by_the_template_of_their_address(state: State) -> None:
    route = "/v1/pledges/<student>/<school_year>"

    def timed(status: int) -> float:
        return value(state, "alliance_http_request_seconds_count", route=route, method="GET", status=status)

    found, missed = timed(200), timed(404)
    unknown = {"route": "unknown", "status": "404"}
    elsewhere = value(state, "alliance_http_request_seconds_count", **unknown)

    state.api.get(f"/v1/pledges/{state.pupil()['student']}/2026-27")
    state.api.get("/v1/pledges/nobody/2026-27")
    for number in range(5):
        state.api.get(f"/v1/made-up-{number}")
        state.api.request(f"MADEUP{number}", "/v1/elsewhere")

    assert (timed(200), timed(404)) == (found + 1, missed + 1)
    assert value(state, "alliance_http_request_seconds_count", **unknown) == elsewhere + 10
    assert value(state, "alliance_http_request_seconds_count", **unknown, method="other") >= 5
    seen = [each for each in samples(state) if each.name == "alliance_http_request_seconds_sum"]
    assert not [each for each in seen if "made-up" in str(each.labels) or "MADEUP" in str(each.labels)]


def test_positions_and_lags_tell_that_everything_has_arrived(busy: State) -> None:
    head = {}
    for source in SOURCES:
        engine = busy.engine(source)
        with engine.connect() as connection:
            head[source] = connection.exec_driver_sql("SELECT position FROM log_head").scalar_one()
        engine.dispose()
    for source in ("pledges", "folders", "surveys"):
        assert value(busy, "alliance_log_position", service=source) == head[source]

    def lags() -> dict[str, float]:
        return {
            f"{each.name}{each.labels}": each.value
            for each in samples(busy)
            if each.name in LAGS and not each.labels.get("part")
        }

    until(lambda: not any(lags().values()), what=f"no lag is left: {lags()}")
    by_name = {name: [each for each in samples(busy) if each.name == name] for name in LAGS}
    relays = 0 if busy.platform.form == "embedded" else len(SOURCES)
    assert (
        len(by_name["alliance_relay_lag_events"])
        == len(by_name["alliance_relay_oldest_unpublished_seconds"])
        == relays
    )
    assert {each.labels["source"] for each in by_name["alliance_receiver_lag_events"]} == set(SOURCES)
    for name in ("alliance_projection_lag_events", "alliance_projection_lag_seconds"):
        assert {each.labels["projection"] for each in by_name[name]} == {each.name for each in PROJECTIONS}
        assert {each.labels["partition"] for each in by_name[name]} == {"0"}
    assert {each.labels["projection"] for each in by_name["alliance_parked_streams"]} == {
        p.name for p in PROJECTIONS
    }
    for projection in PROJECTIONS:
        # Every projection passes every event of the journal.
        passed = value(busy, "alliance_projection_batch_events_sum", projection=projection.name)
        assert passed == sum(head.values())


LAGS = (
    "alliance_relay_lag_events",
    "alliance_relay_oldest_unpublished_seconds",
    "alliance_receiver_lag_events",
    "alliance_projection_lag_events",
    "alliance_projection_lag_seconds",
    "alliance_parked_streams",
)


def test_each_part_says_that_it_is_ready_and_which_version_runs(state: State) -> None:
    for part, text in scraped(state).items():
        families = {family.name: family for family in text_string_to_metric_families(text)}
        name = "embedded" if state.platform.form == "embedded" else part
        assert [(each.labels, each.value) for each in families["alliance_ready"].samples] == [
            ({"part": name}, 1.0)
        ]
        assert families["alliance_build_info"].samples[0].labels == {"version": __version__}
        # Known to be counted even before there is anything to count: an alert on them needs no luck.
        assert {
            "alliance_duplicates",
            "alliance_append_conflicts",
            "alliance_parked_streams",
        } <= families.keys()


def test_no_label_holds_an_id(busy: State) -> None:
    known = {str(each) for row in busy.enrolments.values() for each in row.values() if each}
    known |= {token.id for token in busy.tokens.all()} | {"Alder County", "Alder Middle"}

    labels = {text for each in samples(busy) for text in each.labels.values()}

    assert labels & known == set()
    assert [text for text in labels if AN_ID.search(text)] == []
    assert {"/v1/pledges", "SignPledge", "pledges", "accepted"} <= labels

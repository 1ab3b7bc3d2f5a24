"""What Prometheus reads of each part, on both forms: sound, true after some traffic, and without any id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from alliance import __version__
from alliance.settings import METRICS_PORTS, SOURCES, metrics_port_variable
from services.evaluation.projections import PROJECTIONS
from tests.e2e.state import State, a_return, key, pledge, response, survey
from tests.fixtures.waiting import until

#: Opaque ids, UUIDs with and without hyphens.
AN_ID = re.compile(r"\b([a-z2-7]{16}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27})\b")


def parts(state: State) -> list[str]:
    """The parts that this form has; the embedded one is a single process, at the gateway's port."""
    return ["gateway"] if state.platform.form == "embedded" else list(METRICS_PORTS)


def scraped(state: State, part: str) -> str:
    """What a part shows; the embedded form shows everything wherever it is asked."""
    at = part if part in parts(state) else "gateway"
    port = state.platform.environment[metrics_port_variable(at)]
    return HTTP.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text


def samples(state: State, *asked: str) -> list[Sample]:
    """The samples of these parts, or of all."""
    texts = [scraped(state, part) for part in asked or parts(state)]
    return [
        each for text in texts for family in text_string_to_metric_families(text) for each in family.samples
    ]


def value(state: State, part: str, name: str, **labels: Any) -> float:
    """The sum of a part's samples that have these labels; 0 while there is none."""
    wanted = {label: str(each) for label, each in labels.items()}.items()
    return sum(
        each.value for each in samples(state, part) if each.name == name and wanted <= each.labels.items()
    )


HTTP = httpx.Client(timeout=30, trust_env=False)


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
    for part in parts(busy):
        text = scraped(busy, part)
        assert "alliance_build_info" in text, part
        assert program("promtool", "check", "metrics", stdin=text) == "", part


def test_commands_are_counted_by_what_became_of_them(state: State) -> None:
    of_signing = {"service": "pledges", "command": "SignPledge"}
    results = ("accepted", "repeated", "unchanged", "refused", "invalid")
    pupil, once = state.pupil(), key()

    def counted() -> dict[str, float]:
        return {
            each: value(state, "pledges", "alliance_commands_total", **of_signing, result=each)
            for each in results
        }

    before = counted()
    timed = value(state, "pledges", "alliance_command_seconds_count", **of_signing)
    appended = value(state, "pledges", "alliance_append_batch_events_sum", service="pledges")

    for body, headers, status in (
        (pledge(pupil), once, 201),
        (pledge(pupil), once, 200),
        (pledge(pupil, mode="sms"), key(), 200),
        (pledge(pupil, guardian="stranger"), key(), 409),
        (pledge(pupil, guardian=None), key(), 422),
    ):
        assert state.api.post("/v1/pledges", json=body, headers=headers).status_code == status

    assert {each: count - before[each] for each, count in counted().items()} == dict.fromkeys(results, 1)
    assert value(state, "pledges", "alliance_command_seconds_count", **of_signing) == timed + 5
    assert value(state, "pledges", "alliance_append_batch_events_sum", service="pledges") == appended + 1


def test_requests_are_timed_by_the_template_of_their_address(state: State) -> None:
    route = "/v1/pledges/<student>/<school_year>"

    def timed(status: int) -> float:
        return value(
            state, "gateway", "alliance_http_request_seconds_count", route=route, method="GET", status=status
        )

    found, missed = timed(200), timed(404)
    unknown = {"route": "unknown", "status": "404"}
    elsewhere = value(state, "gateway", "alliance_http_request_seconds_count", **unknown)

    state.api.get(f"/v1/pledges/{state.pupil()['student']}/2026-27")
    state.api.get("/v1/pledges/nobody/2026-27")
    for number in range(5):
        state.api.get(f"/v1/made-up-{number}")
        state.api.request(f"MADEUP{number}", "/v1/elsewhere")

    assert (timed(200), timed(404)) == (found + 1, missed + 1)
    assert value(state, "gateway", "alliance_http_request_seconds_count", **unknown) == elsewhere + 10
    assert value(state, "gateway", "alliance_http_request_seconds_count", **unknown, method="other") >= 5
    seen = [each for each in samples(state, "gateway") if each.name == "alliance_http_request_seconds_sum"]
    assert not [each for each in seen if "made-up" in str(each.labels) or "MADEUP" in str(each.labels)]


def heads(state: State) -> dict[str, int]:
    return {source: state.head(source) for source in SOURCES}


def test_positions_and_lags_tell_that_everything_has_arrived(busy: State) -> None:
    head = heads(busy)
    for source in ("pledges", "folders", "surveys"):
        assert value(busy, source, "alliance_log_position", service=source) == head[source]

    def lagging() -> list[Sample]:
        return [each for each in samples(busy) if each.name in LAGS and each.value]

    until(lambda: not lagging(), what="no lag is left")
    labels = {name: [each.labels for each in samples(busy) if each.name == name] for name in LAGS}
    relayed = set() if busy.platform.form == "embedded" else set(SOURCES)
    for name in ("alliance_relay_lag_events", "alliance_relay_oldest_unpublished_seconds"):
        assert {each["service"] for each in labels[name]} == relayed
    for name in ("alliance_receiver_lag_events", "alliance_receiver_lag_seconds"):
        assert {each["source"] for each in labels[name]} == set(SOURCES)
    projections = {each.name for each in PROJECTIONS}
    for name in ("alliance_projection_lag_events", "alliance_projection_lag_seconds"):
        assert {(each["projection"], each["partition"]) for each in labels[name]} == {
            (n, "0") for n in projections
        }
    assert {each["projection"] for each in labels["alliance_parked_streams"]} == projections


def settled(state: State, name: str) -> dict[str, float]:
    """A projector's figure by projection, once it stands still: a batch is counted in after its commit."""
    seen: list[dict[str, float]] = []

    def the_same_again() -> bool:
        found = samples(state, "projector")
        seen.append({each.labels["projection"]: each.value for each in found if each.name == name})
        return len(seen) > 1 and seen[-1] == seen[-2]

    until(the_same_again, 20, f"{name} stands still")
    assert seen[-1].keys() == {each.name for each in PROJECTIONS}
    return seen[-1]


def test_every_projection_passes_every_event(busy: State) -> None:
    name = "alliance_projection_batch_events_sum"
    before, head = settled(busy, name), heads(busy)

    taken = busy.api.post("/v1/pledges", json=pledge(busy.pupil()))
    busy.wait_for(taken.json()["position"])

    new = sum(heads(busy).values()) - sum(head.values())
    assert new >= 1
    for projection, passed in before.items():
        # A batch is counted in after its commit.
        until(
            lambda at=passed + new, projection=projection: (
                value(busy, "projector", name, projection=projection) == at
            ),
            20,
            f"{projection} has passed what is new",
        )


LAGS = (
    "alliance_relay_lag_events",
    "alliance_relay_oldest_unpublished_seconds",
    "alliance_receiver_lag_events",
    "alliance_receiver_lag_seconds",
    "alliance_projection_lag_events",
    "alliance_projection_lag_seconds",
    "alliance_parked_streams",
)


def test_each_part_says_that_it_is_ready_and_which_version_runs(state: State) -> None:
    for part in parts(state):
        families = {family.name: family for family in text_string_to_metric_families(scraped(state, part))}
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

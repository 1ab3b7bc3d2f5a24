"""How the simulation calls the platform: patient where it should be, and never twice for one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from simulation import client
from simulation.client import Api, Refusal, at_least

Answering = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    return waited


def api(*answers: httpx.Response | Exception, patience: float = 60.0) -> tuple[Api, list[httpx.Request]]:
    """A platform that gives these answers in turn, and what it was asked."""
    rest, asked = iter(answers), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = next(rest)
        if isinstance(found, Exception):
            raise found
        return found

    return Api("http://platform", "secret", 1, patience, httpx.MockTransport(answer)), asked


def accepted(sequence: int, created: bool = True) -> httpx.Response:
    body = {"position": {"source": "pledges", "sequence": sequence}, "created": created}
    return httpx.Response(201 if created else 200, json=body)


def lines(*results: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, text="".join(json.dumps(result) + "\n" for result in results))


def taken(line: int, status: int = 201) -> dict[str, object]:
    return {"line": line, "status": status, "position": {"source": "pledges", "sequence": line}}


def refused(line: int, status: int, detail: str) -> dict[str, object]:
    return {"line": line, "status": status, "problem": {"status": status, "detail": detail}}


def test_a_lost_answer_and_a_busy_platform_are_repeated_under_the_same_key(no_waiting: list[float]) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={"detail": "later"})
    platform, asked = api(httpx.ReadTimeout("lost"), busy, accepted(1))
    platform.post("/v1/pledges", {"student": "a"})
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1
    assert no_waiting == [1.0, 2.0]
    assert platform.accepted == 1


def test_the_same_command_has_the_same_key_in_another_run_and_another_command_another() -> None:
    first, asked = api(accepted(1), accepted(2), accepted(3))
    again, asked_again = api(accepted(1))
    for body in ({"student": "a"}, {"student": "b"}):
        first.post("/v1/pledges", body)
    first.post("/v1/pledges/withdrawals", {"student": "a"})
    again.post("/v1/pledges", {"student": "a"})
    keys = [request.headers["Idempotency-Key"] for request in asked]
    assert len(set(keys)) == 3
    assert asked_again[0].headers["Idempotency-Key"] == keys[0]


def test_a_refusal_is_told_in_the_platforms_own_words_and_not_repeated() -> None:
    platform, asked = api(httpx.Response(409, json={"detail": "The survey is closed."}))
    with pytest.raises(Refusal, match=r"POST /v1/x answered 409.*The survey is closed\."):
        platform.post("/v1/x", {})
    assert len(asked) == 1


def test_a_roster_that_a_service_has_not_read_yet_is_waited_for() -> None:
    unknown = httpx.Response(404, json={"detail": "student a is not in the roster as of position 3; wait"})
    platform, asked = api(unknown, unknown, accepted(1))
    platform.post("/v1/pledges", {"student": "a"})
    assert len(asked) == 3


def test_patience_ends() -> None:
    platform, _ = api(httpx.ConnectError("nobody"), patience=-1.0)
    with pytest.raises(Refusal, match="does not answer"):
        platform.get("/v1/districts")


def test_what_fails_after_longer_than_anybodys_patience_is_tried_again_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    platform, asked = api(httpx.Response(503, json={"detail": "later"}), accepted(1), patience=1800.0)
    monkeypatch.setattr(client.time, "monotonic", lambda: 3600.0 * len(asked))
    platform.post("/v1/pledges", {"student": "a"})
    assert len(asked) == 2


def test_positions_are_the_furthest_of_each_source_and_repeats_are_counted() -> None:
    platform, _ = api(accepted(5), accepted(3, created=False))
    platform.post("/v1/pledges", {"student": "a"})
    platform.post("/v1/pledges", {"student": "b"})
    assert platform.positions == {"pledges": 5}
    assert (platform.accepted, platform.repeated) == (2, 1)


def test_lines_go_in_requests_of_a_thousand_with_a_key_each() -> None:
    def answers() -> Iterator[httpx.Response]:
        for count in (1000, 1000, 500):
            yield lines(*(taken(number) for number in range(1, count + 1)))

    platform, asked = api(*answers())
    assert platform.post_lines("/v1/pledges", ({"n": n} for n in range(2500))) == 2500
    assert [request.content.count(b"\n") for request in asked] == [1000, 1000, 500]
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 3
    assert {request.headers["Content-Type"] for request in asked} == {"application/x-ndjson"}
    assert platform.positions == {"pledges": 1000}


def test_lines_that_will_pass_are_sent_again_whole_and_known_ones_count_as_repeats() -> None:
    late = refused(2, 404, "student b is not in the roster as of position 3")
    platform, asked = api(lines(taken(1), late), lines(taken(1, 200), taken(2)))
    platform.post_lines("/v1/pledges", [{"student": "a"}, {"student": "b"}])
    assert asked[0].content == asked[1].content
    assert (platform.accepted, platform.repeated) == (2, 1)


def test_one_refused_line_stops_the_year_unless_it_says_that_it_was_taken_before() -> None:
    spent = refused(1, 409, "This invitation has already been used.")
    platform, _ = api(lines(spent), lines(spent))
    with pytest.raises(Refusal, match="1 of 1 lines refused"):
        platform.post_lines("/v1/x", [{}])
    assert platform.post_lines("/v1/x", [{}], known=["has already been used"]) == 1
    assert platform.repeated == 1


def test_an_answer_with_fewer_lines_than_were_sent_is_no_success() -> None:
    platform, _ = api(lines(taken(1)))
    with pytest.raises(Refusal, match="2 lines sent, 1 answered"):
        platform.post_lines("/v1/x", [{}, {"n": 1}])


def test_a_file_is_sent_whole_again_after_a_lost_answer(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(b"zip" * 100_000)
    platform, asked = api(httpx.ReadError("lost"), accepted(9))
    platform.post_file("/v1/rosters", bundle, "application/zip")
    assert [request.content for request in asked] == [b"zip" * 100_000] * 2
    assert {request.headers["Content-Length"] for request in asked} == {"300000"}
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1


def test_every_page_of_a_list_is_read() -> None:
    first = httpx.Response(200, json={"data": [{"n": 1}, {"n": 2}], "next": "abc"})
    platform, asked = api(first, httpx.Response(200, json={"data": [{"n": 3}], "next": None}))
    assert [row["n"] for row in platform.pages("/v1/districts", limit=2)] == [1, 2, 3]
    assert [dict(request.url.params) for request in asked] == [
        {"limit": "2"},
        {"limit": "2", "cursor": "abc"},
    ]


def test_positions_are_asked_for_in_one_parameter() -> None:
    assert at_least({"pledges": 42, "folders": 7}) == "folders:7,pledges:42"

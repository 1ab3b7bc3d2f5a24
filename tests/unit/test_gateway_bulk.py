"""Bulk bodies: a result line for each line, in chunks, with memory and command ids under control."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.context import Context
from alliance.errors import Forbidden, Invalid, Refused, Unavailable
from gateway.bulk import lines
from gateway.limits import CHUNK_LINES, LINE_BYTES
from gateway.reading import checker, load
from gateway.schemas.pledges import SignPledge
from tests.builders_gateway import POSITION, Gateway, echo_items, gateway

LINE = {
    "student": "k4", "guardian": "g", "school_year": "2026-27", "signed_on": "2026-08-14", "mode": "web",
    "language": "en", "statement": "2026-1",
}  # fmt: skip
NDJSON = "application/x-ndjson"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    here = gateway(tmp_path, monkeypatch)
    here.services["pledges"].answers["sign_pledges"] = echo_items("pledges")
    return here


def text(*items: Any) -> bytes:
    return b"".join(item if isinstance(item, bytes) else json.dumps(item).encode() + b"\n" for item in items)


def send(here: Gateway, body: bytes, **headers: str) -> list[dict[str, Any]]:
    headers = {**here.bearer(), **headers}
    response = here.client().post("/v1/pledges", data=body, content_type=NDJSON, headers=headers)
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == NDJSON
    return [json.loads(line) for line in response.get_data().splitlines()]


def chunks(here: Gateway) -> list[tuple[list[Any], Context]]:
    return [(body["pledges"], context) for _, body, context in here.services["pledges"].calls]


def test_each_line_is_answered_with_its_number_in_order(here: Gateway) -> None:
    results = send(here, text(LINE, LINE, LINE))

    assert [(each["line"], each["status"], each["position"]) for each in results] == [
        (1, 201, POSITION), (2, 201, POSITION), (3, 201, POSITION),
    ]  # fmt: skip


def test_one_bad_line_leaves_the_others_alone(here: Gateway) -> None:
    results = send(here, text(LINE, {**LINE, "mode": "fax"}, b"{not json\n", [], LINE))

    assert [each["status"] for each in results] == [201, 422, 400, 422, 201]
    assert results[1]["problem"]["errors"] == [
        {"field": "mode", "message": "must be one of web, paper, sms, scan"}
    ]
    assert len(chunks(here)[0][0]) == 2


def test_a_refusal_by_the_service_stands_at_its_own_line(here: Gateway) -> None:
    def judge(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        refused = {"status": 409, "problem": Refused("no").to_problem()}
        taken = {"status": 200, "position": POSITION, "created": False}
        return {"results": [refused if each["student"] == "bad" else taken for each in body["pledges"]]}

    here.services["pledges"].answers["sign_pledges"] = judge

    results = send(here, text(LINE, b"nonsense\n", {**LINE, "student": "bad"}, LINE))

    assert [(each["line"], each["status"]) for each in results] == [(1, 200), (2, 400), (3, 409), (4, 200)]
    assert results[2]["problem"]["detail"] == "no"


def test_blank_lines_are_passed_over_but_counted(here: Gateway) -> None:
    assert [each["line"] for each in send(here, text(b"\n", LINE, b"  \r\n", LINE, b"\n"))] == [2, 4]


def test_the_last_line_needs_no_line_break(here: Gateway) -> None:
    assert len(send(here, text(LINE, LINE)[:-1])) == 2


def test_an_empty_body_is_answered_with_nothing(here: Gateway) -> None:
    assert send(here, b"") == []


def test_a_line_above_64_kib_is_refused_by_itself(here: Gateway) -> None:
    long = json.dumps({**LINE, "note": "x" * LINE_BYTES}).encode() + b"\n"

    results = send(here, text(LINE, long, LINE))

    assert [each["status"] for each in results] == [201, 413, 201]
    assert "64 KiB" in results[1]["problem"]["detail"]


def test_a_body_far_above_the_limit_of_a_json_body_is_taken(here: Gateway) -> None:
    count = 12_000
    body = text(LINE) * count
    assert len(body) > 1024 * 1024

    assert len(send(here, body)) == count


def test_lines_go_to_the_service_in_chunks_that_end_at_fixed_lines(here: Gateway) -> None:
    body = text(b"nonsense\n", *[LINE] * (2 * CHUNK_LINES))

    results = send(here, body)

    assert [len(items) for items, _ in chunks(here)] == [CHUNK_LINES - 1, CHUNK_LINES, 1]
    assert [each["line"] for each in results] == list(range(1, 2 * CHUNK_LINES + 2))


def test_a_repeat_under_the_same_key_meets_the_same_command_ids_and_no_two_items_share_one(
    here: Gateway,
) -> None:
    headers = {**here.bearer(), "Idempotency-Key": "august"}
    body = text(*[LINE] * (CHUNK_LINES + 1))
    for _ in range(2):
        here.client().post("/v1/pledges", data=body, content_type=NDJSON, headers=headers)

    ids = [[context.item(index).command_id for index in range(len(items))] for items, context in chunks(here)]
    first, second = ids[0] + ids[1], ids[2] + ids[3]
    assert first == second
    assert len(set(first)) == CHUNK_LINES + 1


def test_a_service_that_is_away_from_the_start_is_503_for_the_whole(here: Gateway) -> None:
    here.services["pledges"].answers["sign_pledges"] = _away_after(0)

    response = here.client().post("/v1/pledges", data=text(LINE), content_type=NDJSON, headers=here.bearer())

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


def test_a_service_that_goes_away_midway_is_not_asked_again_and_the_rest_is_told_503(here: Gateway) -> None:
    here.services["pledges"].answers["sign_pledges"] = _away_after(1)

    results = send(here, text(*[LINE] * (4 * CHUNK_LINES)))

    assert [each["status"] for each in results] == [201] * CHUNK_LINES + [503] * (3 * CHUNK_LINES)
    assert len(chunks(here)) == 2


def test_an_error_of_a_whole_chunk_is_told_at_each_of_its_lines(here: Gateway) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise Forbidden("not yours")

    here.services["pledges"].answers["sign_pledges"] = refuse

    assert [each["status"] for each in send(here, text(LINE, b"x\n", LINE))] == [403, 400, 403]


def test_an_address_that_takes_only_lines_says_so(here: Gateway) -> None:
    response = here.client().post("/v1/folders/returns", json={}, headers=here.bearer())

    assert response.status_code == 415
    assert NDJSON in response.json["detail"]


def test_no_file_of_results_is_left_behind(here: Gateway) -> None:
    send(here, text(LINE) * 20_000)

    assert list((here.settings.var / "uploads").iterdir()) == []


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_lines_are_the_same_however_the_bytes_arrive(whole: list[bytes], step: int) -> None:
    body = b"\n".join(whole)
    pieces = [body[at : at + step] for at in range(0, len(body), step)]

    expected = body.split(b"\n")
    if not expected[-1]:
        expected.pop()  # a line break at the end begins no line
    assert list(lines(pieces)) == expected


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("step", [1000, LINE_BYTES, 3 * LINE_BYTES])
def test_a_line_is_too_long_by_its_length_and_not_by_how_it_arrives(over: int, step: int) -> None:
    long = b"x" * (LINE_BYTES + over)
    body = b"first\n" + long + b"\nlast"

    found = list(lines(body[at : at + step] for at in range(0, len(body), step)))

    assert found == [b"first", None if over else long, b"last"]


_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just("k4"), st.just("2026-27"), st.just("2026-08-14"), st.just("paper"),
    st.just("en"), st.text(max_size=5), st.lists(st.integers(), max_size=2),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*LINE, "note", "colour"]), _values))
@settings(max_examples=500, deadline=None)
def test_a_line_is_judged_exactly_as_a_single_body_is(change: dict[str, Any]) -> None:
    schema, check = SignPledge(), checker(SignPledge())
    body = {**LINE, **change}

    def outcome(judge: Any) -> Any:
        try:
            return judge(body)
        except Invalid as error:
            return error.errors

    assert outcome(check) == outcome(check) == outcome(lambda each: load(schema, each))


def test_a_return_keeps_the_name_of_its_class(here: Gateway) -> None:
    here.services["folders"].answers["return_folders_in_bulk"] = echo_items("returns")
    line = {"class": "c5", "period": "2026-09", "student": "k4", "signed_on": "2026-09-14", "mode": "paper"}

    here.client().post("/v1/folders/returns", data=text(line), content_type=NDJSON, headers=here.bearer())

    [(operation, body, _)] = here.services["folders"].calls
    assert (operation, body) == ("return_folders_in_bulk", {"returns": [line]})


def test_responses_in_bulk_go_to_their_survey(here: Gateway) -> None:
    here.services["surveys"].answers["submit_responses"] = echo_items("responses")
    line = {
        "token": "7H2K-9QWE-5TVX-0BCD-M3NP",
        "language": "en",
        "mode": "scan",
        "answers": {"c1": 4, "c2": None},
    }

    here.client().post(
        "/v1/surveys/v5/responses", data=text(line), content_type=NDJSON, headers=here.bearer()
    )

    [(operation, body, _)] = here.services["surveys"].calls
    assert (operation, body) == ("submit_responses", {"survey": "v5", "responses": [line]})


def _away_after(chunks: int) -> Any:
    taken = []

    def answer(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
        if len(taken) >= chunks:
            raise Unavailable("away")
        taken.append(1)
        return echo_items("pledges")(body, context)

    return answer

"""Whatever comes in, the platform answers with a problem that can be acted on, and never with a fault of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platform_gateway import LINES, Platform, running
from tests.world_gateway import ASKS, Ask, status_of

SURVEY = next(ask.body for ask in ASKS if ask.operation == "surveys.open_survey")
COMMANDS = [ask for ask in ASKS if ask.method == "POST" and isinstance(ask.body, dict) and ask.body]
READS = [ask for ask in ASKS if ask.method == "GET"]

_odd_texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "", " ", "\x00", "😀", "null", "../../etc/passwd", "' OR 1=1 --", "%00", "x" * 70_000, "2026-02-30",
        "0000-00-00", "9999-12-31", "2026-13", "0000-01", "2026-27", "1999-00", "st", "c111", "d1", "nobody",
    ]),
)  # fmt: skip
_odd = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), _odd_texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_odd_texts, inner, max_size=3)),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("var")) as platform:
        platform.ids["sv"] = platform.command("/v1/surveys", SURVEY)["survey"]
        yield platform


_patiently = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.mark.parametrize("ask", COMMANDS, ids=lambda ask: ask.operation)
@given(data=st.data())
@_patiently
def test_a_command_with_odd_values_is_answered_with_a_reason(platform: Platform, ask: Ask, data: Any) -> None:
    names = data.draw(st.lists(st.sampled_from([*ask.body, "colour"]), min_size=1, max_size=3, unique=True))
    body = {**ask.body, **{name: data.draw(_odd) for name in names}}
    text = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    content = platform.real(text.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")

    response = platform.post(ask.path, content, kind=ask.kind)

    assert status_of(response) < 500, response.text
    if status_of(response) >= 400:
        problem = json.loads(response.data)
        problem = problem.get("problem", problem)
        assert problem["detail"]
        assert problem["title"]


@pytest.mark.parametrize("ask", READS, ids=lambda ask: ask.operation)
@given(data=st.data())
@_patiently
def test_a_read_with_an_odd_address_or_query_is_answered_with_a_reason(
    platform: Platform, ask: Ask, data: Any
) -> None:
    parts = platform.real(ask.path).split("/")
    if len(parts) > 3:
        place = data.draw(st.integers(3, len(parts) - 1))
        parts[place] = data.draw(
            st.one_of(st.just(parts[place]), _odd_texts.filter(lambda text: len(text) < 100))
        )
    query = data.draw(
        st.dictionaries(
            st.sampled_from(["cursor", "limit", "after", "types", "at_least", "school_year", "on"]),
            _odd_texts.filter(lambda text: len(text) < 100),
            max_size=2,
        )
    )

    path = "/".join(quote(part, safe="") for part in parts)
    response = platform.client.get(path, query_string=query, headers=platform.bearer())

    assert response.status_code < 500, response.text
    assert response.status_code < 400 or response.json["detail"]


@given(st.lists(st.binary(max_size=40), max_size=5))
@_patiently
def test_bulk_bytes_of_any_kind_are_answered_line_by_line(platform: Platform, lines: list[bytes]) -> None:
    body = b"\n".join(line.replace(b"\n", b"") for line in lines)

    response = platform.post("/v1/pledges", body, kind=LINES)

    assert response.status_code == 200
    assert all(json.loads(line)["status"] in (400, 422) for line in response.data.splitlines())

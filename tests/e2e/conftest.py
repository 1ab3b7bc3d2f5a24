"""The small state on both forms, each started by the first test that asks and stopped when this folder is through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alliance.private_servers import PrivateServerError, sweep
from deploy.running import running
from tests.e2e.distributed import Distributed, distributed
from tests.e2e.state import State
from tests.fixtures.missing import without


@pytest.fixture(params=["embedded", "distributed"])
def state(request: pytest.FixtureRequest) -> State:
    """The small state; the test runs once on each form."""
    found: State = request.getfixturevalue(f"{request.param}_state")
    return found


@pytest.fixture(scope="package")
def embedded_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    var = tmp_path_factory.mktemp("embedded")
    with running("embedded", var, {"ALLIANCE_LOG_LEVEL": "DEBUG"}) as platform:
        state = State(platform)
        yield state
        state.close()


@pytest.fixture(scope="package")
def distributed_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributed]:
    """The distributed form, empty before `distributed_state` is asked for."""
    sweep()
    try:
        with distributed(tmp_path_factory.mktemp("distributed")) as running_parts:
            yield running_parts
    except PrivateServerError as missing:
        if "was not found" not in str(missing):
            raise
        without(str(missing))


@pytest.fixture(scope="package")
def distributed_state(distributed_parts: Distributed) -> Iterator[State]:
    state = State(distributed_parts.platform())
    yield state
    state.close()


@pytest.fixture
def parts(distributed_state: State, distributed_parts: Distributed) -> Iterator[Distributed]:
    """The same with the small state in it, for a test that takes parts or servers away: afterwards all run again."""
    yield distributed_parts
    distributed_parts.heal()

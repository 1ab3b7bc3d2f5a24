"""Between the parts and the broker lies a network that stalls, breaks and goes quiet."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from alliance import broker
from alliance.errors import Unavailable
from alliance.private_servers import PrivateRabbitMQ
from tests.faults.pipeline import Pipeline
from tests.faults.proxy import Proxy
from tests.fixtures.waiting import until


@pytest.fixture
def proxy(pipeline: Pipeline, rabbitmq: PrivateRabbitMQ) -> Iterator[Proxy]:
    """A door between the pipeline and the broker; `pipeline.broker_url` leads through it."""
    proxy = Proxy(rabbitmq.port)
    pipeline.broker_url = pipeline.broker_url.replace(f":{rabbitmq.port}/", f":{proxy.port}/")
    yield proxy
    proxy.close()


def test_a_late_confirm_never_counts_for_another_message(
    pipeline: Pipeline, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "CONFIRM_SECONDS", 1.0)
    each = pipeline.relay()
    pipeline.sign(4)
    assert each.step() == 5
    proxy.stall()
    pipeline.sign(4)
    with pytest.raises(Unavailable):
        each.step()
    assert pipeline.published() == 5
    proxy.flow()
    opened = proxy.opened
    pipeline.sign(4)
    assert each.step() == 10
    assert proxy.opened == opened + 1, "the channel with the late confirms is never used again"
    pipeline.run_receiver()
    pipeline.run_projector()
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_a_network_that_breaks_again_and_again_loses_nothing(pipeline: Pipeline, proxy: Proxy) -> None:
    pipeline.run_all()
    for _ in range(8):
        pipeline.sign(40)
        time.sleep(0.15)  # not for luck: so that the breaks fall at different moments of the work
        proxy.cut()
    pipeline.settle()
    pipeline.stop()
    pipeline.assert_faithful()


def test_an_idle_relay_keeps_its_connection(
    pipeline: Pipeline, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "HEARTBEAT", 1)
    each = pipeline.run_relay()
    pipeline.sign(4)
    until(lambda: pipeline.published() == 5, 20, "the events are published")
    opened, until_then = proxy.opened, time.monotonic() + 3.5  # the broker gives up after two to three beats
    while time.monotonic() < until_then:
        time.sleep(0.1)
        assert each.healthy
    pipeline.sign(4)
    until(lambda: pipeline.published() == 10, 20, "the events are published")
    assert proxy.opened == opened

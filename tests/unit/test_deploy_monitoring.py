"""Rules and dashboard: valid, behaving as their tests say, and speaking of metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from alliance import metrics
from alliance.settings import METRICS_PORTS
from tests.fixtures.deployment import DEPLOY

RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "alliance.json"

SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
#: Of Prometheus itself and of RabbitMQ's plugin: not ours to check.
FOREIGN = {"up", "rabbitmq_queue_messages", "rabbitmq_process_resident_memory_bytes"}
#: How many events wait: a busy minute makes them high, and that is no fault.
DEPTHS = {"alliance_relay_lag_events", "alliance_receiver_lag_events", "alliance_projection_lag_events"}
FUNCTIONS = {
    "and", "bool", "by", "clamp_min", "count", "deriv", "histogram_quantile", "max", "min", "min_over_time", "or",
    "rate", "sum", "unless", "vector", "without",
}  # fmt: skip


def our_series() -> dict[str, set[str]]:
    """Every time series that a part can expose, with its labels."""
    series = {}
    for family in metrics.REGISTRY.collect():
        collector = metrics.REGISTRY._names_to_collectors[family.name]
        labels = set(getattr(collector, "_labelnames", ()))
        for suffix in SUFFIXES[family.type]:
            series[family.name + suffix] = labels | ({"le"} if suffix == "_bucket" else set())
    return series


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def dashboard_queries() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def names_in(query: str) -> set[str]:
    """The metrics that a query names: words that are no function, no label and no text."""
    query = re.sub(r'"[^"]*"', "", query)
    query = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|without)\s*\([^)]*\)", "", query)
    return {word for word in re.findall(r"[a-zA-Z_:][\w:]*", query) if word not in FUNCTIONS}


def selectors_in(query: str) -> Iterator[tuple[str, set[str]]]:
    for name, inside in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", query):
        yield name, set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', inside))


def test_prometheus_takes_configuration_and_rules(program: Callable[..., str]) -> None:
    program("promtool", "check", "config", "deploy/prometheus/prometheus.yml")
    assert "rules found" in program("promtool", "check", "rules", *(str(path) for path in RULES))


def test_the_rules_do_what_their_tests_say(program: Callable[..., str]) -> None:
    program("promtool", "test", "rules", *(str(path) for path in RULE_TESTS))


def test_every_rule_is_covered_by_a_test() -> None:
    tested: set[str] = set()
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            tested |= {
                each["alertname"] for each in test.get("alert_rule_test", []) if each.get("exp_alerts")
            }
            tested |= {name for each in test.get("promql_expr_test", []) for name in names_in(each["expr"])}
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert alerts - tested == set()
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    # An alert that stands on a recorded figure tests that figure, too.
    through_alerts = {
        name for rule in rules() if rule.get("alert") in tested for name in names_in(rule["expr"])
    }
    assert recorded - tested - through_alerts == set()


def test_every_metric_in_a_rule_or_on_the_dashboard_exists() -> None:
    known = set(our_series()) | FOREIGN | {rule["record"] for rule in rules() if "record" in rule}
    named = {name for rule in rules() for name in names_in(rule["expr"])}
    assert named - known == set()
    shown = {name for query in dashboard_queries() for name in names_in(query)}
    assert shown - known == set()
    assert "alliance_relay_oldest_unpublished_seconds" in named & shown, "this test has looked at nothing"


def test_every_label_that_a_rule_or_the_dashboard_selects_by_is_one_that_the_metric_has() -> None:
    series = our_series()
    for query in [*(rule["expr"] for rule in rules()), *dashboard_queries()]:
        for name, labels in selectors_in(query):
            if name in series:
                assert labels <= series[name] | {"job", "instance"}, query
        ours = [series[name] for name in names_in(query) if name in series]
        grouped = {
            label.strip()
            for inside in re.findall(r"\bby\s*\(([^)]*)\)", query)
            for label in inside.split(",")
        }
        if ours:
            assert grouped <= set().union(*ours), query


def test_every_metric_of_ours_is_on_the_dashboard_or_in_what_it_shows() -> None:
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    shown = {name for query in dashboard_queries() for name in names_in(query)}
    shown |= {name for each in shown & set(recorded) for name in names_in(recorded[each])}
    families = {family.name: SUFFIXES[family.type] for family in metrics.REGISTRY.collect()}
    unseen = {
        name for name, suffixes in families.items() if not {name + suffix for suffix in suffixes} & shown
    }
    assert unseen == set()


def test_alerts_stand_on_age_and_not_on_the_number_of_events_waiting() -> None:
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    for rule in rules():
        if "alert" in rule:
            assert not DEPTHS & stood_on(rule["expr"], recorded), rule["alert"]


def stood_on(query: str, recorded: dict[str, str]) -> set[str]:
    """The metrics that a query stands on in the end, also by way of recorded figures."""
    names = names_in(query)
    return names | {name for each in names & recorded.keys() for name in stood_on(recorded[each], recorded)}


def test_an_alert_on_a_depth_is_noticed_through_recorded_figures() -> None:
    recorded = {"a:least:min10m": "min by (a) (b:depth)", "b:depth": "max(alliance_receiver_lag_events)"}
    assert stood_on("a:least:min10m > 0", recorded) & DEPTHS == {"alliance_receiver_lag_events"}


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("warning", "critical")
            assert rule["annotations"]["summary"]
            assert len(rule["annotations"]["description"]) > 40


def test_every_part_is_scraped_on_its_internal_port() -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (ours,) = (job for job in configuration["scrape_configs"] if job["job_name"] == "alliance")
    (static,) = ours["static_configs"]
    assert sorted(static["targets"]) == sorted(f"{part}:{port}" for part, port in METRICS_PORTS.items())


def test_what_a_part_exposes_follows_prometheus_own_rules(program: Callable[..., str]) -> None:
    scrape = generate_latest(metrics.REGISTRY).decode()
    assert "alliance_build_info" in scrape
    program("promtool", "check", "metrics", stdin=scrape)


def test_the_dashboard_reads_from_the_datasource_that_is_provisioned() -> None:
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())
    uids = {source["uid"] for source in provisioned["datasources"]}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    used = {target["datasource"]["uid"] for panel in panels for target in panel.get("targets", [])}
    assert used == uids


def test_no_two_panels_of_the_dashboard_lie_over_each_other() -> None:
    places = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in places
        for x in range(place["w"])
        for y in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("query", ["sum(rate(alliance_nonsense_total[5m]))", 'alliance_nonsense{a="b"} > 1'])
def test_a_metric_that_does_not_exist_would_be_noticed(query: str) -> None:
    assert names_in(query) - set(our_series())

"""Every metric of Alliance, in one place, named by Prometheus' rules. No label holds an id of a person or school."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from . import __version__

REGISTRY = CollectorRegistry(auto_describe=True)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_EVENTS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)

commands = Counter(
    "alliance_commands_total",
    "Commands by result: accepted, unchanged, repeated, or the code of the error.",
    ["service", "command", "result"],
    registry=REGISTRY,
)
command_seconds = Histogram(
    "alliance_command_seconds",
    "Time from a command's arrival in the service to its answer.",
    ["service", "command"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
http_request_seconds = Histogram(
    "alliance_http_request_seconds",
    "Time of a request at the gateway, by route template.",
    ["route", "method", "status"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
log_position = Gauge(
    "alliance_log_position",
    "Position of the newest event that this process has seen in the log.",
    ["service"],
    registry=REGISTRY,
)
append_conflicts = Counter(
    "alliance_append_conflicts_total",
    "Appends refused because another command had changed the stream first; each was tried again.",
    ["service"],
    registry=REGISTRY,
)
append_batch_events = Histogram(
    "alliance_append_batch_events",
    "Events of one append transaction (group commit).",
    ["service"],
    buckets=_EVENTS,
    registry=REGISTRY,
)
relay_lag_events = Gauge(
    "alliance_relay_lag_events",
    "Events in the log that the broker has not confirmed yet.",
    ["service"],
    registry=REGISTRY,
)
relay_oldest_unpublished_seconds = Gauge(
    "alliance_relay_oldest_unpublished_seconds",
    "Age of the oldest event that the broker has not confirmed yet; 0 when there is none.",
    ["service"],
    registry=REGISTRY,
)
receiver_lag_events = Gauge(
    "alliance_receiver_lag_events",
    "Events of the source's log, as last heard, that are not in the journal yet.",
    ["source"],
    registry=REGISTRY,
)
receiver_lag_seconds = Gauge(
    "alliance_receiver_lag_seconds",
    "Time since the journal was last level with what was heard of the source's log; 0 while it is.",
    ["source"],
    registry=REGISTRY,
)
duplicates = Counter(
    "alliance_duplicates_total",
    "Deliveries of an event that the journal already held.",
    ["source"],
    registry=REGISTRY,
)
projection_lag_events = Gauge(
    "alliance_projection_lag_events",
    "Events in the journal that the projection has not folded yet.",
    ["projection", "partition"],
    registry=REGISTRY,
)
projection_lag_seconds = Gauge(
    "alliance_projection_lag_seconds",
    "Age of the oldest event in the journal that the projection has not folded yet; 0 when there is none.",
    ["projection", "partition"],
    registry=REGISTRY,
)
projection_batch_events = Histogram(
    "alliance_projection_batch_events",
    "Events that a projection folded in one transaction.",
    ["projection"],
    buckets=_EVENTS,
    registry=REGISTRY,
)
parked_streams = Gauge(
    "alliance_parked_streams",
    "Streams set aside after an event that could not be folded; 0 is the normal state.",
    ["projection"],
    registry=REGISTRY,
)
ready = Gauge(
    "alliance_ready",
    "1 while the part has all that it needs, else 0.",
    ["part"],
    registry=REGISTRY,
)
build_info = Gauge(
    "alliance_build_info",
    "Always 1; the label says which version runs.",
    ["version"],
    registry=REGISTRY,
)
build_info.labels(version=__version__).set(1)

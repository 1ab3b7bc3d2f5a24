"""How often logs of this process were written to."""

from __future__ import annotations

from alliance import metrics


def transactions() -> float:
    """Append transactions of pledges' log so far that wrote something."""
    counted = metrics.REGISTRY.get_sample_value("alliance_append_batch_events_count", {"service": "pledges"})
    return counted or 0.0

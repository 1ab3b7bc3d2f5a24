"""A month's certification: given what was certified, when it is certified (again), then …"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from alliance.errors import Refused
from services.evaluation.certification import (
    DECIDER,
    Certification,
    CertifyPeriod,
    PeriodCertified,
    decide,
    evolve,
    figures,
)
from services.evaluation.indicators import Ratio

ALL = figures({"classes_reported": Ratio(40, 40)})
MOST = figures({"classes_reported": Ratio(39, 40)})


def certify(**changes: Any) -> CertifyPeriod:
    of: dict[str, Any] = {
        "district": "d1", "school_year": "2026-27", "period": "2026-09", "certified_on": date(2026, 10, 6),
        "figures": ALL, "missing": (), "as_of": {"folders": 411}, "incomplete": False,
    }  # fmt: skip
    return CertifyPeriod(**{**of, **changes})


def certified(**changes: Any) -> PeriodCertified:
    return PeriodCertified(
        **{name: value for name, value in asdict(certify(**changes)).items() if name != "incomplete"}
    )


def given(*events: PeriodCertified) -> Certification:
    state = DECIDER.initial
    for event in events:
        state = evolve(state, event)
    return state


def test_a_complete_month_is_certified_as_it_is_known() -> None:
    assert decide(given(), certify()) == [certified()]


def test_the_same_month_again_records_nothing_new() -> None:
    later = certify(certified_on=date(2026, 11, 2), as_of={"folders": 500})
    assert decide(given(certified()), later) == []


def test_an_amended_month_is_certified_anew() -> None:
    before = certified(figures=MOST, missing=("c7",))
    assert decide(given(before), certify()) == [certified()]


def test_a_month_with_missing_classes_is_refused_with_their_names() -> None:
    with pytest.raises(
        Refused, match=r"2 of the classes expected in 2026-09 have sent no folder: c7, c9\. Have"
    ):
        decide(given(), certify(figures=MOST, missing=("c7", "c9")))


def test_who_knows_that_classes_are_missing_may_certify_without_them() -> None:
    known = {"figures": MOST, "missing": ("c7",)}
    assert decide(given(), certify(**known, incomplete=True)) == [certified(**known)]

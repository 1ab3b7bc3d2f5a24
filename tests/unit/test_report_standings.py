"""How a district stands on the written rule, from what is shown of it: data, distance, improvement, gap, last year."""

from __future__ import annotations

import pytest
from scipy import stats

from services.evaluation.report.exemplary import WRITTEN_RULE, Criteria, Standing, judge
from services.evaluation.report.snapshot import Certified
from services.evaluation.report.standings import RULED, certified_share, improvement, judgements, standings
from services.evaluation.report.support import support
from tests.builders_report import before, card, figures_of, month, pledges, snapshot

PLEDGES = "pledges_signed"
#: Thirty districts alike, around which one can stand out.
ALIKE = {f"e{at:02}": (700, 1000) for at in range(30)}


def standing_of(district: str, *args: object, indicator: str = PLEDGES, **more: object) -> Standing:
    found = standings(figures_of(snapshot(*args, **more)), WRITTEN_RULE)  # type: ignore[arg-type]
    (one,) = [each for each in found if (each.district, each.indicator) == (district, indicator)]
    return one


def test_improvement_has_newcombes_interval() -> None:
    """Newcombe (1998), table II, example (a): 56/70 against 48/80 is .2000, from .0524 to .3339."""
    found = figures_of(
        snapshot(pledges(d1=(56, 70), d2=(700, 1000)), before=before(pledges(d1=(48, 80), d2=(600, 1000))))
    )
    assert found.before is not None
    change = improvement(found.now, found.before, "d1", PLEDGES)
    assert change == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_decline_is_below_zero() -> None:
    found = figures_of(
        snapshot(pledges(d1=(48, 80), d2=(700, 1000)), before=before(pledges(d1=(56, 70), d2=(600, 1000))))
    )
    assert found.before is not None
    change = improvement(found.now, found.before, "d1", PLEDGES)
    assert change == pytest.approx((-0.2, -0.3339, -0.0524), abs=5e-5)


@pytest.mark.parametrize("earlier", [{"d2": (600, 1000)}, {"d1": (4, 6), "d2": (600, 1000)}])
def test_there_is_no_improvement_on_what_is_not_known_or_not_shown(
    earlier: dict[str, tuple[int, int]],
) -> None:
    one = standing_of("d1", pledges(d1=(56, 70), d2=(700, 1000)), before=before(pledges(**earlier)))
    assert one.improvement is None


def test_without_an_earlier_year_nothing_that_needs_one_is_known() -> None:
    one = standing_of("d1", pledges(d1=(56, 70), d2=(700, 1000)))
    assert (one.improvement, one.gap, one.before) == (None, None, None)


def test_of_the_class_months_due_those_count_that_were_certified_as_reported() -> None:
    """Three months of 10, 10 and 20 classes; all of the first, four missing in the last, the second not certified."""
    months = (month("2026-09", (10, 10)), month("2026-10", (10, 10)), month("2026-11", (16, 20)))
    said = {"2026-09": Certified(0, False, 1), "2026-11": Certified(4, True, 2)}
    assert certified_share(said, months) == pytest.approx((10 + 16) / 40)
    assert certified_share({}, months) == 0
    assert certified_share(said, ()) == 0


def test_more_classes_missing_than_there_are_make_nothing_less_than_none() -> None:
    assert (
        certified_share(
            {"2026-09": Certified(9, True, 1)}, (month("2026-09", (2, 4)), month("2026-10", (2, 4)))
        )
        == 0
    )


def test_a_month_that_is_not_due_needs_no_certificate() -> None:
    of = card(month("2026-09", (10, 10)), month("2026-10", (0, 10), due=False), pledges_signed=(70, 100))
    one = standing_of("d1", {"d1": of, "d2": of}, None, {"d1": {"2026-09": Certified(0, False, 1)}})
    assert one.certified == 1.0


def test_the_gap_is_between_the_best_and_the_worst_school_in_both_years() -> None:
    """Large schools, so that the estimates are their rates nearly: .80 and .60 now, .80 and .50 before."""
    now = {"d1": pledges(s1=(8000, 10_000), s2=(6000, 10_000)), "d2": pledges(s3=(7000, 10_000))}
    then = {"d1": pledges(s1=(8000, 10_000), s2=(5000, 10_000)), "d2": pledges(s3=(7000, 10_000))}
    cards, earlier = (
        pledges(d1=(14_000, 20_000), d2=(7000, 10_000)), pledges(d1=(13_000, 20_000), d2=(7000, 10_000)),
    )  # fmt: skip
    one = standing_of("d1", cards, now, before=before(earlier, schools=then))
    assert one.gap == pytest.approx((0.2, 0.3), abs=0.01)
    alone = standing_of("d2", cards, now, before=before(earlier, schools=then))
    assert alone.gap is None  # one school has no distance


def test_last_year_the_rule_is_asked_of_last_years_figures() -> None:
    high = {**ALIKE, "good": (970, 1100)}
    certified = {"good": {"2025-09": Certified(0, False, 1)}}
    then = {name: card(month("2025-09", (4, 4)), pledges_signed=pair) for name, pair in high.items()}
    with_data = standing_of("good", pledges(**high), before=before(then, certified=certified))
    without = standing_of("good", pledges(**high), before=before(then))
    assert (with_data.before, without.before) == (True, False)


def test_q_and_the_limit_are_the_funnels() -> None:
    """Districts alike and one that is far: over-dispersion is none, so all is binomial, by scipy's own law."""
    districts = {**ALIKE, "good": (760, 1000)}
    found = standings(figures_of(snapshot(pledges(**districts))), WRITTEN_RULE)
    assert [each.district for each in found] == sorted(districts)
    p0 = sum(k for k, _ in districts.values()) / sum(n for _, n in districts.values())
    law = stats.binom(1000, p0)
    count = next(r for r in range(1001) if law.cdf(r) >= 0.999)
    limit = (count - (law.cdf(count) - 0.999) / law.pmf(count)) / 1000
    p = [min(1.0, 2 * min(law.cdf(k), law.sf(k - 1))) for _, (k, _) in sorted(districts.items())]
    for each, q in zip(found, stats.false_discovery_control(p), strict=True):
        assert each.limit == pytest.approx(limit, abs=1e-9)
        assert each.q == pytest.approx(q)
        assert each.state == pytest.approx(p0)


def test_only_the_four_indicators_of_a_programme_are_ruled_and_only_what_is_shown_has_a_standing() -> None:
    full = {"pledges_signed": (700, 1000), "survey_response": (300, 900)}
    months = (month("2026-09", (10, 12), (500, 800)),)
    cards = {name: card(*months, **full) for name in ("d1", "d2")} | {"d3": card(pledges_signed=(2, 4))}
    found = standings(figures_of(snapshot({**cards, "d4": card(pledges_signed=(4, 9))})), WRITTEN_RULE)
    assert {each.indicator for each in found} == set(RULED) == {
        "pledges_signed", "classes_on_time", "folders_returned", "survey_response",
    }  # fmt: skip
    assert not {"d3", "d4"} & {each.district for each in found}


def test_the_rule_judges_every_standing() -> None:
    found = standings(figures_of(snapshot(pledges(**ALIKE, good=(900, 1000)))), WRITTEN_RULE)
    judged = judgements(found, Criteria(certified=0.0))
    assert [(each.district, each.indicator) for each in judged] == [
        (each.district, each.indicator) for each in found
    ]
    assert judged == tuple(judge(each, Criteria(certified=0.0)) for each in found)
    assert [each.district for each in judged if each.named] == ["good"]


def test_who_is_below_the_state_or_has_not_certified_is_offered_something_by_name() -> None:
    cards = {
        name: card(month("2026-09", (4, 4)), pledges_signed=pair)
        for name, pair in {**ALIKE, "low": (400, 1000)}.items()
    }
    said = {name: {"2026-09": Certified(0, False, 1)} for name in cards if name != "e07"}
    of = snapshot(cards, None, said)
    rows = [row[:3] for row in support(figures_of(of), of.names).rows]
    assert rows == [["e07", "District e07", "certification"], ["low", "District low", PLEDGES]]

"""A district's year as planned: repeatable, within the rules, and true to its propensities."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from simulation import calendar
from simulation.chance import chance, chances, key, pick
from simulation.counts import Counts
from simulation.plan import DistrictPlan, FolderMonth, Item, Pupil
from simulation.truth import FOLDER_MODES, MODES, SCALES, Propensities, draw_propensities

ITEMS = [
    Item(f"{scale[0]}{number}", scale, number == 4) for scale in SCALES for number in range(1, 6)
]  # c1..c5, s1..s5, h1..h5


def district(pupils: int, truth: Propensities | None = None, seed: int = 1, ids: str = "a") -> DistrictPlan:
    """Classes of twenty, schools of a hundred, two children a household; `ids` stands for a deployment's own
    ids.
    """
    return DistrictPlan(
        [
            Pupil(
                student=f"{ids}-student-{n}",
                household=f"{ids}-household-{n // 2}",
                guardians=(f"{ids}-guardian-{n // 2}",),
                class_=f"{ids}-class-{n // 20}",
                school=f"{ids}-school-{n // 100}",
                sourced_id=f"p-{n:06d}",
            )
            for n in range(pupils)
        ],
        truth or draw_propensities(seed, "2800185"),
        seed,
    )


def folders(plan: DistrictPlan) -> list[FolderMonth]:
    return [
        folder
        for period in calendar.PERIODS
        for (school, class_), members in plan.classes().items()
        if (folder := plan.folder(school, class_, members, period))
    ]


def test_the_same_seed_plans_the_same_year_in_whatever_order_the_pupils_come() -> None:
    plan = district(400)
    shuffled = replace(plan, pupils=random.Random(3).sample(plan.pupils, len(plan.pupils)))
    assert {str(pledge) for pledge in plan.pledges()} == {str(pledge) for pledge in shuffled.pledges()}
    assert {str(folder) for folder in folders(plan)} == {str(folder) for folder in folders(shuffled)}
    assert [str(pledge) for pledge in plan.pledges()] != [
        str(pledge) for pledge in replace(plan, seed=2).pledges()
    ]


def test_another_deployment_with_other_ids_has_the_same_year() -> None:
    ours, theirs = district(400), district(400, ids="b")
    assert [pledge["signed_on"] for pledge in ours.pledges()] == [
        pledge["signed_on"] for pledge in theirs.pledges()
    ]
    assert [len(folder.returns) for folder in folders(ours)] == [
        len(folder.returns) for folder in folders(theirs)
    ]
    keys = sorted(ours.households().values())
    assert len(keys) == 200
    assert keys == sorted(theirs.households().values())
    assert [ours.response(each, ITEMS) for each in keys] == [theirs.response(each, ITEMS) for each in keys]


def test_pledges_are_signed_in_august_and_september_by_a_guardian_of_the_student() -> None:
    plan = district(1000)
    by_student = {pupil.student: pupil for pupil in plan.pupils}
    pledges = list(plan.pledges())
    assert len({pledge["student"] for pledge in pledges}) == len(pledges)
    for pledge in pledges:
        assert "2026-08-06" <= pledge["signed_on"] <= "2026-09-30"
        assert pledge["guardian"] in by_student[pledge["student"]].guardians
    assert {pledge["signed_on"][:7] for pledge in pledges} == {"2026-08", "2026-09"}
    assert {pledge["mode"] for pledge in pledges} == {mode for mode, _ in MODES}
    assert {pledge["language"] for pledge in pledges} == {"en", "es"}


def test_a_folder_goes_home_in_its_month_or_late_in_the_next_and_comes_back_afterwards() -> None:
    found = folders(district(2000))
    for folder in found:
        sent_on = date.fromisoformat(folder.sent_on)
        year, month = map(int, folder.period.split("-"))
        months_late = (sent_on.year - year) * 12 + sent_on.month - month
        assert months_late == (0 if folder.on_time else 1)
        assert calendar.BEGINS_ON <= sent_on <= calendar.ENDS_ON
        for returned in folder.returns:
            assert sent_on <= date.fromisoformat(returned["signed_on"]) <= calendar.ENDS_ON
        assert set(folder.voided) <= {returned["student"] for returned in folder.returns}
    assert any(not folder.on_time for folder in found)
    assert all(folder.on_time for folder in found if folder.period == "2027-05")
    assert any(folder.voided for folder in found)


def test_a_class_sends_at_most_one_folder_a_month_and_misses_some() -> None:
    plan = district(2000)
    found = [(folder.class_, folder.period) for folder in folders(plan)]
    assert len(set(found)) == len(found) < len(plan.classes()) * len(calendar.PERIODS)


def test_realised_rates_lie_about_the_propensities_they_were_drawn_from() -> None:
    plan = district(20_000)
    counts = Counts()
    counts.of_roster(plan.pupils)
    counts.pledges_signed = sum(1 for _ in plan.pledges())
    counts.of_month(folders(plan), dict.fromkeys((school for school, _ in plan.classes()), 5))
    for name, expected in plan.truth.expected().items():
        numerator, denominator = counts.indicators()[name]
        if denominator:  # no survey here
            error = (expected * (1 - expected) / denominator) ** 0.5
            assert numerator / denominator == pytest.approx(expected, abs=4 * error), name


def test_answers_recover_the_scale_means_and_the_response_rate() -> None:
    plan = district(20_000)
    counts = Counts()
    keys = plan.households().values()
    for each in keys:
        response = plan.response(each, ITEMS)
        if response:
            counts.of_response(response["answers"], ITEMS)
    rate = plan.truth.responding
    assert counts.responded / len(keys) == pytest.approx(rate, abs=4 * (rate * (1 - rate) / len(keys)) ** 0.5)
    for scale, scores in counts.scores.items():
        assert scores.mean is not None
        assert scores.sd is not None
        assert scores.mean == pytest.approx(plan.truth.scale_means[scale], abs=4 * scores.sd / scores.n**0.5)


def test_answers_are_one_to_five_or_not_sure_and_some_items_are_left_out() -> None:
    plan = district(4000)
    answers = [r["answers"] for each in plan.households().values() if (r := plan.response(each, ITEMS))]
    assert {answer for given in answers for answer in given.values()} == {1, 2, 3, 4, 5, None}
    assert {len(given) < len(ITEMS) for given in answers} == {True, False}
    assert all(given for given in answers)


def test_a_score_is_the_mean_of_the_answered_items_with_reversed_ones_turned_round() -> None:
    counts = Counts()
    # By hand: c1 5, c2 4, c4 (reversed) 2 -> 4, c3 not sure, c5 left out: (5 + 4 + 4) / 3 of five items,
    # three answered.
    counts.of_response({"c1": 5, "c2": 4, "c3": None, "c4": 2, "s1": 3, "s2": 3}, ITEMS)
    assert counts.scores["communication"].total == Fraction(13, 3)
    # Two of five answered are fewer than half, none of five are none.
    assert counts.scores["school_programmes"].n == counts.scores["home_learning"].n == 0


def test_a_school_has_met_a_month_only_when_all_its_classes_sent_in_time() -> None:
    def sent(class_: str, school: str, on_time: bool) -> FolderMonth:
        return FolderMonth(class_, school, "2026-09", on_time, "2026-09-10", ("x",) * 20, (), ())

    counts = Counts()
    schools = {"all in time": 2, "one late": 2, "one missing": 2}
    counts.of_month(
        [sent("a", "all in time", True), sent("b", "all in time", True), sent("c", "one late", True),
         sent("d", "one late", False), sent("e", "one missing", True)],
        schools,
    )  # fmt: skip
    assert (counts.months_met, counts.reported, counts.on_time, counts.student_months) == (1, 5, 4, 100)


def test_the_state_is_the_sum_of_its_districts() -> None:
    first, second = Counts(enrolled=3, invited=2), Counts(enrolled=4, responded=1)
    second.scores["communication"].add(Fraction(4))
    first.add(second)
    assert (first.enrolled, first.invited, first.responded, first.scores["communication"].n) == (7, 2, 1, 1)


def test_a_draw_hangs_on_its_seed_and_place_alone_and_is_spread_evenly() -> None:
    assert chance(1, "pledge", "p-1") == chance(1, "pledge", "p-1") != chance(2, "pledge", "p-1")
    assert chance(1, "ab", "c") != chance(1, "a", "bc")
    many = sorted(chance(9, str(n)) for n in range(10_000))
    assert max(abs(at - n / 10_000) for n, at in enumerate(many)) < 1.95 / 100  # Kolmogorov-Smirnov, 0.1 %
    assert len(set(chances(1, 16, "x"))) == 16


def test_an_idempotency_key_is_the_same_for_the_same_request_only() -> None:
    assert key(1, "/v1/pledges", "body") == key(1, "/v1/pledges", "body")
    assert len({key(1, "a"), key(2, "a"), key(1, "b")}) == 3


@pytest.mark.parametrize("weighted", [MODES, FOLDER_MODES])
def test_a_weighted_choice_takes_each_by_its_weight(weighted: tuple[tuple[str, float], ...]) -> None:
    found = [pick((n + 0.5) / 1000, weighted) for n in range(1000)]
    assert {choice: found.count(choice) / 1000 for choice, _ in weighted} == pytest.approx(dict(weighted))

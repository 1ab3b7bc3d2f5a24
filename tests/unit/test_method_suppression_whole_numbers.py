"""Persons are whole, and counts may be printed: what an auditor makes of both."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from services.evaluation.methods import polytope, suppression
from services.evaluation.methods.constraints import Bounds, Question, Row
from services.evaluation.methods.disclosure import Contradiction
from services.evaluation.methods.polytope import Polytope
from services.evaluation.methods.release import Release, Rules, Sum
from services.evaluation.methods.suppression import Cell, Shown, Table

ALL, A, B = (("pledges", (name,)) for name in ("all", "a", "b"))
RULES = Rules()


def full(n: int, k: int, exact: bool = False) -> Shown:
    return suppression.show(Cell(n, k), "shown", RULES, exact)


def released(**shown: Shown) -> Release:
    figures = {("pledges", (name,)): each for name, each in shown.items()}
    return Release("r", figures, (Sum(ALL, (A, B)),), frozenset({"pledges"}))


@pytest.mark.parametrize(("exact", "span"), [(False, (198, 202)), (True, (200, 200))])
def test_a_printed_count_is_known_exactly_and_a_rate_to_its_rounding(
    exact: bool, span: tuple[int, int]
) -> None:
    """40.0 % of 3000 are 1199 to 1201, 50.0 % of 2000 are 999 to 1001; the counts themselves are 1200 and 1000."""
    release = released(all=full(3000, 1200, exact), a=full(2000, 1000, exact), b=Shown("hidden"))
    assert suppression.audit(release).ranges[B, "k"] == span


def test_counts_are_printed_where_the_table_asks_and_the_figure_is_shown_in_full() -> None:
    cells = {("a",): Cell(100, 33), ("b",): Cell(15, 5), ("c",): Cell(100, 97), ("d",): Cell(4, 1)}
    for counts, printed in ((False, None), (True, 33)):
        release = suppression.suppress([Table("pledges", ("unit",), cells, counts=counts)])
        told = {key[0]: (shown.status, shown.k) for (_, key), shown in release.shown.items()}
        assert told == {
            "a": ("shown", printed),
            "b": ("rate only", None),
            "c": ("bound", None),
            "d": ("hidden", None),
        }


def test_a_table_that_prints_counts_is_audited_by_them() -> None:
    """4.0 % of 1000 of 10000 are the forty that 3040 less 3000 tells, where the counts are printed."""
    cells = {("all",): Cell(10_000, 3040), ("a",): Cell(8000, 3000), ("b",): Cell(2000, 40)}
    parents = {"unit": {"a": "all", "b": "all"}}
    release = suppression.suppress([Table("pledges", ("unit",), cells, parents, counts=True)])
    assert release.shown[ALL].k == 3040
    assert {release.shown[A].status, release.shown[B].status} == {"hidden"}
    assert suppression.audit(release).passed


def test_a_number_that_only_whole_persons_tell_is_found() -> None:
    """Rates of 35 % are from 32.5 to 37.5: of ten there is no whole number of persons, of eleven it is four.

    Of 21 with seven counted the two would be 10 and 11: fractions allow it, whole persons do not.
    """
    rate = suppression.show(Cell(14, 5), "rate only", RULES)
    assert (rate.rate_low, rate.rate_high) == (32.5, 37.5)
    with pytest.raises(Contradiction, match="no whole numbers"):
        suppression.audit(released(all=full(21, 7), a=rate, b=rate))
    # Of twelve it is four, of thirteen none: 23 with eight counted are 11 and 12, though fractions have 10 and 13 too.
    audit = suppression.audit(released(all=full(23, 8), a=rate, b=rate))
    assert audit.ranges[A, "n"] == (11, 12)
    # Of 22 with eight counted both are eleven, though fractions have ten and twelve too.
    audit = suppression.audit(released(all=full(22, 8), a=rate, b=rate))
    assert audit.ranges[A, "n"] == (11, 11)


counted = st.integers(10, 20).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1)))


@settings(max_examples=30, deadline=None)
@given(counted, counted, st.sampled_from(["rate only", "hidden"]), st.integers(21, 60), st.booleans())
def test_narrow_ranges_are_those_of_trying_every_whole_number(
    a: tuple[int, int], b: tuple[int, int], second: suppression.Status, others: int, exact: bool
) -> None:
    """The oracle tries all (n, k) of the two figures; a third part is shown and so are all together."""
    c = (others, others // 2)
    total = (a[0] + b[0] + c[0], a[1] + b[1] + c[1])
    figures = {
        ALL: full(*total, exact),
        A: suppression.show(Cell(*a), "rate only", RULES),
        B: suppression.show(Cell(*b), second, RULES),
        ("pledges", ("c",)): full(*c, exact),
    }
    sums = (Sum(ALL, (A, B, ("pledges", ("c",)))),)
    audit = suppression.audit(Release("r", figures, sums, frozenset({"pledges"})))

    def possible(shown: Shown, n: int, k: int) -> bool:
        if not 0 <= k <= n or not shown.n_low <= n <= (shown.n_high or 10**6):
            return False
        return shown.rate_low * n <= 100 * k + 1e-9 and 100 * k <= shown.rate_high * n + 1e-9

    tried = defaultdict(set)
    left = total[0] - c[0], total[1] - c[1]  # below a thousand persons the rate tells the count
    for n in range(left[0] + 1):
        for k in range(left[1] + 1):
            other = left[0] - n, left[1] - k
            if possible(figures[A], n, k) and possible(figures[B], *other):
                tried[A, "n"].add(n)
                tried[B, "n"].add(other[0])
                tried[B, "k"].add(other[1])
    widths = {(A, "n"): 3, (B, "n"): 3 if second == "rate only" else 10, (B, "k"): 3}
    for asked, (least, greatest) in audit.ranges.items():
        assert least <= min(tried[asked]) <= max(tried[asked]) <= greatest
        if greatest - least <= 3 * widths[asked]:
            assert (least, greatest) == (min(tried[asked]), max(tried[asked]))


def thirds() -> Polytope:
    """x + y = 10 with 2.5 <= x <= 5.5 said of twice x, so that no bound of x itself says it."""
    bounds = {"x": Bounds(0, 10), "y": Bounds(0, 10)}
    return Polytope(bounds, [Row({"x": 2.0, "y": 1.0}, 12.0, 16.0), Row({"x": 3.0, "y": 3.0}, 29.0, 31.0)])


def test_a_solve_that_runs_out_of_time_leaves_the_answer_of_fractions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With whole x and y only x + y = 10 is between 29/3 and 31/3, so x is from 2 to 6; with fractions from 1.67."""
    question = Question({"x": 1.0}, 3)
    (span,) = thirds().spans([question])
    assert (span.least, span.greatest) == (2, 6)
    (span,) = thirds().spans([Question({"x": 3.0}, 6)])
    assert (span.least, span.greatest) == (6, 18)
    monkeypatch.setattr(
        polytope.optimize, "milp", lambda *_, **__: OptimizeResult(status=1, fun=None, x=None)
    )
    (span,) = thirds().spans([Question({"x": 3.0}, 6)])
    assert (span.least, span.greatest) == (5, 19)


def test_the_answer_for_large_blocks_is_that_of_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polytope, "_SMALL_BLOCK", 1)
    (span,) = thirds().spans([Question({"x": 3.0}, 6)])
    assert (span.least, span.greatest) == (5, 19)

"""What a fold may write, and which partition folds an event."""

from __future__ import annotations

from zlib import crc32

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alliance.projection import EVERYWHERE, Rows, belongs
from tests.unit.test_kit_envelope import example


def test_what_a_failing_fold_wrote_is_forgotten() -> None:
    rows = Rows({("t", ("a",)): {"n": 1}})
    rows.put("t", ("a",), {"n": 2})
    rows.add("sums", ("d",), signed=1)
    rows.keep()
    rows.put("t", ("a",), {"n": 3})
    rows.put("t", ("b",), {"n": 9})
    rows.add("sums", ("d",), signed=5)
    assert rows.get("t", ("a",)) == {"n": 3}, "a fold sees what it has written itself"
    rows.discard()
    assert rows.get("t", ("a",)) == {"n": 2}
    assert rows.get("t", ("b",)) is None
    assert rows.replaced() == {("t", ("a",)): {"n": 2}}
    assert rows.added() == {("sums", ("d",)): {"signed": 1}}


def test_a_deleted_row_is_gone_for_the_next_fold_and_for_the_table() -> None:
    rows = Rows({("t", ("a",)): {"n": 1}})
    rows.delete("t", ("a",))
    rows.keep()
    assert rows.get("t", ("a",)) is None
    assert rows.replaced() == {("t", ("a",)): None}


def test_sums_that_cancel_out_are_not_written() -> None:
    rows = Rows({})
    for delta in (1, 1, -2):
        rows.add("sums", ("d",), signed=delta)
        rows.keep()
    assert rows.added() == {}


@given(district=st.text(min_size=1), partitions=st.integers(1, 9))
def test_a_district_belongs_to_exactly_one_partition_and_the_state_to_all(
    district: str, partitions: int
) -> None:
    event = example(district=district)
    folded_by = [k for k in range(partitions) if belongs(event, k, partitions)]
    if district == EVERYWHERE:
        assert folded_by == list(range(partitions))
    else:
        assert folded_by == [crc32(district.encode()) % partitions]
    everywhere = msgspec.structs.replace(event, district=EVERYWHERE)
    assert all(belongs(everywhere, k, partitions) for k in range(partitions))

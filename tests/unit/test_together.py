"""Callers that are taken together: who leads, what each hears, and that nobody waits for one who has gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from alliance import together as kit
from alliance.errors import Unavailable
from alliance.together import Together
from tests.fixtures.waiting import until


class Interrupted(BaseException):
    pass


class Held:
    """Groups that end when the test lets them: `groups` are those that began."""

    def __init__(self, pool: ThreadPoolExecutor, limit: int = 10) -> None:
        self.groups: list[list[Any]] = []
        self._let = threading.Semaphore(0)
        self._pool = pool
        self.together: Together[Any, str] = Together(self._take, limit)

    def _take(self, items: Sequence[Any]) -> list[str]:
        self.groups.append(list(items))
        assert self._let.acquire(timeout=20)
        if isinstance(items[0], BaseException):
            raise items[0]
        return [f"outcome of {item}" for item in items]

    def waits(self, *items: Any) -> list[Future[str]]:
        """A caller for each, which come one after the other while a group is under way."""
        found = []
        for item in items:
            before = len(self.together)
            found.append(self._pool.submit(self.together.run, item))
            until(lambda before=before: len(self.together) == before + 1, 5, "it waits")
        return found

    def leads(self, item: Any) -> Future[str]:
        """A caller that comes alone, and whose group is under way."""
        found = self._pool.submit(self.together.run, item)
        until(lambda: self.groups and self.groups[-1] == [item], 5, "its group is under way")
        return found

    def end(self) -> None:
        """Let one group end."""
        self._let.release()


@pytest.fixture
def held() -> Iterator[Held]:
    with ThreadPoolExecutor(20) as pool:
        yield Held(pool)


def test_who_waits_while_a_group_is_under_way_is_in_the_next_one(held: Held) -> None:
    first = held.leads("a")
    others = held.waits("b", "c", "d")
    held.end()
    held.end()
    assert [each.result(5) for each in (first, *others)] == [f"outcome of {item}" for item in "abcd"]
    assert held.groups == [["a"], ["b", "c", "d"]]


def test_a_group_takes_no_more_than_its_limit_and_the_longest_wait_ends_first(held: Held) -> None:
    held.together._limit = 2
    held.leads("a")
    held.waits("b", "c", "d", "e", "f")
    for _ in range(4):
        held.end()
    until(lambda: len(held.groups) == 4, 5, "all are taken")
    assert held.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_whose_outcome_is_there_does_not_wait_for_the_groups_of_those_who_came_later(held: Held) -> None:
    for turn in range(50):
        first = held.leads(f"{turn} a")
        others = held.waits(*(f"{turn} {n}" for n in range(3)))
        held.end()
        until(lambda turn=turn: len(held.groups) == 3 * turn + 2, 5, "the second group is under way")
        (newcomer,) = held.waits(f"{turn} new")
        held.end()
        # The newcomer's group does not end before they are gone.
        assert [each.result(5) for each in (first, *others)]
        assert not newcomer.done()
        held.end()
        assert newcomer.result(5)


def test_what_a_group_raises_is_heard_by_all_of_it_and_by_nobody_else(held: Held) -> None:
    first = held.leads("a")
    others = held.waits(ValueError("all of us"), "b")
    held.end()
    until(lambda: len(held.groups) == 2, 5, "the second group is under way")
    (later,) = held.waits("c")
    held.end()
    held.end()
    assert [type(each.exception(5)) for each in (first, *others, later)] == [
        type(None), ValueError, ValueError, type(None),
    ]  # fmt: skip


def test_what_is_meant_for_the_leader_alone_ends_nobody_else(held: Held) -> None:
    held.leads("a")
    leader, other = held.waits(Interrupted(), "b")
    held.end()
    held.end()
    assert isinstance(leader.exception(5), Interrupted)
    assert isinstance(other.exception(5), Unavailable)
    last = held.leads("c")
    held.end()
    assert last.result(5)


@pytest.mark.parametrize("moment", ["waiting", "about to lead"])
def test_nobody_waits_for_one_whose_wait_was_broken_off(
    held: Held, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    broken = threading.Event()

    class Turn:
        """The lock of one who is interrupted: while it waits, or when it has just been given the lead."""

        def __init__(self) -> None:
            self._free = threading.Event()

        def acquire(self) -> None:
            assert broken.wait(20)
            if moment == "about to lead":
                assert self._free.wait(20)
            raise Interrupted

        def release(self) -> None:
            self._free.set()

    class Interruptible(kit._Waiting[Any, Any]):
        def __init__(self, item: Any) -> None:
            super().__init__(item)
            self.turn = Turn()  # type: ignore[assignment]

    first = held.leads("a")
    with monkeypatch.context() as patched:
        patched.setattr(kit, "_Waiting", Interruptible)
        (gone,) = held.waits("gone")
    (other,) = held.waits("b")
    ends: list[Callable[[], object]] = [held.end, broken.set]
    for end in ends if moment == "about to lead" else reversed(ends):
        end()
    assert isinstance(gone.exception(5), Interrupted)
    held.end()
    assert (first.result(5), other.result(5)) == ("outcome of a", "outcome of b")
    assert held.groups == [["a"], ["b"]]

"""The feed of a log: pages of events after a position, from the same process or over HTTP.

It is how a reader catches up: after a first start, a gap, or a broker that lost its queues.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
import urllib3

from .envelope import UNREADABLE, Document, Event, to_document
from .errors import Unavailable
from .log import Log

#: Events of one page: large enough to amortise a round trip, small enough for memory.
PAGE = 1000
#: Pages that a remote reader asks for before it needs them: with one, the source would wait while it is decoded.
AHEAD = 2


@dataclass(frozen=True, slots=True)
class Page:
    """`events` follow the asked position without a hole; `head` is the log's newest position, `epoch` its history."""

    epoch: str
    head: int
    events: list[Event]


class Feed(Protocol):
    """A source's log as its readers see it. Raises Unavailable when the source cannot be reached."""

    source: str

    def page(self, after: int, limit: int = PAGE) -> Page: ...


class LocalFeed:
    """The feed of a log in this process."""

    def __init__(self, log: Log) -> None:
        self.source = log.source
        self._log = log

    def page(self, after: int, limit: int = PAGE) -> Page:
        # The head is read first: events that arrive in between make the page longer than the head, never shorter.
        head, epoch = self._log.head()
        events = self._log.read(after, limit) if head > after else []
        return Page(epoch, max(head, events[-1].position if events else 0), events)


class RemoteFeed:
    """The feed of another service, from `GET /feed` of its edge.

    After a full page it asks for the next ones at once, so that the source reads while its reader writes. They follow
    without a hole, so where each of them begins is known before the one before it has come.
    """

    def __init__(self, source: str, url: str, secret: str, *, seconds: float = 10.0) -> None:
        self.source = source
        # Not httpx: to receive a page took it four times as long, a tenth of what the reader does with an event.
        self._pool = urllib3.connection_from_url(
            url,
            maxsize=1 + AHEAD,
            timeout=seconds,
            retries=False,
            headers={"X-Alliance-Edge-Secret": secret},
        )
        self._ahead: deque[_Ahead] = deque()

    def page(self, after: int, limit: int = PAGE) -> Page:
        ahead, self._ahead = self._ahead, deque()
        if ahead and ahead[0].after != after:
            ahead.clear()
        page = ahead.popleft().page() if ahead else self._fetch(after, limit)
        if len(page.events) == limit == PAGE:
            begins = range(page.events[-1].position, page.head, PAGE)[len(ahead) : AHEAD]
            ahead.extend(_Ahead(self._fetch, begin) for begin in begins)
            self._ahead = ahead
        return page

    def _fetch(self, after: int, limit: int) -> Page:
        try:
            answer = self._pool.request("GET", f"/feed?after={after}&limit={limit}", redirect=False)
            if answer.status != 200:
                raise Unavailable(f"The feed of {self.source} answers {answer.status}; trying again.")
            return from_json(answer.data)
        except (urllib3.exceptions.HTTPError, *UNREADABLE) as error:
            raise Unavailable(
                f"The feed of {self.source} cannot be read ({type(error).__name__}); trying again."
            ) from error


class _Ahead:
    """A page that is on its way."""

    def __init__(self, fetch: Callable[[int, int], Page], after: int) -> None:
        self.after = after
        self._fetch = fetch
        self._found: Page | Unavailable | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def page(self) -> Page:
        self._thread.join()
        if isinstance(self._found, Page):
            return self._found
        raise self._found or Unavailable("The next page did not come; trying again.")

    def _run(self) -> None:
        try:
            self._found = self._fetch(self.after, PAGE)
        except Unavailable as error:
            self._found = error


def to_json(page: Page) -> bytes:
    """The wire form of a page."""
    return msgspec.json.encode(
        {"epoch": page.epoch, "head": page.head, "events": [to_document(event) for event in page.events]}
    )


def from_json(body: bytes) -> Page:
    read = _read(body)
    return Page(read.epoch, read.head, [document.event() for document in read.events])


class _Document(msgspec.Struct):
    epoch: str
    head: int
    events: list[Document]


_read = msgspec.json.Decoder(_Document).decode

"""How much a request may hold."""

from __future__ import annotations

MEBIBYTE = 1024 * 1024

#: A JSON body or a form.
BODY_BYTES = MEBIBYTE

#: A roster bundle, which goes to a file piece by piece.
ROSTER_BYTES = 512 * MEBIBYTE

#: A file of published results.
RESULTS_BYTES = 32 * MEBIBYTE

#: One line of a bulk body. The number of lines has no limit.
LINE_BYTES = 64 * 1024

#: Lines of a bulk body that go to a service in one call, and so into one transaction there.
CHUNK_LINES = 500

#: Items of one page of a list: when not asked for, and at most.
PAGE_ITEMS = 100
MOST_PAGE_ITEMS = 1000

#: Characters of an Idempotency-Key.
KEY_CHARACTERS = 255

#: Bytes of a refused body that are still read, so that the client gets to read the refusal instead of a reset.
DRAINED_BYTES = 8 * MEBIBYTE


def in_words(size: int) -> str:
    """A size such as `1 MiB` or `64 KiB`."""
    return f"{size // MEBIBYTE} MiB" if size >= MEBIBYTE else f"{size // 1024} KiB"

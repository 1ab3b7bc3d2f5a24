"""Bytes that should be UTF-8."""

from __future__ import annotations

import codecs
from typing import IO

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def readable(text: str) -> str:
    """The text with a replacement character for each byte that was no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_clean(file: IO[bytes]) -> bool | None:
    """Whether all of it is UTF-8 without NUL; None when it is UTF-16."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    first = True
    while chunk := file.read(1 << 20):
        if first and chunk.startswith(_UTF16):
            return None
        first = False
        if b"\0" in chunk:
            return False
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
    return not decoder.getstate()[0]

"""A bundle on disk, a zip or a folder, whose files are opened one by one and never unpacked.

Guarantees: no name inside a zip is ever used as a path, and no file yields more bytes than the zip's directory says
it has, which is checked against the limits before anything is read. Raises Malformed or TooLarge, which say what to
do.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from alliance.errors import Malformed, TooLarge

from .layout import FILES, NOT_READ
from .problems import Problems

#: Bytes of all files together, unpacked: about five times a whole state.
LARGEST = 4 << 30
#: A zip that shrinks its files further than this is not text about people but a trap.
HIGHEST_RATIO = 250
#: Below this size a high ratio harms nobody (a file of empty columns reaches it).
RATIO_MATTERS_FROM = 16 << 20
MOST_MEMBERS = 1000

_KNOWN = {name.lower(): name for name in (*FILES, *NOT_READ, "manifest")}


@dataclass(frozen=True, slots=True)
class Member:
    """One CSV file of the bundle; each `open` starts at its first byte."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The CSV files by their names in the standard, without `.csv`."""

    members: dict[str, Member]


def open_bundle(path: Path, problems: Problems) -> Bundle:
    """The files of a zip or a folder; names that the standard does not know are reported and left out."""
    if path.is_dir():
        found = {child.name: _of_folder(child) for child in sorted(path.iterdir()) if child.is_file()}
        return _named(found, problems)
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise Malformed("The bundle is not there; give a OneRoster zip or a folder of CSV files.") from None
    except (zipfile.BadZipFile, OSError):
        raise Malformed(
            "The bundle is not a zip file, or it is damaged; export it again and send the zip itself."
        ) from None
    with archive:
        return _named(_of_zip(path, archive.infolist(), problems), problems)


def _of_folder(path: Path) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: path.open("rb")


def _of_zip(
    path: Path, infos: list[zipfile.ZipInfo], problems: Problems
) -> dict[str, Callable[[], AbstractContextManager[IO[bytes]]]]:
    if len(infos) > MOST_MEMBERS:
        raise TooLarge(f"The zip holds {len(infos)} files; a OneRoster bundle has at most {len(_KNOWN)}.")
    found = {}
    folders = set()
    for info in infos:
        inside = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or _is_litter(inside):
            continue
        _refuse_traps(info, inside)
        if inside.name in found:
            raise Malformed(f"The zip holds {inside.name} twice; leave one of them out.")
        folders.add(str(inside.parent))
        found[inside.name] = _member(path, info.filename)
    if sum(info.file_size for info in infos) > LARGEST:
        raise TooLarge(f"Unpacked, the zip is above {LARGEST >> 30} GiB; split it by district.")
    if folders - {"."}:
        problems.warning(
            "",
            0,
            "",
            "folder_in_zip",
            "The files lie in a folder of the zip; the standard has them at its top.",
        )
    return found


def _is_litter(inside: PurePosixPath) -> bool:
    return (
        inside.parts[:1] == ("__MACOSX",) or inside.name.startswith((".", "~$")) or inside.name == "Thumbs.db"
    )


def _refuse_traps(info: zipfile.ZipInfo, inside: PurePosixPath) -> None:
    if inside.is_absolute() or ".." in inside.parts:
        raise Malformed(
            f"The zip names a file outside itself ({info.filename!r}); make the zip anew from the CSV files."
        )
    if info.flag_bits & 0x1:
        raise Malformed(f"{inside.name} is encrypted; send the zip without a password.")
    if info.file_size > RATIO_MATTERS_FROM and info.file_size > HIGHEST_RATIO * max(info.compress_size, 1):
        raise TooLarge(
            f"{inside.name} unpacks to more than {HIGHEST_RATIO} times its packed size, as no roster does; "
            "check how the zip was made."
        )


def _member(path: Path, filename: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: _ZipFileMember(path, filename)


class _ZipFileMember(AbstractContextManager[IO[bytes]]):
    """An open file in a zip, with the zip open as long."""

    def __init__(self, path: Path, filename: str) -> None:
        self._path, self._filename = path, filename

    def __enter__(self) -> IO[bytes]:
        self._archive = zipfile.ZipFile(self._path)
        try:
            self._file = self._archive.open(self._filename)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            self._archive.close()
            raise Malformed(f"{self._filename} cannot be unpacked ({error}); make the zip anew.") from None
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._file.close()
        self._archive.close()
        if isinstance(error, zipfile.BadZipFile | zlib.error | EOFError):
            raise Malformed(
                f"{self._filename} is damaged inside the zip ({error}); send the bundle again."
            ) from None


def _named(found: dict[str, Callable[[], AbstractContextManager[IO[bytes]]]], problems: Problems) -> Bundle:
    members: dict[str, Member] = {}
    for filename, opener in found.items():
        stem, dot, extension = filename.rpartition(".")
        if extension.lower() != "csv" or not dot:
            continue
        name = _KNOWN.get(stem.lower())
        if name is None:
            problems.warning(
                filename, 0, "", "unknown_file", "This is no file of OneRoster 1.1 or 1.2; it was not read."
            )
            continue
        if name in members:
            raise Malformed(f"{name}.csv is there twice, in different spelling; leave one of them out.")
        if stem != name:
            problems.warning(
                filename, 0, "", "file_name_case", f"The standard calls this file {name}.csv; it was read."
            )
        members[name] = Member(f"{name}.csv", opener)
    if not members.keys() & FILES.keys():
        raise Malformed(
            "There is no OneRoster CSV file in it (orgs.csv, users.csv, classes.csv, enrollments.csv …); "
            "check that this is a OneRoster export."
        )
    return Bundle(members)

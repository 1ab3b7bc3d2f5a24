"""Writes a OneRoster 1.1 CSV bundle, a zip, row by row.

Rows go to files beside the target and are zipped at the end, because one zip member can be open at a time
while a district fills four files at once. So memory stays flat however large the state is. Dates inside the
zip are fixed: the same rows give the same bytes.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

#: Columns of the bulk form (IMS OneRoster 1.1, CSV tables); status and dateLastModified stay empty in it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "orgs": ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"),
    "academicSessions": (
        "sourcedId", "status", "dateLastModified", "title", "type", "startDate", "endDate", "parentSourcedId",
        "schoolYear",
    ),
    "courses": (
        "sourcedId", "status", "dateLastModified", "schoolYearSourcedId", "title", "courseCode", "grades",
        "orgSourcedId", "subjects", "subjectCodes",
    ),
    "classes": (
        "sourcedId", "status", "dateLastModified", "title", "grades", "courseSourcedId",
        "classCode", "classType", "location", "schoolSourcedId", "termSourcedIds", "subjects",
        "subjectCodes", "periods",
    ),
    "users": (
        "sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role",
        "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
        "sms", "phone", "agentSourcedIds", "grades", "password",
    ),
    "enrollments": (
        "sourcedId", "status", "dateLastModified", "classSourcedId", "schoolSourcedId",
        "userSourcedId", "role", "primary", "beginDate", "endDate",
    ),
}  # fmt: skip

_ABSENT = (
    "demographics", "resources", "classResources", "courseResources", "categories", "lineItems", "results",
)  # fmt: skip

#: The earliest date that a zip can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class BundleWriter:
    """`with BundleWriter(path) as bundle: bundle.write("orgs", rows)`; the zip is there when the block ends.

    A row is a tuple of the table's columns in order. When the block raises, nothing is left at the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, int] = dict.fromkeys(COLUMNS, 0)
        self._files = ExitStack()
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> BundleWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self.path.name}.", dir=self.path.parent))
        for table, columns in COLUMNS.items():
            file = self._files.enter_context(
                (self._folder / f"{table}.csv").open("w", newline="", encoding="utf-8")
            )
            self._writers[table] = csv.writer(file)
            self._writers[table].writerow(columns)
        return self

    def write(self, table: str, rows: Iterable[tuple[str, ...]]) -> None:
        count = 0

        def counted() -> Iterable[tuple[str, ...]]:
            nonlocal count
            for row in rows:
                count += 1
                yield row

        self._writers[table].writerows(counted())
        self.rows[table] += count

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        try:
            if kind is None:
                self._zip()
        finally:
            shutil.rmtree(self._folder)

    def _zip(self) -> None:
        unfinished = self._folder / "bundle.zip"
        with zipfile.ZipFile(unfinished, "w") as archive:
            archive.writestr(_member("manifest.csv"), _manifest(), compresslevel=6)
            for table in COLUMNS:
                member = _member(f"{table}.csv")
                with (self._folder / f"{table}.csv").open("rb") as rows, archive.open(member, "w") as into:
                    shutil.copyfileobj(rows, into, 1 << 20)
        unfinished.replace(self.path)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _manifest() -> str:
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1"]
    lines += [f"file.{table},bulk" for table in COLUMNS]
    lines += [f"file.{table},absent" for table in _ABSENT]
    lines += ["source.systemName,Alliance simulation", "source.systemCode,alliance-simulation"]
    return "\r\n".join(lines) + "\r\n"

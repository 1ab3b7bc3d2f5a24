"""OneRoster bundles for tests: tables as lists of dicts, written to a folder or a zip."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from alliance.context import Caller, Context
from services.roster.oneroster.layout import FILES

Tables = dict[str, list[dict[str, str]]]

COMMAND = UUID("6d0f3c86-22a7-4e5b-9a55-0f4b9a3c9f10")

#: One district, two schools, a homeroom in each and a lesson in the first; Ada and Ben are siblings by g-1.
SMALL: Tables = {
    "orgs": [
        {"sourcedId": "d-1", "name": "Oktibbeha County", "type": "district", "identifier": "2803450"},
        {"sourcedId": "s-1", "name": "Sudduth", "type": "school", "parentSourcedId": "d-1"},
        {"sourcedId": "s-2", "name": "Ward-Stewart", "type": "school", "parentSourcedId": "d-1"},
    ],
    "academicSessions": [
        {
            "sourcedId": "y-1",
            "title": "2026-27",
            "type": "schoolYear",
            "startDate": "2026-08-06",
            "endDate": "2027-05-26",
            "schoolYear": "2027",
        },
    ],
    "classes": [
        {
            "sourcedId": "c-1",
            "title": "3 A",
            "grades": "03",
            "classType": "homeroom",
            "schoolSourcedId": "s-1",
            "termSourcedIds": "y-1",
        },
        {
            "sourcedId": "c-2",
            "title": "4 A",
            "grades": "04",
            "classType": "homeroom",
            "schoolSourcedId": "s-2",
            "termSourcedIds": "y-1",
        },
        {
            "sourcedId": "c-3",
            "title": "Music",
            "grades": "03,04",
            "classType": "scheduled",
            "schoolSourcedId": "s-1",
            "termSourcedIds": "y-1",
        },
    ],
    "users": [
        {
            "sourcedId": "p-1",
            "role": "student",
            "orgSourcedIds": "s-1",
            "givenName": "Ada",
            "familyName": "Quillfeather",
            "agentSourcedIds": "g-1,g-2",
            "grades": "03",
        },
        {
            "sourcedId": "p-2",
            "role": "student",
            "orgSourcedIds": "s-2",
            "givenName": "Ben",
            "familyName": "Quillfeather",
            "agentSourcedIds": "g-1",
            "grades": "04",
        },
        {
            "sourcedId": "p-3",
            "role": "student",
            "orgSourcedIds": "s-2",
            "givenName": "Cy",
            "familyName": "Umberwood",
            "agentSourcedIds": "",
            "grades": "04",
        },
        {
            "sourcedId": "g-1",
            "role": "parent",
            "orgSourcedIds": "d-1",
            "givenName": "Dot",
            "familyName": "Quillfeather",
            "email": "dot@example.org",
            "sms": "6015550100",
        },
        {
            "sourcedId": "g-2",
            "role": "guardian",
            "orgSourcedIds": "d-1",
            "givenName": "Eli",
            "familyName": "Marrowstone",
        },
        {
            "sourcedId": "t-1",
            "role": "teacher",
            "orgSourcedIds": "s-1",
            "givenName": "Flo",
            "familyName": "Teachwell",
        },
    ],
    "enrollments": [
        {
            "sourcedId": "e-1",
            "classSourcedId": "c-1",
            "schoolSourcedId": "s-1",
            "userSourcedId": "p-1",
            "role": "student",
        },
        {
            "sourcedId": "e-2",
            "classSourcedId": "c-2",
            "schoolSourcedId": "s-2",
            "userSourcedId": "p-2",
            "role": "student",
        },
        {
            "sourcedId": "e-3",
            "classSourcedId": "c-2",
            "schoolSourcedId": "s-2",
            "userSourcedId": "p-3",
            "role": "student",
        },
        {
            "sourcedId": "e-4",
            "classSourcedId": "c-1",
            "schoolSourcedId": "s-1",
            "userSourcedId": "t-1",
            "role": "teacher",
        },
    ],
}

#: A person's words in SMALL: none of them may be in an event.
CANARIES = (
    "Quillfeather",
    "Umberwood",
    "Marrowstone",
    "Teachwell",
    "dot@example.org",
    "6015550100",
    "Dot",
    "Ada",
)


def small() -> Tables:
    return deepcopy(SMALL)


def row(tables: Tables, table: str, sourced_id: str) -> dict[str, str]:
    """One row, to change it in place."""
    return next(row for row in tables[table] if row["sourcedId"] == sourced_id)


def without(tables: Tables, table: str, *sourced_ids: str) -> None:
    tables[table] = [row for row in tables[table] if row["sourcedId"] not in sourced_ids]


def crowd(tables: Tables, count: int) -> None:
    """So many more students in c-1, each with an enrolment."""
    for number in range(count):
        student = f"p-more-{number:03d}"
        tables["users"].append(
            {
                "sourcedId": student,
                "role": "student",
                "orgSourcedIds": "s-1",
                "givenName": "Extra",
                "familyName": "Child",
                "grades": "03",
            }
        )
        tables["enrollments"].append(
            {
                "sourcedId": f"e-more-{number:03d}",
                "classSourcedId": "c-1",
                "schoolSourcedId": "s-1",
                "userSourcedId": student,
                "role": "student",
            }
        )


def texts(
    tables: Mapping[str, Sequence[Mapping[str, str]]], mode: str = "bulk", version: str = "1.1"
) -> dict[str, str]:
    """Each file's text, with a manifest that calls every table `mode`."""
    found = {f"{name}.csv": _csv(name, rows, version) for name, rows in tables.items()}
    lines = ["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}"]
    lines += [f"file.{name},{mode if name in tables else 'absent'}" for name in FILES]
    found["manifest.csv"] = "\r\n".join(lines) + "\r\n"
    return found


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def write_zip(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def context(day: str = "2026-08-20", caller: Caller | None = None) -> Context:
    now = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    return Context(caller or Caller("state"), COMMAND, False, now, "test")


def _csv(name: str, rows: Sequence[Mapping[str, str]], version: str) -> str:
    columns: list[str] = list(FILES[name].used)
    if name == "users" and version == "1.2":
        columns = [column for column in columns if column not in ("role", "orgSourcedIds")]
    extra: list[Any] = [column for row in rows for column in row if column not in columns]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*columns, *dict.fromkeys(extra)], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()

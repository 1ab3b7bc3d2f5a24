"""The monthly folder (37-3-67(b)): class-months expected, sent and on time; student-months sent and returned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key

from .cells import bucket, decode, encode
from .class_months import COUNTS, UNKNOWN, after, counted


class Folders:
    """`classes` (district, class) is what is known of a class; `students` (district, school_year, period, bucket) the
    folders of one month: {student: {class: [school, 1 if returned]}}.

    Counts: `class_months` and `student_months` (district, school, school_year, period). In `student_months`,
    school "" is the district itself: with however many classes, a student counts once a month in each school and
    once in the district. Both are differences of a function of the rows, so the order in which sources and streams
    arrive does not matter. A return without its sending counts nothing.
    """

    name = "folders"
    version = 1
    sources = frozenset({"roster", "folders"})
    types = frozenset(
        {
            "ClassRegistered",
            "ClassClosed",
            "StudentEnrolled",
            "StudentTransferred",
            "StudentWithdrawn",
            "FolderSent",
            "FolderReturned",
            "FolderVoided",
        }
    )

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        month = ("district", "school", "school_year", "period")
        texts = {name: Column(name, Text, nullable=UNKNOWN[name] is None) for name in UNKNOWN}
        tables: dict[str, tuple[str, tuple[str, ...], list[Column[Any]]]] = {
            "classes": ("replace", ("district", "class"), list(texts.values())),
            "students": (
                "replace",
                ("district", "school_year", "period", "bucket"),
                [Column("folders", Text, nullable=False)],
            ),
            "class_months": ("count", month, [_count(name) for name in COUNTS]),
            "student_months": ("count", month, [_count("sent"), _count("returned")]),
        }
        return {
            logical: Table(
                f"{self.name}_{logical}_v{self.version}",
                metadata,
                *(
                    Column(
                        name,
                        SmallInteger if name == "bucket" else Text,
                        primary_key=True,
                        autoincrement=False,
                    )
                    for name in key
                ),
                *columns,
                info={"write": write},
            )
            for logical, (write, key, columns) in tables.items()
        }

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        district, data = event.district, event.data
        match event.type:
            case "FolderReturned" | "FolderVoided":
                return (("students", _bucket(event, data["student"])),)
            case "FolderSent":
                buckets = [("students", _bucket(event, student)) for student in data["students"]]
                return [("classes", (district, data["class"])), *buckets]
            case "StudentTransferred":
                return (
                    ("classes", (district, data["from_class"])),
                    ("classes", (district, data["to_class"])),
                )
            case _:
                return (("classes", (district, data["class"])),)

    def fold(self, rows: Rows, event: Event) -> None:
        match event.type:
            case "FolderReturned":
                _mark(rows, event, returned=1)
            case "FolderVoided":
                _mark(rows, event, returned=0)
            case "FolderSent":
                _change_classes(rows, event, (event.data["class"],))
                _send(rows, event)
            case "StudentTransferred":
                _change_classes(rows, event, (event.data["from_class"], event.data["to_class"]))
            case _:
                _change_classes(rows, event, (event.data["class"],))


def _change_classes(rows: Rows, event: Event, classes: tuple[str, ...]) -> None:
    old = {name: rows.get("classes", (event.district, name)) or UNKNOWN for name in classes}
    for name, row in after(old, event.type, event.data).items():
        before, now = counted(old[name]), counted(row)
        rows.put("classes", (event.district, name), row)
        if before == now:
            continue
        nothing = (0,) * len(COUNTS)
        for school, school_year, period in sorted(before.keys() | now.keys()):
            unit = (school, school_year, period)
            change = [
                new - old for new, old in zip(now.get(unit, nothing), before.get(unit, nothing), strict=True)
            ]
            if any(change):
                rows.add("class_months", (event.district, *unit), **dict(zip(COUNTS, change, strict=True)))


def _send(rows: Rows, event: Event) -> None:
    school, class_ = event.data["school"], event.data["class"]
    buckets: dict[Key, list[str]] = {}
    for student in event.data["students"]:
        buckets.setdefault(_bucket(event, student), []).append(student)
    sent: Counter[str] = Counter()
    for key, students in buckets.items():
        row = rows.get("students", key)
        folders = decode(row["folders"]) if row else {}
        for student in students:
            own = folders.setdefault(student, {})
            if class_ not in own:
                sent.update({"", school} - _counted_in(own.values()))
                own[class_] = [school, 0]
        rows.put("students", key, {"folders": encode(folders)})
    for unit, count in sorted(sent.items()):
        rows.add("student_months", _month(event, unit), sent=count)


def _mark(rows: Rows, event: Event, *, returned: int) -> None:
    key = _bucket(event, event.data["student"])
    row = rows.get("students", key)
    folders = decode(row["folders"]) if row else {}
    own = folders.get(event.data["student"], {})
    folder = own.get(event.data["class"])
    if folder is None or folder[1] == returned:
        return
    before = _counted_in(each for each in own.values() if each[1])
    folder[1] = returned
    now = _counted_in(each for each in own.values() if each[1])
    rows.put("students", key, {"folders": encode(folders)})
    for unit in sorted(before ^ now):
        rows.add("student_months", _month(event, unit), returned=1 if returned else -1)


def _counted_in(folders: Iterable[tuple[str, int]]) -> set[str]:
    """Where a student with these folders counts: in the school of each, and under "" in the district."""
    schools = {school for school, _ in folders}
    return {"", *schools} if schools else schools


def _bucket(event: Event, student: str) -> Key:
    return (event.district, event.data["school_year"], event.data["period"], bucket(student))


def _month(event: Event, school: str) -> Key:
    return (event.district, school, event.data["school_year"], event.data["period"])


def _count(name: str) -> Column[Any]:
    return Column(name, BigInteger, nullable=False)

"""A whole state as a OneRoster bundle: one district after the other, with its schools and families."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from simulation.bundle import BundleWriter
from simulation.calendar import BEGINS_ON, ENDS_ON, SCHOOL_YEAR
from simulation.families import GRADES, Child, Families, Guardian, School
from simulation.homerooms import Homeroom, homerooms
from simulation.names import FAMILY, GIVEN

_STATE = "state"
_SESSION = f"sy-{SCHOOL_YEAR}"


@dataclass(frozen=True, slots=True)
class District:
    code: str
    """Short, unique in the state; part of every sourcedId in the district."""
    name: str
    identifier: str
    pupils: int
    schools: tuple[School, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written: the zip, its rows by table, and what a reader should know about it."""

    path: Path
    districts: int
    schools: int
    classes: int
    students: int
    guardians: int
    notes: tuple[str, ...] = ()


def write_state(
    path: Path, state: str, districts: Iterable[District], seed: int, notes: Sequence[str] = ()
) -> Bundle:
    """Writes the bundle; the same districts and seed give the same bytes. One district is in memory at a
    time.
    """
    totals = dict.fromkeys(("districts", "schools", "classes", "students", "guardians"), 0)
    with BundleWriter(path) as bundle:
        bundle.write("orgs", [(_STATE, "", "", state, "state", "", "")])
        bundle.write("academicSessions", [_school_year()])
        for district in districts:
            for kind, count in _write_district(
                bundle, district, Random(f"{seed}/{district.identifier}")
            ).items():
                totals[kind] += count
    return Bundle(path, **totals, notes=tuple(notes))


def _write_district(bundle: BundleWriter, district: District, draw: Random) -> dict[str, int]:
    code, org = district.code, f"d-{district.code}"
    bundle.write("orgs", [(org, "", "", district.name, "district", district.identifier, _STATE)])
    bundle.write(
        "orgs", ((s.sourced_id, "", "", s.name, "school", s.identifier, org) for s in district.schools)
    )
    course = f"homeroom-{code}"
    bundle.write("courses", [(course, "", "", _SESSION, "Homeroom", "HR", "", org, "", "")])
    by_school: list[list[Child]] = [[] for _ in district.schools]
    guardians = 0
    for household in Families(code, district.schools, district.pupils, draw).households():
        bundle.write("users", (_guardian_row(guardian, org) for guardian in household.guardians))
        guardians += len(household.guardians)
        for child in household.children:
            by_school[child.school].append(child)
    classes = 0
    for school, children in zip(district.schools, by_school, strict=True):
        bundle.write("users", (_child_row(child, school) for child in children))
        for room in homerooms(children):
            _write_class(bundle, school, room, course, draw)
            classes += 1
    students = sum(map(len, by_school))
    return {
        "districts": 1,
        "schools": len(by_school),
        "classes": classes,
        "students": students,
        "guardians": guardians,
    }


def _write_class(bundle: BundleWriter, school: School, room: Homeroom, course: str, draw: Random) -> None:
    class_ = f"c{school.sourced_id[1:]}-{room.number:03d}"
    teacher = f"t{class_[1:]}"
    grades = [GRADES[grade] for grade in room.grades]
    title = f"Homeroom {room.number}, grade {grades[0]}" + (f" to {grades[-1]}" if len(grades) > 1 else "")
    bundle.write(
        "classes",
        [(class_, "", "", title, ",".join(grades), course, f"HR{room.number:03d}", "homeroom", "",
          school.sourced_id, _SESSION, "", "", "")],
    )  # fmt: skip
    given, family = draw.choice(GIVEN), draw.choice(FAMILY)
    bundle.write("users", [_user(teacher, school.sourced_id, "teacher", given, family, agents="", grades="")])
    begins, ends = BEGINS_ON.isoformat(), ENDS_ON.isoformat()
    bundle.write(
        "enrollments",
        [(f"e-{teacher}", "", "", class_, school.sourced_id, teacher, "teacher", "true", begins, ends)],
    )
    bundle.write(
        "enrollments",
        ((f"e-{child.sourced_id}", "", "", class_, school.sourced_id, child.sourced_id, "student", "false",
          begins, ends) for child in room.children),
    )  # fmt: skip


def _child_row(child: Child, school: School) -> tuple[str, ...]:
    agents = ",".join(child.guardians)
    return _user(
        child.sourced_id, school.sourced_id, "student", child.given, child.family, agents, GRADES[child.grade]
    )


def _guardian_row(guardian: Guardian, org: str) -> tuple[str, ...]:
    return _user(
        guardian.sourced_id, org, guardian.role, guardian.given, guardian.family, agents="", grades=""
    )


def _user(
    sourced_id: str, org: str, role: str, given: str, family: str, agents: str, grades: str
) -> tuple[str, ...]:
    # example.org belongs to nobody (RFC 2606); 555-0100 to 555-0199 are set aside for fiction.
    contact = role not in ("student", "teacher")
    email = f"{sourced_id}@families.example.org" if contact else ""
    phone = f"601-555-01{sum(sourced_id.encode()) % 100:02d}" if contact else ""
    return (
        sourced_id, "", "", "true", org, role, sourced_id, "", given, family, "", "", email, phone, phone,
        agents, grades, "", )  # fmt: skip


def _school_year() -> tuple[str, ...]:
    begins, ends = BEGINS_ON.isoformat(), ENDS_ON.isoformat()
    # OneRoster names a school year by the calendar year in which it ends.
    return (_SESSION, "", "", SCHOOL_YEAR, "schoolYear", begins, ends, "", str(ENDS_ON.year))

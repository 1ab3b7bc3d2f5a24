"""A made-up state of 128 children for the end-to-end tests, as a OneRoster bundle, and who is in it once imported.

Alder County ── Alder Elementary ── classes a1, a2        Birch City ── Birch Elementary ── b1, b2
             └─ Alder Middle ────── classes a3, a4                   └─ Birch Middle ────── b3, b4

Sixteen children a class. The first two of each class are siblings in one household; every child has one guardian.
Every word about a person is unmistakable: whatever `CANARY` finds outside roster's own tables has leaked.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.builders_roster import Tables, texts
from tests.builders_year import BEGINS, SESSION, homeroom, place_in

PERIODS = tuple(f"{BEGINS + (month > 12)}-{(month - 1) % 12 + 1:02d}" for month in range(7, 19))

DISTRICTS = ("Alder County", "Birch City")
CLASSES = ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4")
CHILDREN = 16

#: Finds a child's or a guardian's name, e-mail or phone, and the class teacher's name.
CANARY = re.compile(r"zylph|vorquent|krellmoor|601-557-70", re.IGNORECASE)


def write_bundle(path: Path) -> Path:
    path.write_bytes(zipped(tables()))
    return path


def zipped(changed: Tables) -> bytes:
    """A bundle of these tables, in memory."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, text in texts(changed).items():
            archive.writestr(name, text)
    return bundle.getvalue()


def tables() -> Tables:
    """The tables of the bundle, to be changed in place by a test that needs another one."""
    children = [(class_, place) for class_ in CLASSES for place in range(CHILDREN)]
    return {
        "orgs": [*_orgs()],
        "academicSessions": [dict(SESSION)],
        "classes": [homeroom(each, school_of(each), f"{each}, Ms Zylphteach") for each in CLASSES],
        "users": [row for child in children for row in _people(*child)],
        "enrollments": [place_in(class_, school_of(class_), place) for class_, place in children],
    }


def school_of(class_: str) -> str:
    return f"s-{class_[0]}-{'elementary' if class_[1] in '12' else 'middle'}"


def _orgs() -> Iterator[dict[str, str]]:
    for name in DISTRICTS:
        letter = name[0].lower()
        yield {"sourcedId": f"d-{letter}", "name": name, "type": "district", "identifier": f"99{letter}"}
        for kind in ("Elementary", "Middle"):
            yield {
                "sourcedId": f"s-{letter}-{kind.lower()}",
                "name": f"{name.split()[0]} {kind}",
                "type": "school",
                "parentSourcedId": f"d-{letter}",
            }


def _people(class_: str, place: int) -> Iterator[dict[str, str]]:
    number = CLASSES.index(class_) * CHILDREN + place
    guardian = f"g-{class_}-{max(place, 1)}"
    yield {
        "sourcedId": f"p-{class_}-{place}",
        "role": "student",
        "orgSourcedIds": school_of(class_),
        "givenName": f"Zylph{number:02d}",
        "middleName": "Zylphmiddle",
        "familyName": f"Vorquent{number:02d}",
        "username": f"zylph{number:02d}",
        "identifier": f"vorquent-{number:02d}",
        "password": "zylph-secret",
        "email": f"child{number:02d}@krellmoor.example",
        "grades": "03",
        "agentSourcedIds": guardian,
    }
    if place != 0:
        yield {
            "sourcedId": guardian,
            "role": "parent",
            "orgSourcedIds": f"d-{class_[0]}",
            "givenName": f"Zylphgrown{number:02d}",
            "familyName": f"Vorquent{number:02d}",
            "email": f"parent{number:02d}@krellmoor.example",
            "sms": f"601-557-70{number:02d}",
            "phone": f"601-557-70{number:02d}",
        }

"""Two districts with a school each, every child with a guardian: a roster that is imported in a second, or larger."""

from __future__ import annotations

import io
import zipfile

from tests.builders_roster import Tables, texts
from tests.builders_year import SESSION, homeroom, place_in

DISTRICTS = ("Clay County", "Elm City")
CHILDREN = 40


def bundle(classes: int) -> bytes:
    """The zip to import, with so many classes in each school."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in texts(_tables(classes)).items():
            archive.writestr(name, text)
    return content.getvalue()


def _tables(count: int) -> Tables:
    letters = [name[0].lower() for name in DISTRICTS]
    classes = [(letter, f"{letter}{number}") for letter in letters for number in range(count)]
    children = [(letter, class_, place) for letter, class_ in classes for place in range(CHILDREN)]
    districts = [
        {"sourcedId": f"d-{letter}", "name": name, "type": "district", "identifier": f"98{letter}"}
        for letter, name in zip(letters, DISTRICTS, strict=True)
    ]
    schools = [
        {
            "sourcedId": f"s-{letter}",
            "name": f"{name} School",
            "type": "school",
            "parentSourcedId": f"d-{letter}",
        }
        for letter, name in zip(letters, DISTRICTS, strict=True)
    ]
    return {
        "orgs": [*districts, *schools],
        "academicSessions": [dict(SESSION)],
        "classes": [homeroom(class_, f"s-{letter}", class_) for letter, class_ in classes],
        "users": [row for child in children for row in _people(*child)],
        "enrollments": [place_in(class_, f"s-{letter}", place) for letter, class_, place in children],
    }


def _people(letter: str, class_: str, place: int) -> list[dict[str, str]]:
    return [
        {
            "sourcedId": f"p-{class_}-{place}",
            "role": "student",
            "orgSourcedIds": f"s-{letter}",
            "givenName": f"Child{place}",
            "familyName": f"Of{class_}",
            "grades": "03",
            "agentSourcedIds": f"g-{class_}-{place}",
        },
        {
            "sourcedId": f"g-{class_}-{place}",
            "role": "parent",
            "orgSourcedIds": f"d-{letter}",
            "givenName": f"Parent{place}",
            "familyName": f"Of{class_}",
        },
    ]

"""The school year that it is where the families live, and rows of a OneRoster bundle in it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

#: A survey's days are days where the families live, so the school year is the one that it is there.
TODAY = datetime.now(ZoneInfo("America/Chicago")).date()
BEGINS = TODAY.year if TODAY.month >= 7 else TODAY.year - 1
YEAR = f"{BEGINS}-{(BEGINS + 1) % 100:02d}"
FIRST, LAST = date(BEGINS, 7, 1), date(BEGINS + 1, 6, 30)

SESSION = {
    "sourcedId": "year",
    "title": YEAR,
    "type": "schoolYear",
    "startDate": FIRST.isoformat(),
    "endDate": LAST.isoformat(),
    "schoolYear": str(BEGINS + 1),
}


def homeroom(class_: str, school: str, title: str) -> dict[str, str]:
    return {
        "sourcedId": class_,
        "title": title,
        "grades": "03",
        "classType": "homeroom",
        "schoolSourcedId": school,
        "termSourcedIds": SESSION["sourcedId"],
    }


def place_in(class_: str, school: str, place: int) -> dict[str, str]:
    """The enrolment e-<class>-<place> of the student p-<class>-<place>."""
    return {
        "sourcedId": f"e-{class_}-{place}",
        "classSourcedId": class_,
        "schoolSourcedId": school,
        "userSourcedId": f"p-{class_}-{place}",
        "role": "student",
    }

"""Who is enrolled, and for whom a signed pledge stands (37-3-67(a)): counts per school and per district."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key
from services.evaluation.school_year import day_before

from .cells import bucket, decode, encode
from .spans import Spans, left

#: {class: [school, spans]}; a span without a last day is one that the student stays in to the end of the class.
Classes = dict[str, tuple[str, Spans]]


class Participation:
    """`students` (district, school_year, bucket) {student: [1 if a pledge stands, classes]} and their counts, `units`
    (district, school, school_year). `classes` (district, class) has the last day of each class.

    School "" is the district itself: a student with classes in two schools counts once in each and once in the
    district. Counts are differences of `counted` before and after, so the order in which sources arrive does not
    matter, and `pledges` never exceeds `enrolled`.

    Enrolled is who has a class that it does not leave before the class's last day. Thus an end that a roster gives
    to everybody is no leaving, and last year's students are still last year's when the year is over.
    """

    name = "participation"
    version = 1
    sources = frozenset({"roster", "pledges"})
    types = frozenset(
        {
            "ClassRegistered",
            "StudentEnrolled",
            "StudentTransferred",
            "StudentWithdrawn",
            "PledgeSigned",
            "PledgeWithdrawn",
        }
    )

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        classes = Table(
            f"{self.name}_classes_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("class", Text, primary_key=True),
            Column("ends_on", Text, nullable=False),
            info={"write": "replace"},
        )
        students = Table(
            f"{self.name}_students_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("school_year", Text, primary_key=True),
            Column("bucket", SmallInteger, primary_key=True, autoincrement=False),
            Column("students", Text, nullable=False),
            info={"write": "replace"},
        )
        units = Table(
            f"{self.name}_units_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("school", Text, primary_key=True),
            Column("school_year", Text, primary_key=True),
            Column("enrolled", BigInteger, nullable=False),
            Column("pledges", BigInteger, nullable=False),
            info={"write": "count"},
        )
        return {"classes": classes, "students": students, "units": units}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        match event.type:
            case "ClassRegistered":
                return ()
            case "StudentEnrolled":
                return (("students", _students(event)), ("classes", (event.district, event.data["class"])))
            case _:
                return (("students", _students(event)),)

    def fold(self, rows: Rows, event: Event) -> None:
        if event.type == "ClassRegistered":
            key = (event.district, event.data["class"])
            rows.put("classes", key, {"ends_on": event.data["ends_on"]})
            return
        student = event.data["student"]
        row = rows.get("students", _students(event))
        students = decode(row["students"]) if row else {}
        pledge, classes = students.get(student, (0, {}))
        before = counted(pledge, classes)
        match event.type:
            case "PledgeSigned":
                pledge = 1
            case "PledgeWithdrawn":
                pledge = 0
            case _:
                classes = _after(rows, event, classes)
        students[student] = (pledge, classes)
        rows.put("students", _students(event), {"students": encode(students)})
        after = counted(pledge, classes)
        for school in sorted(before.keys() | after.keys()):
            enrolled, pledges = after.get(school, (0, 0))
            enrolled_before, pledges_before = before.get(school, (0, 0))
            deltas = {"enrolled": enrolled - enrolled_before, "pledges": pledges - pledges_before}
            if any(deltas.values()):
                rows.add("units", (event.district, school, event.data["school_year"]), **deltas)


def counted(pledge: int, classes: Classes) -> dict[str, tuple[int, int]]:
    """(enrolled, pledges) that a student adds to each school and, under "", to the district."""
    schools = {school for school, spans in classes.values() if None in spans.values()}
    return dict.fromkeys(["", *schools], (1, pledge)) if schools else {}


def _after(rows: Rows, event: Event, classes: Classes) -> Classes:
    data = event.data
    match event.type:
        case "StudentEnrolled":
            class_ = rows.get("classes", (event.district, data["class"]))
            early = data["ends_on"] is not None and class_ is not None and data["ends_on"] < class_["ends_on"]
            ends_on = data["ends_on"] if early else None
            return _in(classes, data["class"], data["school"], data["begins_on"], ends_on)
        case "StudentTransferred":
            last_day = day_before(data["transferred_on"])
            classes = _out(classes, data["from_class"], last_day)
            return _in(classes, data["to_class"], data["to_school"], data["transferred_on"], None)
        case "StudentWithdrawn":
            return _out(classes, data["class"], data["withdrawn_on"])
    return classes


def _in(classes: Classes, class_: str, school: str, begins_on: str, ends_on: str | None) -> Classes:
    _, spans = classes.get(class_, ("", {}))
    return {**classes, class_: (school, {**spans, begins_on: ends_on})}


def _out(classes: Classes, class_: str, last_day: str) -> Classes:
    if class_ not in classes:
        return classes
    school, spans = classes[class_]
    return {**classes, class_: (school, left(spans, last_day))}


def _students(event: Event) -> Key:
    return (event.district, event.data["school_year"], bucket(event.data["student"]))

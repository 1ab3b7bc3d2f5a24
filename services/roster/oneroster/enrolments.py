"""enrollments.csv: which student is in which class, from when to when."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from .classes import Days
from .layout import ENROLMENT_ROLES, spelled
from .people import People
from .rowchecks import Rows, among, names
from .stated import Class, Known, Part


def check_enrolments(rows: Rows, people: People, known: Known, users: Rows) -> None:
    """Leave in `rows` the enrolments of students, with dates; the others are checked and dropped."""
    everybody = pl.concat([users.frame["sourcedId"], people.kept]).unique()
    rows.refer("userSourcedId", everybody, "users.csv")
    _spell_roles(rows)
    rows.dates("beginDate", "endDate")
    rows.ordered("beginDate", "endDate")
    _check_roles(rows, people, known)
    rows.frame = rows.frame.filter(pl.col("role") == "student")


def days_of_classes(rows: Rows) -> dict[str, Days]:
    """First and last day that each class's enrolments name."""
    days = rows.frame.group_by("classSourcedId").agg(pl.col("beginDate").min(), pl.col("endDate").max())
    return {class_: (begins_on, ends_on) for class_, begins_on, ends_on in days.iter_rows()}


def read_enrolments(rows: Rows, classes: Mapping[str, Class]) -> Part:
    """The enrolments of students in classes that stand, reported where they lie outside them or overlap."""
    rows.refer("classSourcedId", names(classes), "classes.csv (or was left out there)")
    frame = rows.frame.join(
        _class_frame(classes), left_on="classSourcedId", right_on="class", maintain_order="left"
    )
    school = pl.col("schoolSourcedId")
    rows.warn(
        frame.filter((school != "") & (school != pl.col("class_school"))),
        "schoolSourcedId",
        "school_differs",
        lambda value: f"{value!r} is not the school of the class in classes.csv, which counts.",
    )
    outside = (pl.col("beginDate") > pl.col("class_ends_on")) | (
        pl.col("endDate") < pl.col("class_begins_on")
    )
    rows.reject(
        frame.filter(outside).with_columns(beginDate=pl.coalesce("beginDate", "endDate").cast(pl.String)),
        "beginDate",
        "outside_class",
        lambda value: (
            f"The enrolment ({value} …) lies wholly outside the days of its class; correct one of them."
        ),
    )
    frame = frame.filter(~outside.fill_null(False))
    _check_overlaps(rows, frame)
    enrolments = frame.select(
        sourced_id="sourcedId",
        student="userSourcedId",
        **{"class": "classSourcedId"},
        begins_on="beginDate",
        ends_on="endDate",
    )
    return Part(enrolments, rows.removed, names(rows.held), rows.complete)


def _spell_roles(rows: Rows) -> None:
    spelling = {role: spelled(role, ENROLMENT_ROLES) for role in rows.frame["role"].unique()}
    strange = [role for role, right in spelling.items() if right is None]
    rows.reject(
        rows.frame.filter(pl.col("role").is_in(strange)),
        "role",
        "role",
        lambda value: f"{value!r} is no role in a class (student, teacher …); the enrolment was left out.",
    )
    misspelt = [role for role, right in spelling.items() if right not in (None, role)]
    rows.warn(
        rows.frame.filter(pl.col("role").is_in(misspelt)),
        "role",
        "spelling",
        lambda value: f"{value!r} was read as {spelling[value]}.",
    )
    right = {role: word for role, word in spelling.items() if word is not None}
    rows.frame = rows.frame.with_columns(pl.col("role").replace(right))


def _check_roles(rows: Rows, people: People, known: Known) -> None:
    """Leave out enrolments as a student of somebody who is none, and of a student as something else."""
    of_students = pl.concat([
        people.students.rows["sourced_id"],
        among(known.students, people.kept),
    ]).unique().to_frame("student")  # fmt: skip
    as_student = rows.frame.filter(pl.col("role") == "student")
    no_student = as_student.join(
        of_students, left_on="userSourcedId", right_on="student", how="anti", maintain_order="left"
    )
    message = "The enrolment says {!r}, the user's own role is another; correct one of them. It was left out."
    rows.reject(no_student, "role", "role_contradiction", message.format)
    as_other = rows.frame.filter(pl.col("role") != "student")
    roles = people.roles.join(as_other, left_on="sourcedId", right_on="userSourcedId", how="semi")
    otherwise = roles.filter(pl.col("role") != "student")
    only_student = roles.join(otherwise, on="sourcedId", how="anti").select(userSourcedId="sourcedId")
    rows.reject(
        as_other.join(only_student, on="userSourcedId", how="semi", maintain_order="left"),
        "role",
        "role_contradiction",
        message.format,
    )


def _class_frame(classes: Mapping[str, Class]) -> pl.DataFrame:
    return pl.DataFrame(
        [(c.sourced_id, c.school, c.begins_on, c.ends_on, c.kind == "homeroom") for c in classes.values()],
        schema={
            "class": pl.String,
            "class_school": pl.String,
            "class_begins_on": pl.Date,
            "class_ends_on": pl.Date,
            "homeroom": pl.Boolean,
        },
        orient="row",
    )


def _check_overlaps(rows: Rows, frame: pl.DataFrame) -> None:
    """Report a student in two schools, two homerooms, or twice in one class, on one day."""
    several = frame.filter(pl.len().over("userSourcedId") > 1)
    if several.is_empty():
        return
    spans = several.select(
        "line",
        "sourcedId",
        "userSourcedId",
        "classSourcedId",
        "class_school",
        "homeroom",
        begin=pl.coalesce("beginDate", "class_begins_on"),
        end=pl.coalesce("endDate", "class_ends_on"),
    )
    pairs = spans.join(spans, on="userSourcedId", suffix="_other").filter(
        (pl.col("line") > pl.col("line_other"))
        & (pl.col("begin") <= pl.col("end_other"))
        & (pl.col("begin_other") <= pl.col("end"))
    )
    same_class = pl.col("classSourcedId") == pl.col("classSourcedId_other")
    schools = pl.col("class_school") != pl.col("class_school_other")
    homerooms = pl.col("homeroom") & pl.col("homeroom_other") & ~same_class & ~schools
    once, later = "both count as one", "the enrolment that begins later counts"
    _warn(rows, pairs.filter(same_class), "enrolled_twice", f"is in the same class on the same days; {once}")
    _warn(rows, pairs.filter(schools), "two_schools", f"overlaps it in another school; {later}")
    _warn(rows, pairs.filter(homerooms), "two_homerooms", f"overlaps it in another homeroom; {later}")


def _warn(rows: Rows, pairs: pl.DataFrame, code: str, message: str) -> None:
    """Each line once, with an earlier line that it does not go with."""
    bad = pairs.unique("line", keep="first", maintain_order=True)
    bad = bad.with_columns(beginDate=pl.col("line_other").cast(pl.String))
    rows.warn(bad, "beginDate", code, lambda other: f"The enrolment and line {other}: this one {message}.")

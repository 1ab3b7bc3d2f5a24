"""Students, guardians, links and enrolments: of whom anything changed. Frames in, frames out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from .changed_students import PERSON, ChangedStudents, changed_students
from .enrolment import Place
from .households import households
from .known import ENROLMENTS, GUARDIANS, LINKS, KnownPeople
from .oneroster.problems import Problems
from .oneroster.stated import Part, Stated
from .opaque import Kind, OpaqueIds
from .rowsets import differing, either_way, only, texts, without


@dataclass(frozen=True, slots=True)
class PeopleDifference:
    """`guardians` has the new and changed rows of that table. `dropped` of the `standing` students are gone, or were
    in a class up to now and are in none any more."""

    students: ChangedStudents
    guardians: pl.DataFrame
    gone_guardians: list[str]
    dropped: int
    standing: int


def compare_people(
    stated: Stated,
    known: KnownPeople,
    old_ends: Mapping[str, date],
    places: Mapping[str, Place],
    moved: Sequence[str],
    ids: OpaqueIds,
    today: date,
    problems: Problems,
) -> PeopleDifference:
    """`old_ends` are the last days of the classes as known, `moved` the classes whose days or school changed: their
    students are looked at again.

    Everything here is a state's size, so each frame is made when it is needed and dropped when it is not.
    """
    known_students = known.students()
    standing = known_students.filter("standing")
    stated_students = stated.take_students()
    restated = stated_students.rows["sourced_id"]
    students = _standing(stated_students, known_students, standing, ids, "student", [*PERSON[:5], "org"])
    del stated_students
    known_enrolments = known.enrolments()
    class_ids = {sourced_id: ids.of("class", sourced_id) for sourced_id in stated.classes}
    enrolments = _enrolments(stated.take_enrolments(), known_enrolments, students, places, class_ids)
    students = _placed(stated, students, standing, enrolments, places, ids, problems)
    enrolments = only(enrolments, "student", students["id"])
    gone = standing.join(students, on="id", how="anti")
    dropped = _dropped(known_enrolments, gone, enrolments, old_ends, today)
    changed = [
        gone["id"],
        *either_way(enrolments, known_enrolments),
        only(enrolments, "class_", texts(moved))["student"],
        only(known_enrolments, "class_", texts(moved))["student"],
    ]
    del known_enrolments
    guardians, new_guardians, unlinked = _guardians(stated, known, ids)
    known_links = known.links()
    links = _links(stated.take_links(), restated, known_links, students, guardians)
    del guardians, restated
    changed += either_way(links, only(known_links, "student", students["id"]))
    # A family that has left stays on record with the children that the roster still knows.
    of_gone = only(known_links, "student", gone["id"])["guardian"]
    del known_links
    students = _with_households(students, links, ids)
    changed.append(differing(students, standing)["id"])
    return PeopleDifference(
        students=changed_students(
            pl.concat(changed).unique(), students, gone, known_students, enrolments, links
        ),
        guardians=new_guardians,
        gone_guardians=without(unlinked.to_frame("id"), "id", of_gone)["id"].to_list(),
        dropped=dropped,
        standing=standing.height,
    )


def _guardians(
    stated: Stated, known: KnownPeople, ids: OpaqueIds
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """(id and sourced_id of all who stand, the rows that are new or differ, the ids of those who are gone)."""
    before = known.guardians()
    guardians = _standing(stated.take_guardians(), before, before, ids, "guardian", list(GUARDIANS))
    gone = before.join(guardians, on="id", how="anti")["id"]
    return guardians.select("id", "sourced_id"), differing(guardians, before), gone


def _standing(
    part: Part,
    known: pl.DataFrame,
    known_standing: pl.DataFrame,
    ids: OpaqueIds,
    kind: Kind,
    columns: list[str],
) -> pl.DataFrame:
    """Everybody who stands after the import: who is stated, and who is known and neither gone nor stated anew."""
    rows = part.rows.join(known.select("sourced_id", "id"), on="sourced_id", how="left")
    new = rows.filter(pl.col("id").is_null())
    new = new.with_columns(ids.column(kind, new["sourced_id"]).alias("id"))
    stated = pl.concat([rows.filter(pl.col("id").is_not_null()), new.select(rows.columns)]).select(columns)
    kept = only(known_standing, "sourced_id", part.held) if part.complete else known_standing
    kept = without(kept, "sourced_id", part.removed).join(stated, on="id", how="anti")
    return pl.concat([stated, kept.with_columns(org=pl.lit(None, pl.String)).select(columns)])


def _enrolments(
    part: Part,
    known: pl.DataFrame,
    students: pl.DataFrame,
    places: Mapping[str, Place],
    class_ids: Mapping[str, str],
) -> pl.DataFrame:
    """Every enrolment that stands, by opaque ids, with the days that are stated."""
    schema = {"class": pl.String, "class_": pl.String}
    classes = pl.DataFrame(list(class_ids.items()), schema=schema, orient="row")
    rows = (
        part.rows.join(classes, on="class")
        .join(students.select(student="sourced_id", student_id="id"), on="student")
        .select("class_", "sourced_id", "begins_on", "ends_on", student="student_id")
        .select(list(ENROLMENTS))
    )
    kept = only(known, "sourced_id", part.held) if part.complete else known
    kept = without(without(kept, "sourced_id", part.removed), "sourced_id", rows["sourced_id"])
    kept = only(only(kept, "class_", texts(list(places))), "student", students["id"])
    return pl.concat([rows, kept])


def _placed(
    stated: Stated,
    students: pl.DataFrame,
    standing: pl.DataFrame,
    enrolments: pl.DataFrame,
    places: Mapping[str, Place],
    ids: OpaqueIds,
    problems: Problems,
) -> pl.DataFrame:
    """Students with their district: that of the class they entered last, else of their org, else the one known, else
    the only one. A student whose district nobody can tell is reported and left out."""
    of_class = pl.DataFrame(
        [(place.class_, place.begins_on, place.district) for place in places.values()],
        schema={"class_": pl.String, "class_begins_on": pl.Date, "class_district": pl.String},
        orient="row",
    )
    of_org = {
        sourced_id: ids.of("district", org.district)
        for (_, sourced_id), org in stated.orgs.items()
        if org.district
    }
    only = next(iter(set(of_org.values()))) if len(set(of_org.values())) == 1 else None
    last = (
        enrolments.join(of_class, on="class_")
        .select("student", "class_", "class_district", begin=pl.coalesce("begins_on", "class_begins_on"))
        .sort("student", "begin", "class_")
        .group_by("student")
        .agg(pl.col("class_district").last())
    )
    placed = (
        students.join(last, left_on="id", right_on="student", how="left")
        .join(standing.select("id", known_district="district"), on="id", how="left")
        .with_columns(org_district=pl.col("org").replace_strict(of_org, default=None, return_dtype=pl.String))
        .with_columns(
            district=pl.coalesce("class_district", "org_district", "known_district", pl.lit(only, pl.String))
        )
        .drop("class_district", "org_district", "known_district", "org")
    )
    nowhere = placed.filter(pl.col("district").is_null()).select(line=pl.lit(0), value="sourced_id")
    if nowhere.height:
        problems.rows(
            "users.csv",
            nowhere,
            "sourcedId",
            "no_district",
            "error",
            lambda value: (
                f"The student {value!r} has neither class nor known org; give one of them. It was left out."
            ),
        )
    return placed.filter(pl.col("district").is_not_null())


def _links(
    rows: pl.DataFrame,
    restated: pl.Series,
    known: pl.DataFrame,
    students: pl.DataFrame,
    guardians: pl.DataFrame,
) -> pl.DataFrame:
    """Every link that stands: those stated, and those known of students who are not stated anew."""
    rows = (
        rows.join(students.select(student="sourced_id", student_id="id"), on="student")
        .join(guardians.select(guardian="sourced_id", guardian_id="id"), on="guardian")
        .select("relationship", student="student_id", guardian="guardian_id")
        .select(list(LINKS))
    )
    others = without(students, "sourced_id", restated)["id"]
    kept = only(only(known, "student", others), "guardian", guardians["id"])
    return pl.concat([rows, kept.join(rows, on=["student", "guardian"], how="anti")])


def _with_households(students: pl.DataFrame, links: pl.DataFrame, ids: OpaqueIds) -> pl.DataFrame:
    """A household is named after its smallest guardian, or after the student who has none."""
    headed = students.join(households(links), left_on="id", right_on="student", how="left")
    heads = headed.select(head=pl.coalesce("head", "id")).unique()
    named = heads.with_columns(household=ids.column("household", heads["head"]))
    return headed.with_columns(pl.coalesce("head", "id")).join(named, on="head", how="left").select(PERSON)


def _dropped(
    known: pl.DataFrame,
    gone: pl.DataFrame,
    enrolments: pl.DataFrame,
    old_ends: Mapping[str, date],
    today: date,
) -> int:
    ends = pl.DataFrame(
        list(old_ends.items()), schema={"class_": pl.String, "class_ends_on": pl.Date}, orient="row"
    )
    last = pl.min_horizontal(pl.coalesce("ends_on", "class_ends_on"), "class_ends_on")
    current = known.join(ends, on="class_").filter(last >= today)
    left = without(current, "student", enrolments["student"])["student"]
    return int(pl.concat([left, gone["id"]]).n_unique())

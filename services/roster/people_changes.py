"""Students, guardians, links and enrolments: of whom anything changed. Frames in, frames out.

`students` of the result has, for each such student: id, sourced_id, given, family, grade, household, district (as
they are now), `gone` and `new`; old_grade, old_household, old_district (null when new); `stated`, the enrolments that
the source states, as a list of (class_, sourced_id, begins_on, ends_on); `guardians`, a list of (guardian,
relationship). `guardians` of the result has the new and changed rows of that table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from .enrolment import Place
from .households import households
from .known import ENROLMENTS, GUARDIANS, LINKS, Before
from .oneroster.problems import Problems
from .oneroster.stated import Part, Stated
from .opaque import Kind, OpaqueIds

_PERSON = ("id", "sourced_id", "given", "family", "grade", "household", "district")


@dataclass(frozen=True, slots=True)
class PeopleDifference:
    students: pl.DataFrame
    guardians: pl.DataFrame
    gone_guardians: list[str]
    dropped: int


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
    students = _standing(stated_students, known_students, standing, ids, "student", [*_PERSON[:5], "org"])
    del stated_students
    known_enrolments = known.enrolments()
    enrolments = _enrolments(stated.take_enrolments(), stated, known_enrolments, students, places, ids)
    students = _placed(stated, students, standing, enrolments, places, ids, problems)
    enrolments = _only(enrolments, "student", students["id"])
    gone = standing.join(students, on="id", how="anti")
    dropped = _dropped(known_enrolments, gone, enrolments, old_ends, today)
    changed = [
        gone["id"],
        *_either_way(enrolments, known_enrolments),
        _only(enrolments, "class_", _texts(moved))["student"],
        _only(known_enrolments, "class_", _texts(moved))["student"],
    ]
    del known_enrolments
    guardians, new_guardians, unlinked = _guardians(stated, known, ids)
    known_links = known.links()
    links = _links(stated.take_links(), restated, known_links, students, guardians)
    del guardians, restated
    changed += _either_way(links, _only(known_links, "student", students["id"]))
    # A family that has left stays on record with the children that the roster still knows.
    of_gone = _only(known_links, "student", gone["id"])["guardian"]
    del known_links
    students = _with_households(students, links, ids)
    changed.append(_differing(students, standing)["id"])
    return PeopleDifference(
        students=_candidates(pl.concat(changed).unique(), students, gone, known_students, enrolments, links),
        guardians=new_guardians,
        gone_guardians=_without(unlinked.to_frame("id"), "id", of_gone)["id"].to_list(),
        dropped=dropped,
    )


def _guardians(
    stated: Stated, known: KnownPeople, ids: OpaqueIds
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """(id and sourced_id of all who stand, the rows that are new or differ, the ids of those who are gone)."""
    before = known.guardians()
    guardians = _standing(stated.take_guardians(), before, before, ids, "guardian", list(GUARDIANS))
    gone = before.join(guardians, on="id", how="anti")["id"]
    return guardians.select("id", "sourced_id"), _differing(guardians, before), gone


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
    kept = _only(known_standing, "sourced_id", part.held) if part.complete else known_standing
    kept = _without(kept, "sourced_id", part.removed).join(stated, on="id", how="anti")
    return pl.concat([stated, kept.with_columns(org=pl.lit(None, pl.String)).select(columns)])


def _enrolments(
    stated: Stated, before: Before, students: pl.DataFrame, places: Mapping[str, Place], ids: OpaqueIds
) -> pl.DataFrame:
    part = stated.enrolments
    classes = pl.DataFrame(
        [(sourced_id, ids.of("class", sourced_id)) for sourced_id in stated.classes],
        schema={"class": pl.String, "class_": pl.String},
        orient="row",
    )
    rows = (
        part.rows.join(classes, on="class")
        .join(students.select(student="sourced_id", student_id="id"), on="student")
        .select("class_", "sourced_id", "begins_on", "ends_on", student="student_id")
        .select(list(ENROLMENTS))
    )
    kept = _only(before.enrolments, "sourced_id", part.held) if part.complete else before.enrolments
    kept = _without(_without(kept, "sourced_id", part.removed), "sourced_id", rows["sourced_id"])
    kept = _only(kept, "class_", pl.Series(list(places), dtype=pl.String))
    return pl.concat([rows, kept]).join(students, left_on="student", right_on="id", how="semi")


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


def _links(stated: Stated, before: Before, students: pl.DataFrame, guardians: pl.DataFrame) -> pl.DataFrame:
    rows = (
        stated.links.join(students.select(student="sourced_id", student_id="id"), on="student")
        .join(guardians.select(guardian="sourced_id", guardian_id="id"), on="guardian")
        .select("relationship", student="student_id", guardian="guardian_id")
        .select(list(LINKS))
    )
    restated = students.join(stated.students.rows, on="sourced_id", how="semi")
    kept = (
        before.links.join(restated, left_on="student", right_on="id", how="anti")
        .join(students, left_on="student", right_on="id", how="semi")
        .join(guardians, left_on="guardian", right_on="id", how="semi")
        .join(rows, on=["student", "guardian"], how="anti")
    )
    return pl.concat([rows, kept])


def _with_households(students: pl.DataFrame, links: pl.DataFrame, ids: OpaqueIds) -> pl.DataFrame:
    """A household is named after its smallest guardian, or after the student who has none."""
    headed = students.join(households(links), left_on="id", right_on="student", how="left")
    heads = headed.select(head=pl.coalesce("head", "id")).unique()
    named = heads.with_columns(household=ids.column("household", heads["head"]))
    return headed.with_columns(pl.coalesce("head", "id")).join(named, on="head", how="left").select(_PERSON)


def _changed(
    students: pl.DataFrame,
    before: Before,
    enrolments: pl.DataFrame,
    links: pl.DataFrame,
    gone: pl.DataFrame,
    moved: Sequence[str],
) -> pl.DataFrame:
    """The ids of the students of whom anything differs, each once."""
    of_standing = before.links.join(students, left_on="student", right_on="id", how="semi")
    classes = pl.Series(list(moved), dtype=pl.String)
    in_moved = [_only(frame, "class_", classes) for frame in (enrolments, before.enrolments)]
    found = [
        _differing(students, before.students.filter("standing")).select(student="id"),
        gone.select(student="id"),
        *(frame.select("student") for frame in _either_way(enrolments, before.enrolments)),
        *(frame.select("student") for frame in _either_way(links, of_standing)),
        *(frame.select("student") for frame in in_moved),
    ]
    return pl.concat(found).unique()


def _candidates(
    changed: pl.DataFrame,
    students: pl.DataFrame,
    gone: pl.DataFrame,
    before: Before,
    enrolments: pl.DataFrame,
    links: pl.DataFrame,
) -> pl.DataFrame:
    old = before.students.select("id", old_grade="grade", old_household="household", old_district="district")
    everybody = pl.concat([
        students.with_columns(gone=pl.lit(False)),
        gone.select(_PERSON).with_columns(gone=pl.lit(True)),
    ])  # fmt: skip
    stated = (
        enrolments.join(changed, on="student", how="semi")
        .sort("student", "class_", "sourced_id")
        .group_by("student", maintain_order=True)
        .agg(stated=pl.struct("class_", "sourced_id", "begins_on", "ends_on"))
    )
    linked = (
        links.join(changed, on="student", how="semi")
        .sort("student", "guardian")
        .group_by("student", maintain_order=True)
        .agg(guardians=pl.struct("guardian", "relationship"))
    )
    return (
        everybody.join(changed, left_on="id", right_on="student", how="semi")
        .join(old, on="id", how="left")
        .with_columns(new=pl.col("old_district").is_null())
        .join(stated, left_on="id", right_on="student", how="left")
        .join(linked, left_on="id", right_on="student", how="left")
        .sort("district", "id")
    )


def _dropped(
    before: Before, gone: pl.DataFrame, enrolments: pl.DataFrame, places: Mapping[str, Place], today: date
) -> int:
    """Students who are gone, or who were in a class up to now and are in none any more."""
    ends = pl.DataFrame(
        [(row.id, row.ends_on) for row in before.classes.values()],
        schema={"class_": pl.String, "class_ends_on": pl.Date},
        orient="row",
    )
    current = (
        before.enrolments.join(ends, on="class_")
        .filter(pl.min_horizontal(pl.coalesce("ends_on", "class_ends_on"), "class_ends_on") >= today)
        .select("student")
    )
    without = current.join(enrolments, on="student", how="anti")
    return pl.concat([without, gone.select(student="id")]).n_unique()


def _differing(after: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows of `after` that are not in `before` just so."""
    return after.join(before, on=after.columns, how="anti", nulls_equal=True)


def _either_way(after: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return _differing(after, before), before.join(after, on=after.columns, how="anti", nulls_equal=True)


def _only(rows: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    return rows.join(values.to_frame("value"), left_on=column, right_on="value", how="semi")


def _without(rows: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    return rows.join(values.to_frame("value"), left_on=column, right_on="value", how="anti")

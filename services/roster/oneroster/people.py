"""users.csv and roles.csv: students and guardians. Everybody else is checked and then left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from .classes import GRADE
from .layout import GUARDIAN_ROLES, USER_ROLES, spelled
from .rowchecks import Rows, absent, among, minus, names
from .stated import Known, Org, Part


@dataclass(frozen=True, slots=True)
class People:
    """`roles` has each role of each user that stands (sourcedId, role), versions 1.1 and 1.2 alike; `agents` the
    references of users to others (line, sourcedId, agent); `kept` the users known before who still stand."""

    roles: pl.DataFrame
    agents: pl.DataFrame
    students: Part
    guardians: Part
    kept: pl.Series


def read_people(users: Rows, roles: Rows | None, known: Known, orgs: Mapping[tuple[str, str], Org]) -> People:
    """`roles` is None in version 1.1, where users.csv says the role.

    Afterwards `users` has only who the users are: in a state's file everything else fills a few hundred megabytes.
    """
    known_ids = pl.concat([known.students, known.guardians["sourced_id"]]).unique()
    kept = among(known_ids, names(users.held)) if users.complete else known_ids
    placed = _places(users, roles, kept)
    org_ids = names({sourced_id for _, sourced_id in orgs})
    _check_orgs(users if roles is None else roles, placed, org_ids)
    of_users = _roles_of_users(users, roles, kept, known)
    students = _students(users, of_users, placed, org_ids)
    guardians = _guardians(users, of_users)
    agents = _listed(users.frame, "agentSourcedIds", "agent")
    users.frame = users.frame.select("line", "sourcedId")
    return People(
        roles=of_users.select("sourcedId", "role"),
        agents=agents,
        students=_part(users, students, known_ids),
        guardians=_part(users, guardians, known_ids),
        kept=minus(kept, users.removed),
    )


def _places(users: Rows, roles: Rows | None, kept: pl.Series) -> pl.DataFrame:
    """(line, sourcedId, org): the orgs of each user, from the file that says them."""
    if roles is None:
        return _listed(users.frame, "orgSourcedIds", "org")
    roles.refer("userSourcedId", pl.concat([users.frame["sourcedId"], kept]), "users.csv")
    return roles.frame.select("line", sourcedId="userSourcedId", org="orgSourcedId").filter(
        pl.col("org") != ""
    )


def _check_orgs(rows: Rows, placed: pl.DataFrame, orgs: pl.Series) -> None:
    column = "orgSourcedIds" if rows.file.startswith("users") else "orgSourcedId"
    bad = absent(placed, "org", orgs).rename({"org": column})
    rows.error(
        bad,
        column,
        "dangling",
        lambda value: f"{value!r} is not in orgs.csv; add it there or correct it here.",
    )


def _roles_of_users(users: Rows, roles: Rows | None, kept: pl.Series, known: Known) -> pl.DataFrame:
    """(line, sourcedId, role) of every user; in 1.2 roles.csv decides, and users.role must not say otherwise."""
    own = _spelled(users, users.frame.select("line", "sourcedId", "role"))
    if roles is None:
        users.require("role", "write student, parent, teacher …")
        return own
    stated = _spelled(roles, roles.frame.select("line", "sourcedId", "role", "userSourcedId"))
    stated = stated.select("line", "role", sourcedId="userSourcedId")
    against = own.join(stated, on="sourcedId", how="semi").join(stated, on=["sourcedId", "role"], how="anti")
    users.error(
        against, "role", "role_contradiction", lambda value: f"{value!r} is not in roles.csv, which was read."
    )
    without = users.frame.join(stated, on="sourcedId", how="anti").select("line", "sourcedId")
    own = own.join(stated, on="sourcedId", how="anti")
    # A file of changes may bring a user whose roles have not changed.
    before = pl.concat([
        known.students.to_frame("sourcedId").with_columns(role=pl.lit("student")),
        known.guardians.select(sourcedId="sourced_id", role="relationship"),
    ])  # fmt: skip
    before = without.join(own, on="sourcedId", how="anti").join(before, on="sourcedId")
    before = before.join(kept.to_frame("sourcedId"), on="sourcedId", how="semi")
    nothing = absent(without, "sourcedId", pl.concat([own["sourcedId"], before["sourcedId"]]))
    users.warn(
        nothing, "sourcedId", "no_role", lambda value: f"{value!r} has no role in roles.csv; it was not read."
    )
    return pl.concat([stated, own.select(stated.columns), before.select(stated.columns)])


def _spelled(rows: Rows, given: pl.DataFrame) -> pl.DataFrame:
    """The rows that give a role, in the standard's spelling; a word that is no role is reported."""
    spelling = {role: spelled(role, USER_ROLES) for role in given["role"].unique() if role}
    rows.reject(
        given.filter(pl.col("role").is_in([role for role, right in spelling.items() if right is None])),
        "role",
        "role",
        lambda value: (
            f"{value!r} is no role of OneRoster (student, parent, teacher …); the row was left out."
        ),
    )
    rows.warn(
        given.filter(
            pl.col("role").is_in([role for role, right in spelling.items() if right not in (None, role)])
        ),
        "role",
        "spelling",
        lambda value: f"{value!r} was read as {spelling[value]}.",
    )
    right = {role: word for role, word in spelling.items() if word is not None}
    given = given.filter(pl.col("role").is_in(list(right)))
    return given.with_columns(pl.col("role").replace({word: to for word, to in right.items() if word != to}))


def _students(users: Rows, roles: pl.DataFrame, placed: pl.DataFrame, orgs: pl.Series) -> pl.DataFrame:
    columns = ("line", "sourcedId", "givenName", "familyName", "grades")
    are = roles.filter(pl.col("role") == "student").select("sourcedId")
    students = users.frame.select(columns).join(are, on="sourcedId", how="semi", maintain_order="left")
    first_org = (
        placed.join(are, on="sourcedId", how="semi", maintain_order="left")
        .join(orgs.to_frame("org"), on="org", how="semi", maintain_order="left")
        .unique("sourcedId", keep="first", maintain_order=True)
        .select("sourcedId", "org")
    )
    students = students.with_columns(grade=pl.col("grades").str.split(",").list.first().str.strip_chars())
    strange = students.filter((pl.col("grade") != "") & ~pl.col("grade").str.contains(GRADE))
    users.warn(
        strange, "grades", "grade", lambda value: f"{value!r} is no grade like KG or 03; it was left out."
    )
    return students.join(first_org, on="sourcedId", how="left", maintain_order="left").select(
        sourced_id="sourcedId",
        given="givenName",
        family="familyName",
        grade=pl.when(pl.col("grade").str.contains(GRADE)).then("grade"),
        org="org",
    )


def _guardians(users: Rows, roles: pl.DataFrame) -> pl.DataFrame:
    are = roles.select("sourcedId", relationship="role").filter(pl.col("relationship").is_in(GUARDIAN_ROLES))
    if are["sourcedId"].is_duplicated().any():
        order = pl.col("relationship").cast(pl.Enum(GUARDIAN_ROLES))
        are = are.group_by("sourcedId").agg(order.min().cast(pl.String))
    columns = ("sourcedId", "givenName", "familyName", "email", "sms", "phone")
    return (
        users.frame.select(columns)
        .join(are, on="sourcedId", maintain_order="left")
        .rename({"sourcedId": "sourced_id", "givenName": "given", "familyName": "family"})
    )


def _part(users: Rows, rows: pl.DataFrame, known: pl.Series) -> Part:
    # A known user whose row no longer gives the role has lost it, even where the file only tells of changes.
    lost = minus(among(known, users.frame["sourcedId"]), rows["sourced_id"])
    return Part(rows, pl.concat([users.removed, lost]), names(users.held), users.complete)


def _listed(frame: pl.DataFrame, column: str, each: str) -> pl.DataFrame:
    """One row (line, sourcedId, each) for every entry of a list field, in the order of the file."""
    given = frame.select("line", "sourcedId", pl.col(column).alias(each)).filter(pl.col(each) != "")
    several = pl.col(each).str.contains(",", literal=True)
    split = given.filter(several).with_columns(pl.col(each).str.split(",")).explode(each)
    split = split.with_columns(pl.col(each).str.strip_chars()).filter(pl.col(each) != "")
    return pl.concat([given.filter(~several), split]).sort("line", maintain_order=True)

"""orgs.csv: districts and schools, and which school belongs to which district."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

import polars as pl

from .layout import ORG_TYPES, spelled
from .rowchecks import Rows
from .stated import Org

#: What an event can carry.
LONGEST_NAME, LONGEST_IDENTIFIER = 200, 64


def read_orgs(rows: Rows, known: Mapping[str, Org], taught: Set[str]) -> dict[tuple[str, str], Org]:
    """Every org that stands, by (kind, sourcedId), with made districts where a school has none.

    `taught` are the orgs in which classes are held: a department among them without a school above it is taken for
    a school, because leaving it out would lose its children.
    """
    rows.require("name", "write the org's name.")
    lines: dict[str, int] = {}
    orgs = {
        org.sourced_id: org
        for org in known.values()
        if not org.made and (not rows.complete or org.sourced_id in rows.held)
    }
    types: dict[str, str] = {org.sourced_id: org.kind for org in orgs.values()}
    for sourced_id in rows.removed:
        orgs.pop(sourced_id, None)
    for row in rows.frame.to_dicts():
        type_ = _type(rows, row)
        if type_ is None:
            continue
        sourced_id = row["sourcedId"]
        lines[sourced_id], types[sourced_id] = row["line"], type_
        orgs[sourced_id] = Org(
            sourced_id=sourced_id,
            kind="district" if type_ == "district" else "school" if type_ == "school" else "other",
            name=_short(rows, row, "name", LONGEST_NAME),
            identifier=_short(rows, row, "identifier", LONGEST_IDENTIFIER) or None,
            parent=row["parentSourcedId"],
            district=None,
        )
    _check_parents(rows, orgs, lines)
    _take_departments(rows, orgs, types, taught, lines)
    return _under_districts(rows, orgs, lines)


def school_of(orgs: Mapping[tuple[str, str], Org], sourced_id: str) -> str | None:
    """The school that an org is, or that it is a part of."""
    seen: set[str] = set()
    while sourced_id and sourced_id not in seen:
        if ("school", sourced_id) in orgs:
            return sourced_id
        seen.add(sourced_id)
        org = orgs.get(("other", sourced_id))
        sourced_id = org.parent if org else ""
    return None


def _type(rows: Rows, row: dict[str, Any]) -> str | None:
    written: str = row["type"]
    type_ = spelled(written, ORG_TYPES)
    if type_ is None:
        rows.reject(
            pl.DataFrame([row]).cast({"line": pl.Int32}),
            "type",
            "org_type",
            lambda value: f"{value!r} is none of {', '.join(sorted(ORG_TYPES))}; the org was left out.",
        )
    elif type_ != written:
        _warn(rows, row["line"], "type", "spelling", f"{written!r} was read as {type_}.")
    return type_


def _short(rows: Rows, row: dict[str, Any], column: str, longest: int) -> str:
    value: str = row[column]
    if len(value) > longest:
        _warn(rows, row["line"], column, "too_long", f"Cut to {longest} characters; shorten it.")
    return value[:longest]


def _check_parents(rows: Rows, orgs: dict[str, Org], lines: Mapping[str, int]) -> None:
    for org in list(orgs.values()):
        if org.parent and org.parent not in orgs:
            message = f"{org.parent!r} is not in orgs.csv; add that org or leave the parent empty."
            _error(rows, lines.get(org.sourced_id, 0), "parentSourcedId", "dangling", message)
            orgs[org.sourced_id] = replace(org, parent="")
        elif org.sourced_id in _above(orgs, org):
            message = f"{org.name} is above itself by its parents; correct one of them."
            _error(rows, lines.get(org.sourced_id, 0), "parentSourcedId", "cycle", message)
            orgs[org.sourced_id] = replace(org, parent="")


def _above(orgs: Mapping[str, Org], org: Org) -> list[str]:
    """The orgs above this one, nearest first; it ends where a cycle closes."""
    above: list[str] = []
    while org.parent in orgs and org.parent not in above:
        above.append(org.parent)
        org = orgs[org.parent]
    return above


def _take_departments(
    rows: Rows, orgs: dict[str, Org], types: Mapping[str, str], taught: Set[str], lines: Mapping[str, int]
) -> None:
    for sourced_id, org in list(orgs.items()):
        if types[sourced_id] != "department":
            continue
        in_school = any(orgs[above].kind == "school" for above in _above(orgs, org))
        if sourced_id in taught and not in_school:
            orgs[sourced_id] = replace(org, kind="school")
            message = (
                "A department with classes and no school above it was taken for a school; give it its school."
            )
        else:
            message = "A department is no school; its classes count for the school above it."
        _warn(rows, lines.get(sourced_id, 0), "type", "department", message)


def _under_districts(
    rows: Rows, orgs: Mapping[str, Org], lines: Mapping[str, int]
) -> dict[tuple[str, str], Org]:
    districts = [sourced_id for sourced_id, org in orgs.items() if org.kind == "district"]
    placed: dict[tuple[str, str], Org] = {}
    for sourced_id, org in orgs.items():
        district: str | None = sourced_id if org.kind == "district" else None
        if org.kind == "school":
            district = next((above for above in _above(orgs, org) if orgs[above].kind == "district"), None)
            if district is None:
                district = districts[0] if len(districts) == 1 else sourced_id
                if district == sourced_id:
                    placed["district", district] = Org(
                        district, "district", org.name, None, "", district, made=True
                    )
                    where = "a district made for it alone, with its name"
                else:
                    where = f"{orgs[district].name}, the only district"
                message = (
                    f"The school has no district above it; it was put under {where}. Set parentSourcedId."
                )
                _warn(rows, lines.get(sourced_id, 0), "parentSourcedId", "school_without_district", message)
        placed[org.kind, sourced_id] = replace(org, district=district)
    return placed


def _error(rows: Rows, line: int, column: str, code: str, message: str) -> None:
    """Line 0 is an org of an earlier bundle: that bundle's report had it."""
    if line:
        rows.problems.error(rows.file, line, column, code, message)


def _warn(rows: Rows, line: int, column: str, code: str, message: str) -> None:
    if line:
        rows.problems.warning(rows.file, line, column, code, message)

"""The reports that were issued, as they were: each an edition that is given out again and audited against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Connection, func, insert, select

from alliance.errors import NotFound, Refused

from .methods.release import Release, from_json
from .projections.cells import decode, encode
from .report.folder import MANIFEST, RELEASE
from .report.pins import Pins, canonical
from .school_year import year_before
from .tables import report_files, reports

if TYPE_CHECKING:
    # With charts and pages: what only gives editions out does not load them.
    from .report.making import Made


def base(pins: Pins) -> str:
    """The digest of the pins without the earlier releases: the same question asked again has the same base."""
    settings = {name: value for name, value in pins.settings.items() if name != "earlier"}
    return hashlib.sha256(canonical({**pins.to_json(), "settings": settings})).hexdigest()


def newest(connection: Connection) -> int:
    """How many editions there are: another number, another newest."""
    return connection.scalar(select(func.max(reports.c.issued))) or 0


def earlier(connection: Connection, school_year: str, asked: str = "") -> dict[str, Release]:
    """The releases that a report has to agree with: those that were issued before it of the same year and of the year
    before, whose figures it has. Asked again, a report is audited with the same ones as the first time."""
    row = reports.c
    known = connection.scalar(select(row.earlier).where(row.base == asked).order_by(row.issued).limit(1))
    if known is not None:
        names = list(decode(known))
    else:
        query = select(row.report).where(row.school_year.in_([school_year, year_before(school_year)]))
        names = list(connection.scalars(query.order_by(row.issued)))
    return {name: from_json(orjson.loads(content(connection, name, RELEASE))) for name in names}


class Overtaken(Refused):
    """Another report was issued since this one looked which there are: it has to be made anew, and know that one."""


def record(connection: Connection, made: Made, issued_on: str, known: int) -> None:
    """Keep an edition. Raises Overtaken where there are others than the `known` ones that it was audited with."""
    if newest(connection) != known:
        raise Overtaken("Another report was issued meanwhile; ask for this one again.")
    connection.execute(
        insert(reports).values(
            report=made.pins.report,
            school_year=made.pins.school_year,
            issued=known + 1,
            issued_on=issued_on,
            base=base(made.pins),
            earlier=encode(made.pins.settings["earlier"]),
            manifest=made.manifest,
        )
    )
    rows = [{"report": made.pins.report, "path": path, "content": of} for path, of in made.files.items()]
    connection.execute(insert(report_files), rows)


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every edition, the newest first."""
    row = reports.c
    query = select(row.report, row.school_year, row.issued_on, row.manifest).order_by(row.issued.desc())
    return [dict(each) for each in connection.execute(query).mappings()]


def edition(connection: Connection, report: str) -> dict[str, Any]:
    """An edition with its pins and files, as its manifest has them."""
    row = reports.c
    query = select(row.report, row.school_year, row.issued_on, row.manifest).where(row.report == report)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise _unknown(report)
    manifest: Mapping[str, Any] = decode(content(connection, report, MANIFEST).decode())
    files = [{"path": path, **of} for path, of in sorted(manifest["files"].items())]
    return {**found, "pins": manifest["pins"], "files": files}


def content(connection: Connection, report: str, path: str) -> bytes:
    row = report_files.c
    found = connection.scalar(select(row.content).where(row.report == report, row.path == path))
    if found is None:
        if connection.scalar(select(reports.c.report).where(reports.c.report == report)) is None:
            raise _unknown(report)
        raise NotFound(f"Report {report} has no file {path!r}; its files are listed with the report.")
    return bytes(found)


def _unknown(report: str) -> NotFound:
    return NotFound(f"There is no report {report!r}; the list of reports has those that were issued.")

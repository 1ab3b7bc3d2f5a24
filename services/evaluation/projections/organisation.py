"""Districts and schools: what they are called, and which schools have closed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Column, MetaData, Table, Text

from alliance.envelope import Event
from alliance.projection import Rows
from alliance.rows import Key


class Organisation:
    """`districts` (district) and `schools` (district, school); `closed_on` is None while the school exists."""

    name = "organisation"
    version = 1
    sources = frozenset({"roster"})
    types = frozenset({"DistrictRegistered", "SchoolRegistered", "SchoolClosed"})

    def tables(self, metadata: MetaData) -> dict[str, Table]:
        districts = Table(
            f"{self.name}_districts_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("name", Text, nullable=False),
            Column("identifier", Text),
            info={"write": "replace"},
        )
        schools = Table(
            f"{self.name}_schools_v{self.version}",
            metadata,
            Column("district", Text, primary_key=True),
            Column("school", Text, primary_key=True),
            Column("name", Text),
            Column("identifier", Text),
            Column("closed_on", Text),
            info={"write": "replace"},
        )
        return {"districts": districts, "schools": schools}

    def keys(self, event: Event) -> Iterable[tuple[str, Key]]:
        if event.type == "SchoolClosed":
            yield "schools", (event.district, event.data["school"])

    def fold(self, rows: Rows, event: Event) -> None:
        data = event.data
        match event.type:
            case "DistrictRegistered":
                rows.put(
                    "districts", (event.district,), {"name": data["name"], "identifier": data["identifier"]}
                )
            case "SchoolRegistered":
                # Registered again after its closing, a school is open again.
                school = {"name": data["name"], "identifier": data["identifier"], "closed_on": None}
                rows.put("schools", (event.district, data["school"]), school)
            case "SchoolClosed":
                key = (event.district, data["school"])
                known = rows.get("schools", key) or {"name": None, "identifier": None}
                rows.put("schools", key, {**known, "closed_on": data["closed_on"]})

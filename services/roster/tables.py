"""The roster's own state: who stands behind each opaque id. Names and contacts are here and nowhere else.

Every row belongs to a `source`, the system it was exported from; its sourcedIds are unique within it.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, MetaData, Table, Text

from alliance.tables import UtcTime

metadata = MetaData()

#: One row per source. `owner` is the import that may write now; `key_check` tells whether the secret key is still
#: the one that its ids were made with.
sources = Table(
    "sources",
    metadata,
    Column("source", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("key_check", Text, nullable=False),
    Column("imported_at", UtcTime),
)

#: Districts, schools, and orgs that are neither (`other`). `district` is an opaque id. A made district stands in for
#: a school without one. `standing` is false once the source no longer has it; `closed_on` is the last day of a
#: school that went.
orgs = Table(
    "orgs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sourced_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("identifier", Text),
    Column("parent", Text, nullable=False),
    Column("district", Text),
    Column("made", Boolean, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("closed_on", Date),
    Index("orgs_source", "source", "kind", "sourced_id", unique=True),
    Index("orgs_district", "district"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("source", Text, primary_key=True),
    Column("sourced_id", Text, primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
)

#: `grades` are separated by commas. `new` is true from the first event of the class to the end of its first import.
classes = Table(
    "classes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sourced_id", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("school_year", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("grades", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("closed_on", Date),
    Column("new", Boolean, nullable=False),
    Index("classes_source", "source", "sourced_id", unique=True),
    Index("classes_school", "school"),
    Index("classes_district", "district"),
)

students = Table(
    "students",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sourced_id", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("grade", Text),
    Column("household", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Index("students_source", "source", "sourced_id", unique=True),
    Index("students_district", "district", "id"),
)

guardians = Table(
    "guardians",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sourced_id", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("sms", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("relationship", Text, nullable=False),
    Index("guardians_source", "source", "sourced_id", unique=True),
)

links = Table(
    "links",
    metadata,
    Column("student", Text, primary_key=True),
    Column("guardian", Text, primary_key=True),
    Column("relationship", Text),
    Index("links_guardian", "guardian"),
)

#: Effective-dated. `begins_on` and `ends_on` (null: with the class) are what was told in events; `stated_…` what the
#: source says, null where it says nothing; `claimed_on` the first day before others were given the word. A row that
#: ends before it begins remembers a statement that others left nothing of. `sourced_id` is null once the source no
#: longer states it.
enrolments = Table(
    "enrolments",
    metadata,
    Column("student", Text, primary_key=True),
    Column("class_", Text, primary_key=True),
    Column("begins_on", Date, primary_key=True),
    Column("ends_on", Date),
    Column("claimed_on", Date, nullable=False),
    Column("sourced_id", Text),
    Column("stated_begins_on", Date),
    Column("stated_ends_on", Date),
    Index("enrolments_class", "class_"),
)

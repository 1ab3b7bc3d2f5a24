"""Evaluation's own state: the editions of reports with their files, so that an issued report is given as it was."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

metadata = MetaData()

#: `base` is the digest of the pins without the earlier releases that the auditor knew, which are in `earlier`.
reports = Table(
    "reports",
    metadata,
    Column("report", Text, primary_key=True),
    Column("school_year", Text, nullable=False),
    Column("issued", BigInteger, nullable=False),
    Column("issued_on", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("earlier", Text, nullable=False),
    Column("manifest", Text, nullable=False),
)
report_files = Table(
    "report_files",
    metadata,
    Column("report", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

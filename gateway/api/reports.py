"""The report to the Legislature and the Governor (37-3-71), and the decisions on what it names."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from flask import Response

from ..calling import ask, run
from ..routes import Routes
from ..schemas.reports import (
    DecideRecognition,
    FileContent,
    FileQuery,
    Issued,
    IssueReport,
    RecognitionTaken,
    Report,
    ReportList,
)

routes = Routes("reporting", __name__, description="The report of 37-3-71: issued editions with their files")

#: Comparing, drawing and printing a whole state takes up to a minute; making it at an older position, several.
REPORT_SECONDS = 900.0
#: A file of some megabytes from the database.
FILE_SECONDS = 10.0

_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
#: What a file of the report may do in a browser: be read.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@routes.command("/v1/reports", "evaluation.issue_report", takes=IssueReport, answers=Issued)
def issue_report(body: dict[str, Any]) -> Any:
    """Make and issue the report of a school year

    Everything that was known at one position: HTML, tagged PDF, every table as CSV and JSON, and a manifest. The same
    position with the same program and settings is the same report, byte by byte, and is issued once.
    """
    return run(body, seconds=REPORT_SECONDS)


@routes.query("/v1/reports", "evaluation.reports", answers=ReportList)
def reports() -> Any:
    """The reports that were issued, the newest first"""
    return {"data": ask({})["reports"], "next": None}


@routes.query("/v1/reports/<report>", "evaluation.report", answers=Report)
def report(report: str) -> Any:
    """An issued report: what it is made of, and its files with their digests"""
    return ask({"report": report})


_FILES = {
    "responses": {
        "200": {
            "description": "The file, as the type that it is",
            "content": {
                media.partition(";")[0]: {
                    "schema": {"type": "string", "contentMediaType": media.partition(";")[0]},
                    "example": "(the bytes of the file)",
                }
                for media in (*_TYPES.values(), "application/octet-stream")
                if media != _TYPES["json"]
            },
        }
    }
}


@routes.query(
    "/v1/reports/<report>/file", "evaluation.report_file", asks=FileQuery, answers=FileContent, doc=_FILES
)
def report_file(query: dict[str, Any], report: str) -> Any:
    """A file of an issued report, as it was issued

    `path` is one that the report lists, such as `report.html`, `report.pdf` or `tables/districts.csv`.
    """
    content = b64decode(ask({"report": report, "path": query["path"]}, seconds=FILE_SECONDS)["content"])
    ending = query["path"].rpartition(".")[2]
    response = Response(content, mimetype=None, content_type=_TYPES.get(ending, "application/octet-stream"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@routes.command(
    "/v1/recognitions", "evaluation.decide_recognition", takes=DecideRecognition, answers=RecognitionTaken
)
def decide_recognition(body: dict[str, Any]) -> Any:
    """Record whether a programme is recognised as exemplary, and why

    The written rule of the report names programmes to be looked at; people decide. The next report has the decision.
    """
    return run(body)

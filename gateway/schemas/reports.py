"""The report of 37-3-71: issued, listed, given out; and what people decide on the programmes that it names."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from alliance.contracts.evaluation import RECOGNITION_REASONS

from .kinds import DISTRICT, Choice, Flag, Id, SchoolYear, Text, Whole
from .position import Accepted, ReadQuery
from .shape import Answer, Shape

REPORT = "9f86d081884c7d65"
_DIGEST = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
#: Cents, up to ten billion dollars.
_MOST = 10**12


class Budget(Shape):
    """A stated budget in cents, which three scenarios share out."""

    budget = Whole("the whole sum, in cents", 250_000_000, least=0, most=_MOST)
    floor = Whole("what each district gets at least", 1_000_000, least=0, most=_MOST, required=False)
    coordinators = Whole(
        "coordinators in the third scenario; one for each district when left out", 180, least=0, most=100_000,
        required=False,
    )  # fmt: skip
    coordinator_cost = Whole("of one coordinator", 600_000, least=0, most=_MOST, required=False)
    example = {"budget": 250_000_000, "floor": 1_000_000, "coordinators": 180, "coordinator_cost": 600_000}


class IssueReport(Shape):
    """Which report."""

    school_year = SchoolYear()
    journal = Whole(
        "the journal position to make it at, as an earlier report has it in its pins; now when left out", 5_111_218,
        least=1, most=10**15, required=False,
    )  # fmt: skip
    budget = fields.Nested(Budget, metadata={"description": "without one, an example shows the method"})
    example = {"school_year": "2026-27", "budget": Budget.example}


class Issued(Accepted):
    """The report's id, and the SHA-256 of its manifest, which has that of every file."""

    report = fields.String()
    manifest = fields.String()
    example: ClassVar[Any] = {
        **Accepted.example, "position": {"source": "evaluation", "sequence": 1441}, "report": REPORT,
        "manifest": _DIGEST,
    }  # fmt: skip


class ReportEntry(Answer):
    """One edition."""

    report = fields.String()
    school_year = fields.String()
    issued_on = fields.String()
    manifest = fields.String(metadata={"description": "SHA-256 of manifest.json"})
    example = {"report": REPORT, "school_year": "2026-27", "issued_on": "2027-07-15", "manifest": _DIGEST}


class ReportList(Answer):
    """Every report that was issued, the newest first."""

    data = fields.List(fields.Nested(ReportEntry))
    next = fields.String(allow_none=True, metadata={"description": "always null: they fit one page"})
    example = {"data": [ReportEntry.example], "next": None}


class ReportFile(Answer):
    """A file of a report."""

    path = fields.String()
    bytes = fields.Integer()
    sha256 = fields.String()
    example = {"path": "tables/districts.csv", "bytes": 132_117, "sha256": _DIGEST}


class Report(ReportEntry):
    """An issued report: what it is made of (`pins`), and its files."""

    pins = fields.Dict(
        metadata={
            "description": "the journal's position, the positions in each source, the program's version, all settings"
        }
    )
    files = fields.List(fields.Nested(ReportFile))
    example: ClassVar[Any] = {
        **ReportEntry.example,
        "pins": {
            "school_year": "2026-27", "journal": 5_111_218, "positions": {"folders": 3_396_010}, "version": "0.1.0",
            "settings": {"seed": 0},
        },
        "files": [ReportFile.example],
    }  # fmt: skip


class FileQuery(ReadQuery):
    """Which file of the report."""

    path = Text(200, "as the report lists it", "tables/districts.csv")
    example = {"path": "tables/districts.csv"}


class FileContent(Answer):
    """The file itself comes, not JSON."""

    example: ClassVar[Any] = {}


class DecideRecognition(Shape):
    """What people decided on a programme that the written rule judged."""

    school_year = SchoolYear()
    district = Id("id of the district", DISTRICT)
    indicator = Choice(
        ("pledges_signed", "classes_on_time", "folders_returned", "survey_response"),
        "the programme's indicator",
    )
    recognised = Flag("whether it is recognised as exemplary", True, required=True)
    reasons = fields.List(
        Choice(RECOGNITION_REASONS, "why"),
        required=True,
        validate=validate.Length(1, len(RECOGNITION_REASONS)),
        metadata={
            "description": "one or more of the reasons that are provided for; names do not belong here"
        },
    )
    report = Id("id of the report that the decision rests on", REPORT)
    example = {
        "school_year": "2026-27", "district": DISTRICT, "indicator": "pledges_signed", "recognised": True,
        "reasons": ["site_visit", "practice_documented"], "report": REPORT,
    }  # fmt: skip


class RecognitionTaken(Accepted):
    """The decision as it is recorded."""

    district = fields.String()
    school_year = fields.String()
    indicator = fields.String()
    recognised = fields.Boolean()
    reasons = fields.List(fields.String())
    report = fields.String()
    example: ClassVar[Any] = {
        **Accepted.example, "position": {"source": "evaluation", "sequence": 1442}, **DecideRecognition.example,
    }  # fmt: skip

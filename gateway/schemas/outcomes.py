"""Files of published results going in."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields

from .evaluation import Unit
from .kinds import DISTRICT, Switch, Text
from .position import Accepted
from .shape import Answer, Shape


class OutcomesQuery(Shape):
    """How a file of results is taken."""

    dry_run = Switch("only tell what would be recorded; nothing is")
    name = Text(200, "what the file is called", "2022_maap_ela_math.xlsx", required=False)
    example = {"dry_run": "true"}


class OutcomeProblem(Answer):
    """One thing wrong in the file, and what was done about it."""

    place = fields.String()
    text = fields.String()
    example = {
        "place": "sheet 'State Summary', row 12",
        "text": "The title says 2021, most others 2022; it was read as 2022.",
    }


class NameToReview(Answer):
    """A name that a person has to decide on."""

    name = fields.String()
    candidates = fields.List(fields.Nested(Unit))
    reason = fields.String()
    example = {
        "name": "Alcorn County", "candidates": [{"id": DISTRICT, "name": "Alcorn School District"}],
        "reason": "This names a place, not a school district.",
    }  # fmt: skip


class OutcomesImported(Accepted):
    """What was recorded, what was wrong with the file, and which names wait for a decision."""

    dry_run = fields.Boolean()
    sets = fields.Integer(metadata={"description": "districts' subjects and grades in the file"})
    changed = fields.Integer(metadata={"description": "of these, new or different from what was known"})
    figures = fields.Integer(metadata={"description": "published figures in them"})
    districts = fields.Integer(metadata={"description": "districts that they are of"})
    left_out = fields.Integer(metadata={"description": "figures of names that wait for a decision"})
    problems = fields.List(fields.Nested(OutcomeProblem))
    more_problems = fields.Integer(metadata={"description": "how many more than are listed"})
    review = fields.List(fields.Nested(NameToReview))
    set_aside = fields.List(
        fields.String(),
        metadata={"description": "names of which it was decided that they are no district here"},
    )
    example: ClassVar[Any] = {
        **Accepted.example, "position": {"source": "evaluation", "sequence": 1900}, "dry_run": False, "sets": 1900,
        "changed": 1900, "figures": 54000, "districts": 138, "left_out": 420, "problems": [OutcomeProblem.example],
        "more_problems": 0, "review": [NameToReview.example], "set_aside": [],
    }  # fmt: skip

"""The report's sections in their order."""

from __future__ import annotations

from . import evidence, opening, programme, resources, results
from .document import Document
from .material import Material
from .pins import Pins


def compose(material: Material, pins: Pins) -> Document:
    """The whole report. The same material and pins give the same document."""
    year = pins.school_year
    return Document(
        title=f"Alliance for Families: evaluation of the school year {year}",
        short=f"Alliance for Families {year}",
        subtitle="Report of the State Board of Education to the Legislature and the Governor (Miss. Code 37-3-71)",
        issued=opening.day(material.snapshot.as_of),
        report=pins.report,
        sections=(
            opening.letter(material),
            opening.finding(material),
            opening.plain(material),
            evidence.clauses(),
            programme.taking_part(material),
            programme.fidelity(material),
            programme.measures(material),
            results.survey(material),
            results.published(material),
            programme.comparison(material),
            programme.where(material),
            results.families(material),
            programme.exemplary(material),
            programme.supported(material),
            resources.resources(material),
            evidence.design(material),
            evidence.limits(material),
            evidence.definitions(),
            evidence.made_of(pins),
        ),
        attached=(*programme.attached(material), evidence.certified(material)),
    )

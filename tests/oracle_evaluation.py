"""What the scorecards of a world must say: every indicator from the plain facts alone, day by day and child by child.

No event, no fold, no difference, no SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from statistics import mean, stdev
from typing import Any

from tests.world_evaluation import DAYS, DISTRICT_OF, ITEMS, MONTHS, SCHOOL_OF, Survey, World

Pair = tuple[int, int]


def expected(world: World, this_month: str, *, district: str, school: str | None = None) -> dict[str, Any]:
    """{"indicators": {name: (numerator, denominator)}, "survey": {scale: (n, mean, sd)}} of a district or school."""
    schools = [each for each, its in DISTRICT_OF.items() if its == district and school in (None, each)]
    asked = {each: _months_asked(world, each) for each in DISTRICT_OF}
    reported = [
        month
        for each in DISTRICT_OF
        for class_, month in _class_months(world, each)
        if world.sent.get((class_, month))
    ]
    due = {month for month in MONTHS if month <= max([this_month, *reported])}
    places = [(class_, month) for each in schools for class_, month in asked[each] if month in due]
    on_time = {place for place in places if _on_time(world, place)}
    of_school_months = {(SCHOOL_OF[class_], month) for class_, month in places}
    missed = {(SCHOOL_OF[class_], month) for class_, month in places if (class_, month) not in on_time}
    sent, back = _student_months(world, schools, due)
    enrolled = {
        each.student for each in world.enrolments if SCHOOL_OF[each.class_] in schools and not each.early
    }
    return {
        "indicators": {
            "pledges_signed": (
                sum((student, district) in world.signed for student in enrolled),
                len(enrolled),
            ),
            "classes_reported": (sum(bool(world.sent.get(place)) for place in places), len(places)),
            "classes_on_time": (len(on_time), len(places)),
            "folders_returned": (len(back), len(sent)),
            "months_met": (len(of_school_months - missed), len(of_school_months)),
            "survey_response": _survey_response(world, district, school),
        },
        "survey": {
            scale: _scale(world, district, school, scale)
            for scale in dict.fromkeys(item[1] for item in ITEMS)
        },
    }


def _class_months(world: World, school: str) -> set[tuple[str, str]]:
    """(class, month) with a day on which the class ran and had somebody in it."""
    found = set()
    for entry in world.enrolments:
        if SCHOOL_OF[entry.class_] != school:
            continue
        class_ = world.classes[entry.class_]
        last = min(day for day in (class_.ends, class_.closed, entry.ends) if day is not None)
        found |= {
            (entry.class_, f"{day:%Y-%m}") for day in DAYS if max(class_.begins, entry.begins) <= day <= last
        }
    return found


def _months_asked(world: World, school: str) -> set[tuple[str, str]]:
    """The class-months that the school is asked to report: homerooms if it has any, none after it has closed."""
    closed = world.closed_schools.get(school)
    found = _class_months(world, school)
    if closed is not None:
        found = {(class_, month) for class_, month in found if month <= f"{closed:%Y-%m}"}
    homerooms = {(class_, month) for class_, month in found if world.classes[class_].kind == "homeroom"}
    return homerooms or found


def _on_time(world: World, place: tuple[str, str]) -> bool:
    return any(f"{day:%Y-%m}" == place[1] for day in world.sent.get(place, {}).values())


def _student_months(world: World, schools: list[str], due: set[str]) -> tuple[set[Any], set[Any]]:
    here = {
        place: students
        for place, students in world.sent.items()
        if SCHOOL_OF[place[0]] in schools and place[1] in due
    }
    sent = {(student, month) for (_, month), students in here.items() for student in students}
    back = {(student, month) for class_, month, student in world.back if (class_, month) in here}
    return sent, back


def _of_survey(world: World, district: str, school: str | None) -> Iterable[Survey]:
    for survey in world.surveys.values():
        known = school is None or survey.mode == "confidential" or survey.school == school
        if survey.district == district and known:
            yield survey


def _survey_response(world: World, district: str, school: str | None) -> Pair:
    responses = invited = 0
    for survey in _of_survey(world, district, school):
        invited += sum(school in (None, *schools) for schools in survey.invited.values())
        responses += sum(school in (None, *schools) for schools, _ in survey.responses)
    return responses, invited


def _scale(
    world: World, district: str, school: str | None, scale: str
) -> tuple[int, float | None, float | None]:
    items = {item: turned for item, of, turned in ITEMS if of == scale}
    scores = []
    for survey in _of_survey(world, district, school):
        for schools, answers in survey.responses:
            known = [
                (item, answer) for item, answer in answers.items() if item in items and answer is not None
            ]
            said = [6 - answer if items[item] else answer for item, answer in known]
            if school in (None, *schools) and len(said) >= len(items) / 2:
                scores.append(Fraction(sum(said), len(said)))
    return len(scores), float(mean(scores)) if scores else None, stdev(scores) if len(scores) > 1 else None

"""A small state of two districts in which things happen.

The world keeps plain facts (who was where on which day, what came back) and records the events as it goes; what its
scorecards must say, `oracle_evaluation.py` works out from the facts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.builders_evaluation import History

DISTRICT_OF = {"s1": "d1", "s2": "d1", "s3": "d2"}
SCHOOL_OF = {"c1": "s1", "c2": "s1", "c3": "s2", "c4": "s2", "c5": "s3", "c6": "s3"}
STUDENTS = ("ana", "ben", "cleo", "dora")
FIRST_DAY, LAST_DAY = date(2026, 8, 6), date(2027, 5, 26)
DAYS = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
MONTHS = sorted({f"{day:%Y-%m}" for day in DAYS})
END_OF_YEAR = date(2027, 6, 30)

#: (item, scale, reversed): three items of each scale, the second one reversed.
ITEMS = [
    (f"{scale}-{n}", scale, n == 2)
    for scale in ("communication", "school_programmes", "home_learning")
    for n in (1, 2, 3)
]


@dataclass
class Class:
    begins: date
    ends: date
    kind: str
    closed: date | None = None


@dataclass
class Enrolment:
    """In the class from `begins` to `ends`, or to the class's end. `early`: gone before the class's end as it was
    known when that was told."""

    student: str
    class_: str
    begins: date
    ends: date | None
    early: bool = False


@dataclass
class Survey:
    district: str
    school: str | None
    mode: str
    invited: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    responses: list[tuple[tuple[str, ...], dict[str, int | None]]] = field(default_factory=list)


@dataclass
class World:
    """Facts, and the history that tells them. Whatever a service would refuse changes nothing here."""

    history: History = field(default_factory=History)
    classes: dict[str, Class] = field(default_factory=dict)
    closed_schools: dict[str, date] = field(default_factory=dict)
    enrolments: list[Enrolment] = field(default_factory=list)
    signed: set[tuple[str, str]] = field(default_factory=set)
    sent: dict[tuple[str, str], dict[str, date]] = field(default_factory=dict)
    back: set[tuple[str, str, str]] = field(default_factory=set)
    surveys: dict[str, Survey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for district in ("d1", "d2"):
            self.history.district(district)
        for school, district in DISTRICT_OF.items():
            self.history.school(school, district)
        self.history.instrument(ITEMS)

    def register(self, class_: str, kind: str, begins: date, ends: date) -> None:
        self.classes[class_] = Class(begins, ends, kind)
        self.history.class_(class_, *_place(class_), kind=kind, begins_on=f"{begins}", ends_on=f"{ends}")

    def close_class(self, class_: str, day: date) -> None:
        if class_ in self.classes:
            self.classes[class_].closed = day
            school, district = _place(class_)
            self.history.class_closed(class_, f"{day}", school, district)

    def close_school(self, school: str, day: date) -> None:
        self.closed_schools[school] = day
        self.history.school_closed(school, f"{day}", DISTRICT_OF[school])

    def enrol(self, student: str, class_: str, begins: date, ends: date | None) -> None:
        """Told again with the same first day, an enrolment has another end. Others of the class must lie apart."""
        if class_ not in self.classes or (ends is not None and ends < begins):
            return
        early = ends is not None and ends < self.classes[class_].ends
        known = [each for each in self._enrolments(student, class_) if each.begins == begins]
        if any(_touch(each, begins, ends) for each in self._enrolments(student, class_) if each not in known):
            return
        self.enrolments = [each for each in self.enrolments if each not in known]
        self.enrolments.append(Enrolment(student, class_, begins, ends, early))
        until = ends and f"{ends}"
        self.history.enrolled(student, class_, *_place(class_), begins_on=f"{begins}", ends_on=until)

    def transfer(self, which: int, to_class: str, day: date) -> None:
        entry = self.enrolments[which]
        student, from_class, last_day = entry.student, entry.class_, day - timedelta(days=1)
        (from_school, district), (to_school, to_district) = _place(from_class), _place(to_class)
        there = any(_touch(each, day, None) for each in self._enrolments(student, to_class))
        if there or to_class == from_class or to_class not in self.classes or district != to_district:
            return
        if last_day < entry.begins or not _last(self.classes[from_class], entry) > last_day:
            return
        entry.ends, entry.early = last_day, True
        self.enrolments.append(Enrolment(student, to_class, day, None))
        self.history.transferred(
            student,
            from_class,
            to_class,
            f"{day}",
            from_school=from_school,
            to_school=to_school,
            district=district,
        )

    def withdraw(self, which: int, day: date) -> None:
        """Gone after this day; the day before the first says that the student never was there."""
        entry = self.enrolments[which]
        if entry.begins - timedelta(days=1) <= day < _last(self.classes[entry.class_], entry):
            entry.ends, entry.early = day, True
            if day < entry.begins:
                self.enrolments.remove(entry)
            self.history.withdrawn(entry.student, f"{day}", entry.class_, *_place(entry.class_))

    def sign(self, student: str, school: str) -> None:
        self.signed.add((student, DISTRICT_OF[school]))
        self.history.signed(student, DISTRICT_OF[school], school)

    def withdraw_pledge(self, student: str, district: str) -> None:
        self.signed.remove((student, district))
        self.history.pledge_withdrawn(student, district)

    def send(self, class_: str, period: str, students: set[str], day_of_month: int, late: bool) -> None:
        folder = self.sent.setdefault((class_, period), {})
        year, month = map(int, period.split("-"))
        sent_on = date(year, month, day_of_month) + timedelta(days=30 if late else 0)
        added = sorted(students - folder.keys())
        if added:
            folder |= dict.fromkeys(added, sent_on)
            school, district = _place(class_)
            self.history.sent(added, f"{sent_on}", period, class_, school=school, district=district)

    def give_back(self, class_: str, period: str, student: str) -> None:
        if student in self.sent.get((class_, period), {}) and (class_, period, student) not in self.back:
            self.back.add((class_, period, student))
            school, district = _place(class_)
            self.history.returned(student, period, class_, school=school, district=district)

    def void(self, class_: str, period: str, student: str) -> None:
        if (class_, period, student) in self.back:
            self.back.remove((class_, period, student))
            school, district = _place(class_)
            self.history.voided(student, period, class_, school=school, district=district)

    def open_survey(self, survey: str, district: str, school: str | None, mode: str) -> None:
        if survey not in self.surveys and (school is None or DISTRICT_OF[school] == district):
            self.surveys[survey] = Survey(district, school, mode)
            self.history.survey(survey, district, school, mode)

    def invite(self, survey: str, household: str, schools: set[str]) -> None:
        known = self.surveys.get(survey)
        if known is None or household in known.invited:
            return
        here = {school for school in schools if DISTRICT_OF[school] == known.district}
        if known.school is not None:
            here &= {known.school}
        if here:
            known.invited[household] = tuple(sorted(here))
            self.history.invited(1, dict.fromkeys(sorted(here), 1), survey, known.district)

    def answer(self, survey: str, household: str, answers: dict[str, int | None]) -> None:
        known = self.surveys.get(survey)
        if known is None or household not in known.invited or household in known.answered:
            return
        known.answered.add(household)
        schools = known.invited[household]
        if known.mode == "anonymous":
            schools = (known.school,) if known.school else ()
        if answers:  # a sheet that came back empty is no response
            known.responses.append((schools, answers))
        self.history.submitted(answers, schools, survey, known.district)

    def _enrolments(self, student: str, class_: str) -> list[Enrolment]:
        return [each for each in self.enrolments if (each.student, each.class_) == (student, class_)]


def _last(class_: Class, entry: Enrolment) -> date:
    return class_.ends if entry.ends is None else entry.ends


def _touch(entry: Enrolment, begins: date, ends: date | None) -> bool:
    """Whether these days and the enrolment's overlap, or follow each other without a day between."""
    a_day = timedelta(days=1)
    return begins <= (entry.ends or END_OF_YEAR) + a_day and entry.begins <= (ends or END_OF_YEAR) + a_day


def _place(class_: str) -> tuple[str, str]:
    return SCHOOL_OF[class_], DISTRICT_OF[SCHOOL_OF[class_]]


_class, _student, _school = (st.sampled_from(sorted(names)) for names in (SCHOOL_OF, STUDENTS, DISTRICT_OF))
_kind, _day, _month = (
    st.sampled_from(["homeroom", "scheduled"]),
    st.sampled_from(DAYS),
    st.sampled_from(MONTHS[:2]),
)
_answers = st.just({}) | st.fixed_dictionaries(
    {item: st.sampled_from([1, 2, 3, 4, 5, None]) for item, _, turned in ITEMS if turned},
    optional={item: st.sampled_from([1, 2, 3, 4, 5, None]) for item, _, turned in ITEMS if not turned},
)

#: What happens, the frequent things as often as they stand here.
_HAPPENINGS = (
    *["enrol"] * 6, *["send"] * 5, *["give_back"] * 5, *["sign"] * 3, *["invite", "answer"] * 4, *["transfer"] * 3,
    "withdraw", "withdraw", "withdraw_pledge", "void", "open_survey", "register", "close_class", "close_school",
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any world: some classes there from the start, then whatever happens, most of it to what is there."""
    world = World()
    for class_ in draw(st.sets(_class, min_size=1)):
        world.register(class_, draw(_kind), FIRST_DAY, LAST_DAY)
    for happening in draw(st.lists(st.sampled_from(_HAPPENINGS), min_size=20, max_size=90)):
        _happen(draw, world, happening)
    return world


def _happen(draw: st.DrawFn, world: World, happening: str) -> None:
    entries = range(len(world.enrolments))
    classes = [entry.class_ for entry in world.enrolments]
    match happening:
        case "enrol":
            begins = draw(st.just(FIRST_DAY) | _day)
            world.enrol(draw(_student), draw(_class), begins, draw(st.none() | _day | st.just(LAST_DAY)))
        case "transfer" if entries:
            which = draw(st.sampled_from(entries))
            day = world.enrolments[which].begins + timedelta(days=draw(st.integers(0, 90)))
            world.transfer(which, draw(_class), min(day, LAST_DAY))
        case "withdraw" if entries:
            which = draw(st.sampled_from(entries))
            never = world.enrolments[which].begins - timedelta(days=1)
            world.withdraw(which, draw(_day | st.just(never)))
        case "send":
            class_ = draw(st.sampled_from(classes) if classes else _class)
            students = draw(st.sets(_student, min_size=2))
            world.send(class_, draw(_month), students, draw(st.integers(1, 28)), draw(st.booleans()))
        case "give_back" if world.sent:
            class_, month = draw(st.sampled_from(sorted(world.sent)))
            for student in sorted(world.sent[class_, month]):
                if draw(st.booleans()):
                    world.give_back(class_, month, student)
        case "void" if world.back:
            world.void(*draw(st.sampled_from(sorted(world.back))))
        case "sign":
            world.sign(draw(_student), draw(_school))
        case "withdraw_pledge" if world.signed:
            student, district = draw(st.sampled_from(sorted(world.signed)))
            world.withdraw_pledge(student, district)
        case "register":
            begins, ends = sorted([draw(_day), draw(_day)])
            world.register(draw(_class), draw(_kind), begins, ends)
        case "close_class":
            world.close_class(draw(st.sampled_from(classes) if classes else _class), draw(_day))
        case "close_school":
            world.close_school(draw(_school), draw(_day))
        case "open_survey" if len(world.surveys) < 3:
            _open_survey(draw, world, draw(st.sampled_from(["confidential", "anonymous"])))
        case "invite":
            survey = draw(st.sampled_from(sorted(world.surveys) or [_open_survey(draw, world)]))
            for household in sorted(draw(st.sets(st.sampled_from(["h1", "h2", "h3", "h4"]), min_size=1))):
                world.invite(survey, household, draw(st.sets(_school, min_size=1)))
        case "answer" if world.surveys:
            survey = draw(st.sampled_from(sorted(world.surveys)))
            for household in sorted(world.surveys[survey].invited):
                if draw(st.booleans()):
                    world.answer(survey, household, draw(_answers))


def _open_survey(draw: st.DrawFn, world: World, mode: str = "confidential") -> str:
    survey = f"v{len(world.surveys) + 1}"
    school = draw(_school)
    world.open_survey(survey, DISTRICT_OF[school], draw(st.sampled_from([None, school])), mode)
    return survey

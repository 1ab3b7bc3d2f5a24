"""Effective-dated enrolment: in which classes a student is on a day, so that "where" has exactly one answer.

A student can be in several classes of one school, but in one school and one homeroom at a time. Where the source says
otherwise, the enrolment that begins later counts on the days that both claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A class as enrolments see it. `new` says that this import is the first to bring it."""

    class_: str
    school: str
    district: str
    school_year: str
    begins_on: date
    ends_on: date
    homeroom: bool
    new: bool = False

    def same_days(self, other: Place) -> bool:
        """Whether both are the same but for `new`."""
        return replace(self, new=other.new) == other


def place_of(row: Mapping[str, Any]) -> Place:
    """A class's row as enrolments see it."""
    return Place(
        class_=row["id"],
        school=row["school"],
        district=row["district"],
        school_year=row["school_year"],
        begins_on=row["begins_on"],
        ends_on=row["ends_on"],
        homeroom=row["kind"] == "homeroom",
        new=row["new"],
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What the source says: in this class, from and to these days where it names them."""

    sourced_id: str
    class_: str
    begins_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """In this class from the first to the last day, both included; without an end, to the end of the class.

    `stated` is the source's word that it follows from, None once the source no longer says it; `claimed` is its
    first day before others were given the word. A span that ends before it begins is no enrolment: it remembers a
    statement that others left nothing of.
    """

    place: Place
    begins_on: date
    ends_on: date | None = None
    stated: Statement | None = field(default=None, compare=False)
    claimed: date | None = field(default=None, compare=False)

    @property
    def last(self) -> date:
        return self.place.ends_on if self.ends_on is None else min(self.ends_on, self.place.ends_on)

    @property
    def is_real(self) -> bool:
        return self.begins_on <= self.last

    @property
    def claimed_on(self) -> date:
        return self.claimed or self.begins_on

    def covers(self, day: date) -> bool:
        return self.begins_on <= day <= self.last


def settled(
    known: Sequence[Span], stated: Iterable[Statement], places: Mapping[str, Place], today: date
) -> tuple[Span, ...]:
    """The spans of one student after an import, in the order of their days.

    What the source no longer states ended yesterday, unless it had ended before. A statement without a first day
    keeps the day already known; a new one begins with its class, or today where the class was known before.
    """
    spans = _merged(_span(each, places[each.class_], known, today) for each in _distinct(stated))
    for span in known:
        same_class = [other for other in spans if other.place.class_ == span.place.class_]
        if any(other.begins_on <= span.last and span.begins_on <= other.last for other in same_class):
            continue  # stated anew, perhaps with other days
        span = replace(span, stated=None, ends_on=today - _DAY if span.last >= today else span.ends_on)
        if span.is_real:
            spans.append(span)
    return without_conflicts(spans)


def where(spans: Iterable[Span], day: date) -> Span | None:
    """The one enrolment that answers for a day: the homeroom first, then the one that began last."""
    covering = [span for span in spans if span.covers(day)]
    return max(covering, key=lambda span: (span.place.homeroom, *_precedence(span)), default=None)


def without_conflicts(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Every span without the days on which a conflicting one that begins later has the word; it may be cut in two."""
    accepted: list[Span] = []
    for span in sorted(spans, key=_precedence, reverse=True):
        span = replace(span, claimed=span.claimed_on)
        pieces = [span]
        for other in accepted:
            if _conflict(span, other):
                pieces = [rest for piece in pieces for rest in _outside(piece, other)]
        accepted.extend(pieces or ([_nothing(span)] if span.stated else []))
    return tuple(sorted(accepted, key=lambda span: (span.begins_on, span.place.class_)))


def _distinct(stated: Iterable[Statement]) -> list[Statement]:
    """The statements, but of those of one class without a first day only the one that reaches furthest."""
    without: dict[str, Statement] = {}
    dated: list[Statement] = []
    for statement in stated:
        if statement.begins_on is not None:
            dated.append(statement)
        else:
            other = without.get(statement.class_, statement)
            without[statement.class_] = max(
                statement, other, key=lambda each: (each.ends_on or date.max, each.sourced_id)
            )
    return [*without.values(), *dated]


def _span(statement: Statement, place: Place, known: Sequence[Span], today: date) -> Span:
    last = _last(statement, place)
    begins_on = statement.begins_on or _known_first(statement, last, known, today)
    if begins_on is None:
        begins_on = place.begins_on if place.new or last < today else today
    ends_on = None if statement.ends_on is None else last
    span = Span(place, max(begins_on, place.begins_on), ends_on, statement)
    return span if span.is_real else _nothing(span)


def _known_first(statement: Statement, last: date, known: Sequence[Span], today: date) -> date | None:
    """The first day under which a statement without one is known.

    A source that numbers its enrolments anew, or states one twice, still means the same: a statement may also go on
    with a span of its class that was stated to reach as far as it does by now.
    """
    of_class = [
        (span, span.stated)
        for span in known
        if span.stated and span.place.class_ == statement.class_ and span.claimed_on <= last
    ]
    same = [span for span, stated in of_class if stated.sourced_id == statement.sourced_id]
    going_on = [span for span, stated in of_class if _last(stated, span.place) >= min(today, last)]
    return min((span.claimed_on for span in same or going_on), default=None)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping or adjacent spans of one class as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.place.class_, span.begins_on, span.last)):
        before = merged[-1] if merged else None
        if before and before.place.class_ == span.place.class_ and span.begins_on <= before.last + _DAY:
            if span.last >= before.last:
                open_end = before.ends_on is None or span.ends_on is None
                # The statement that reaches furthest is the one to remember.
                merged[-1] = replace(
                    before,
                    ends_on=None if open_end else span.ends_on,
                    stated=span.stated,
                    claimed=before.claimed_on,
                )
        else:
            merged.append(span)
    return merged


def _last(statement: Statement, place: Place) -> date:
    return min(statement.ends_on or place.ends_on, place.ends_on)


def _precedence(span: Span) -> tuple[date, bool, str]:
    return (span.claimed_on, span.place.homeroom, span.place.class_)


def _conflict(one: Span, other: Span) -> bool:
    if one.place.class_ == other.place.class_ or not (one.is_real and other.is_real):
        return False
    return one.place.school != other.place.school or (one.place.homeroom and other.place.homeroom)


def _outside(span: Span, other: Span) -> list[Span]:
    if other.last < span.begins_on or span.last < other.begins_on:
        return [span]
    pieces = []
    if span.begins_on < other.begins_on:
        pieces.append(replace(span, ends_on=other.begins_on - _DAY))
    if other.last < span.last:
        pieces.append(replace(span, begins_on=other.last + _DAY))
    return pieces


def _nothing(span: Span) -> Span:
    return replace(span, ends_on=span.begins_on - _DAY)

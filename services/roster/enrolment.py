"""Effective-dated enrolment: in which classes a student is on a day, so that "where" has exactly one answer.

A student can be in several classes of one school, but in one school and one homeroom at a time. Where the source says
otherwise, the enrolment that begins later counts on the days that both claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

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

    `stated` is the source's word that it follows from.
    """

    place: Place
    begins_on: date
    ends_on: date | None = None
    stated: Statement | None = field(default=None, compare=False)

    @property
    def last(self) -> date:
        return self.place.ends_on if self.ends_on is None else min(self.ends_on, self.place.ends_on)

    def covers(self, day: date) -> bool:
        return self.begins_on <= day <= self.last


def settled(
    known: Sequence[Span], stated: Iterable[Statement], places: Mapping[str, Place], today: date
) -> tuple[Span, ...]:
    """The spans of one student after an import, in the order of their days.

    What the source no longer states ended yesterday, unless it had ended before. A statement without a first day
    keeps the day already known; a new one begins with its class, or today where the class was known before.
    """
    spans = _merged(
        span
        for statement in stated
        if (span := _span(statement, places[statement.class_], known, today)).begins_on <= span.last
    )
    for span in known:
        same_class = [other for other in spans if other.place.class_ == span.place.class_]
        if any(other.begins_on <= span.last and span.begins_on <= other.last for other in same_class):
            continue  # stated anew, perhaps with other days
        if span.last >= today:
            span = replace(span, ends_on=today - _DAY)
        if span.begins_on <= span.last:
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
        pieces = [span]
        for other in accepted:
            if _conflict(span, other):
                pieces = [rest for piece in pieces for rest in _outside(piece, other)]
        accepted.extend(pieces)
    return tuple(sorted(accepted, key=lambda span: (span.begins_on, span.place.class_)))


def _span(statement: Statement, place: Place, known: Sequence[Span], today: date) -> Span:
    last = min(statement.ends_on or place.ends_on, place.ends_on)
    begins_on = statement.begins_on
    if begins_on is None:
        begins_on = max(
            (
                span.begins_on
                for span in known
                if span.place.class_ == place.class_
                and (span.ends_on is None or span.last >= min(today, last))
            ),
            default=place.begins_on if place.new or last < today else today,
        )
    ends_on = None if statement.ends_on is None else last
    return Span(place, max(begins_on, place.begins_on), ends_on, statement)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping or adjacent spans of one class as one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.place.class_, span.begins_on)):
        before = merged[-1] if merged else None
        if before and before.place.class_ == span.place.class_ and span.begins_on <= before.last + _DAY:
            if span.last >= before.last:
                open_end = before.ends_on is None or span.ends_on is None
                merged[-1] = replace(before, ends_on=None if open_end else span.ends_on)
        else:
            merged.append(span)
    return merged


def _precedence(span: Span) -> tuple[date, bool, str]:
    return (span.begins_on, span.place.homeroom, span.place.class_)


def _conflict(one: Span, other: Span) -> bool:
    if one.place.class_ == other.place.class_:
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

"""Close a survey: the last anonymous responses and the closing itself enter the log together."""

from __future__ import annotations

from datetime import date
from random import Random

from alliance.context import Context
from alliance.contracts import current
from alliance.decider import ATTEMPTS, Commands, encode
from alliance.errors import AllianceError, WrongVersion
from alliance.log import Append, Appended, NewEvent

from . import ledger, waiting
from .anonymous import AnonymousResponses
from .survey import CloseSurvey, Survey, SurveyCommand, SurveyEvent, decide, must_exist, stream


class Closing:
    """Safe to share between threads. A closing that fails half-way is finished by closing again."""

    def __init__(
        self,
        surveys: Commands[Survey, SurveyCommand, SurveyEvent],
        anonymous: AnonymousResponses,
        random: Random,
    ) -> None:
        self._surveys = surveys
        self._log = surveys.log
        self._anonymous = anonymous
        self._random = random

    def close(self, survey: str, context: Context, today: date) -> Appended:
        fingerprint = f"close {survey}"
        first = self._log.first_result(context, fingerprint)
        if first is not None:
            return first
        self._shut(survey)
        for _ in range(ATTEMPTS):
            outcome = self._append(survey, context, today, fingerprint)
            if not isinstance(outcome, WrongVersion):
                break
        if isinstance(outcome, AllianceError):
            raise outcome
        return outcome

    def _shut(self, survey: str) -> None:
        """From here on nothing comes in, so what is read as waiting after it is all that there will be."""
        with self._log.database.transaction() as connection:
            ledger.shut_gate(connection, survey)
            waiting.add(connection, survey, [], self._random, last=True)

    def _append(
        self, survey: str, context: Context, today: date, fingerprint: str
    ) -> Appended | AllianceError:
        state, version = self._surveys.state(stream(survey))
        opened = must_exist(state)
        closing = Append(
            stream=stream(survey),
            expected=version,
            events=tuple(
                NewEvent(type(event).__name__, encode(event), current(type(event).__name__))
                for event in decide(state, CloseSurvey(today))
            ),
            district=opened.district,
            context=context,
            fingerprint=fingerprint,
            result={"survey": survey},
        )
        return self._log.append_all([*self._anonymous.due(opened, today), closing])[-1]

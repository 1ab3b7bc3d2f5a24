"""Issue invitations: one token for each household of the survey's unit, with which it answers once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from random import Random
from typing import Any

from alliance.context import Context
from alliance.contracts import current
from alliance.decider import ATTEMPTS, Commands, encode
from alliance.errors import WrongVersion
from alliance.log import Append, Appended, NewEvent
from alliance.rosterview import RosterView

from . import ledger, tokens
from .survey import (
    IssueInvitations,
    Survey,
    SurveyCommand,
    SurveyEvent,
    SurveyOpened,
    decide,
    must_be_open,
    stream,
)

#: What a call shows, and shows only once: household, the schools of its children, token.
Issued = list[dict[str, Any]]


class Invitations:
    """`random` must be fit for secrets (random.SystemRandom). Safe to share between threads."""

    def __init__(
        self,
        surveys: Commands[Survey, SurveyCommand, SurveyEvent],
        roster: RosterView,
        secret: bytes,
        random: Random,
    ) -> None:
        self._surveys = surveys
        self._log = surveys.log
        self._roster = roster
        self._secret = secret
        self._random = random

    def issue(self, survey: str, context: Context, today: date, *, replace: bool) -> tuple[Appended, Issued]:
        """Invite the households that are new since the last time; the first time that is all of them.

        With `replace`, those who have not answered get a new token as well and their earlier ones die: for a
        list of tokens that was lost on its way. An anonymous survey refuses it once anybody has answered.
        """
        fingerprint = f"invite {survey} {'replace' if replace else 'new'}"
        first = self._log.first_result(context, fingerprint)
        if first is not None:
            return first, []
        self._roster.follow()
        for attempt in range(ATTEMPTS):
            try:
                return self._issue(survey, context, today, replace, fingerprint)
            except WrongVersion:
                # Somebody else invited at the same moment: who is new has to be found again.
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _issue(
        self, survey: str, context: Context, today: date, replace: bool, fingerprint: str
    ) -> tuple[Appended, Issued]:
        state, version = self._surveys.state(stream(survey))
        opened = must_be_open(state)
        # Before the first day and after the last the nearest of the two: in July nobody is enrolled anywhere.
        day = max(opened.opens_on, min(today, opened.closes_on))
        living = self._roster.households(opened.district, day, opened.school)
        with self._log.database.reading() as connection:
            invited = ledger.invited(connection, survey)
            unanswered = ledger.unanswered(connection, survey) if replace else {}
        new = {household: schools for household, schools in living.items() if household not in invited}
        receiving: dict[str, Sequence[str]] = dict(new)
        if replace and opened.mode == "anonymous":
            receiving |= {household: living.get(household, ()) for household in invited}
        receiving |= unanswered
        issued = [
            {"household": household, "schools": list(receiving[household]), "token": self._token(survey)}
            for household in sorted(receiving)
        ]
        appended = self._log.append(
            Append(
                stream=stream(survey),
                expected=version,
                events=tuple(
                    NewEvent(type(event).__name__, encode(event), current(type(event).__name__))
                    for event in decide(state, IssueInvitations(new, today))
                ),
                district=opened.district,
                context=context,
                beside=partial(self._write, opened=opened, new=new, issued=issued, replace=replace)
                if issued
                else None,
                fingerprint=fingerprint,
                result={"survey": survey, "issued": len(issued)},
            )
        )
        # Of two calls with one Idempotency-Key at once, the tokens of the second are in no ledger.
        return appended, [] if appended.repeated else issued

    def _write(
        self, connection: Any, *, opened: SurveyOpened, new: Mapping[str, Any], issued: Issued, replace: bool
    ) -> None:
        ledger.enter(connection, opened.survey)
        digests = [tokens.digest(self._secret, opened.survey, each["token"]) for each in issued]
        if opened.mode == "anonymous":
            ledger.invite_anonymously(connection, opened.survey, new, digests, replace=replace)
        else:
            invitations = {
                digest: ledger.Invitation(each["household"], tuple(each["schools"]))
                for digest, each in zip(digests, issued, strict=True)
            }
            ledger.invite_by_name(connection, opened.survey, new, invitations, replace=replace)

    def _token(self, survey: str) -> str:
        return tokens.make(self._secret, survey, self._random.randbytes(tokens.RANDOM_BYTES))

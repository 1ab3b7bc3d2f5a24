"""Responses of confidential surveys: a token leads to its household, and a household answers once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from alliance.context import Context
from alliance.contracts import current
from alliance.envelope import Event
from alliance.errors import AllianceError, Refused, WrongVersion
from alliance.log import Append, Log, NewEvent, Outcome

from . import ledger, response, tokens
from .instrument import Instrument
from .ledger import Invitation
from .survey import Survey, must_exist, must_take


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A body whose token belongs to a household."""

    body: Mapping[str, Any]
    digest: str
    invitation: Invitation
    stream: str


class ConfidentialResponses:
    """Safe to share between threads."""

    def __init__(self, log: Log, secret: bytes) -> None:
        self._log = log
        self._secret = secret

    def submit(
        self,
        survey: Survey,
        instrument: Instrument,
        bodies: Sequence[tuple[Mapping[str, Any], Context]],
        today: date,
    ) -> list[dict[str, Any] | AllianceError]:
        """A result for each body, in their order; a household that has answered so before gets
        its first one again, and one that has answered otherwise is refused."""
        results: list[dict[str, Any] | AllianceError | None] = []
        appends: dict[int, Append] = {}
        sheets = self._sheets(must_exist(survey).survey, [body for body, _ in bodies])
        before = self._log.read_streams(sheet.stream for sheet in sheets if isinstance(sheet, _Sheet))
        for index, (sheet, (_, context)) in enumerate(zip(sheets, bodies, strict=True)):
            if isinstance(sheet, AllianceError):
                results.append(sheet)
            else:
                try:
                    if sheet.stream in before:
                        results.append(_again(before[sheet.stream][0], instrument, sheet))
                        continue
                    appends[index] = self._append(survey, instrument, sheet, context, today)
                    results.append(None)
                except AllianceError as error:
                    results.append(error)
        outcomes = dict(zip(appends, self._take(list(appends.values())), strict=True))
        return [
            self._result(appends[index], outcomes[index]) if result is None else result
            for index, result in enumerate(results)
        ]

    def _sheets(self, survey: str, bodies: Sequence[Mapping[str, Any]]) -> list[_Sheet | AllianceError]:
        digests = [self._digest(survey, body["token"]) for body in bodies]
        with self._log.database.reading() as connection:
            known = ledger.invitations(
                connection, survey, [each for each in digests if isinstance(each, str)]
            )
        return [
            digest
            if isinstance(digest, AllianceError)
            else _Sheet(body, digest, known[digest], self._stream(survey, known[digest].household))
            if digest in known
            else _replaced()
            for body, digest in zip(bodies, digests, strict=True)
        ]

    def _append(
        self, survey: Survey, instrument: Instrument, sheet: _Sheet, context: Context, today: date
    ) -> Append:
        opened = must_take(survey, sheet.body["mode"], today)
        answers = response.read(instrument, sheet.body["language"], sheet.body["mode"], sheet.body["answers"])
        data = {
            "survey": opened.survey,
            "instrument": opened.instrument,
            "version": opened.version,
            "district": opened.district,
            "schools": list(sheet.invitation.schools),
            "household": sheet.invitation.household,
            "language": answers.language,
            "mode": answers.mode,
            "answers": dict(answers.answers),
            "complete": answers.complete,
            "submitted_on": today.isoformat(),
        }

        return Append(
            stream=sheet.stream,
            expected=0,
            events=(NewEvent("SurveySubmitted", data, current("SurveySubmitted")),),
            district=opened.district,
            context=context,
            beside=partial(ledger.answered, survey=opened.survey, digest=sheet.digest),
            fingerprint=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest(),
            result={"complete": answers.complete},
        )

    def _take(self, appends: list[Append]) -> list[Outcome]:
        if len(appends) != 1:
            return self._log.append_all(appends) if appends else []
        try:
            # One alone shares its transaction with the commands that others send at this moment.
            return [self._log.append(appends[0])]
        except AllianceError as error:
            return [error]

    def _result(self, append: Append, outcome: Outcome) -> dict[str, Any] | AllianceError:
        if isinstance(outcome, WrongVersion):
            # The household has answered meanwhile, or on an earlier line.
            try:
                return _first(self._log.read_stream(append.stream)[0], append.events[0].data["answers"])
            except AllianceError as error:
                return error
        if isinstance(outcome, AllianceError):
            return outcome
        return {"position": outcome.position, "created": not outcome.repeated, **outcome.result}

    def _stream(self, survey: str, household: str) -> str:
        # The same for each repeat, so the log itself takes one response a household; random to all others.
        key = hmac.digest(self._secret, f"response\n{survey}\n{household}".encode(), "sha256")
        return f"response-{key.hex()[:32]}"

    def _digest(self, survey: str, token: str) -> str | AllianceError:
        try:
            return tokens.digest(self._secret, survey, token)
        except AllianceError as error:
            return error


def _again(event: Event, instrument: Instrument, sheet: _Sheet) -> dict[str, Any]:
    answers = response.read(instrument, sheet.body["language"], sheet.body["mode"], sheet.body["answers"])
    return _first(event, dict(answers.answers))


def _first(event: Event, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The first result for a repeat of the same answers; Refused for others: the token is spent."""
    if event.data["answers"] != answers:
        raise Refused(
            "This invitation has already been used, with other answers; the first ones stand.",
            errors=[{"field": "token", "message": "has already been used"}],
        )
    return {"position": event.position, "created": False, "complete": event.data["complete"]}


def _replaced() -> Refused:
    return Refused(
        "This invitation is no longer valid; a newer one was issued to the household, use that.",
        errors=[{"field": "token", "message": "was replaced"}],
    )

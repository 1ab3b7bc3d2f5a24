"""Responses of anonymous surveys: a token is deleted, a response waits, and nothing is kept that joins them.

An Idempotency-Key is not remembered here: beside the token it would say who sent it, beside the response
what was said. A repeat finds its token spent; it hears so, and that the answers have arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from random import Random
from typing import Any
from uuid import UUID

from alliance.context import Caller, Context
from alliance.contracts import current
from alliance.errors import AllianceError, Refused, Unavailable
from alliance.log import Append, Log, NewEvent

from . import ledger, response, tokens, waiting
from .instrument import Instrument
from .response import Response
from .survey import Survey, SurveyOpened, must_exist, must_take

Result = dict[str, Any] | AllianceError

#: A token's digest with the answers, or why they cannot be taken.
_Sheet = tuple[str, Response] | AllianceError


class AnonymousResponses:
    """`random` must be fit for secrets (random.SystemRandom). Safe to share between threads."""

    def __init__(self, log: Log, secret: bytes, random: Random) -> None:
        self._log = log
        self._secret = secret
        self._random = random

    def submit(
        self, survey: Survey, instrument: Instrument, bodies: Sequence[Mapping[str, Any]], today: date
    ) -> list[Result]:
        """Spend the tokens of the sound responses in one transaction; a result for each body, in their order.

        The position is the log's own before them: they are not in it until ten have come together.
        """
        opened = must_exist(survey)
        sheets = [self._read(survey, instrument, body, today) for body in bodies]
        if all(isinstance(sheet, AllianceError) for sheet in sheets):
            return [sheet for sheet in sheets if isinstance(sheet, AllianceError)]
        position, _ = self._log.head()
        try:
            results = self._spend(opened, sheets, position)
        except Refused as closing:
            return [sheet if isinstance(sheet, AllianceError) else closing for sheet in sheets]
        # The answers are safe now. If the database is away, the next response or the closing goes on here.
        with suppress(Unavailable):
            self._release(opened, today)
        return results

    def _spend(self, opened: SurveyOpened, sheets: Sequence[_Sheet], position: int) -> list[Result]:
        results: list[Result] = []
        taken: list[waiting.Waiting] = []
        with self._log.database.transaction() as connection:
            ledger.enter(connection, opened.survey)
            digests = [sheet[0] for sheet in sheets if not isinstance(sheet, AllianceError)]
            spent = ledger.spend(connection, opened.survey, digests)
            for sheet in sheets:
                if isinstance(sheet, AllianceError):
                    results.append(sheet)
                    continue
                digest, answers = sheet
                if digest not in spent:
                    results.append(_spent())
                    continue
                # On a second line the same token is a spent one.
                spent.remove(digest)
                taken.append(waiting.Waiting(waiting.random_id(self._random), _to_json(answers)))
                results.append({"position": position, "created": True, "complete": answers.complete})
            if taken:
                waiting.add(connection, opened.survey, taken, self._random)
        return results

    def due(self, opened: SurveyOpened, today: date) -> list[Append]:
        """What takes the batches of a survey to the log; appended twice, the second time is refused whole.

        A stream is named by the response's random id, so of two processes at once only one appends a batch.
        """
        with self._log.database.reading() as connection:
            batches = waiting.batches(connection, opened.survey)
        return [
            append for batch, rows in batches.items() for append in self._appends(opened, batch, rows, today)
        ]

    def _release(self, opened: SurveyOpened, today: date) -> None:
        if appends := self.due(opened, today):
            self._log.append_all(appends)

    def _appends(
        self, opened: SurveyOpened, batch: str, rows: list[waiting.Waiting], today: date
    ) -> list[Append]:
        # What came in on the last day can enter the log when the survey is closed, days later.
        day = max(opened.opens_on, min(today, opened.closes_on))
        midnight = datetime.combine(day, time(), UTC)
        correlation = waiting.random_id(self._random)
        self._random.shuffle(rows)
        return [
            Append(
                stream=f"response-{row.id}",
                expected=0,
                events=(NewEvent("SurveySubmitted", _event(opened, row, day), current("SurveySubmitted")),),
                district=opened.district,
                # Nothing of the request that happened to complete the batch: its ids are in others' logs.
                context=Context(
                    Caller("system"), UUID(waiting.random_id(self._random)), False, midnight, correlation
                ),
                beside=(lambda connection: waiting.leave(connection, batch)) if index == 0 else None,
                time=midnight,
            )
            for index, row in enumerate(rows)
        ]

    def _read(self, survey: Survey, instrument: Instrument, body: Mapping[str, Any], today: date) -> _Sheet:
        """The token's digest and the answers; nothing is spent on a response that cannot be taken."""
        try:
            digest = tokens.digest(self._secret, must_exist(survey).survey, body["token"])
            must_take(survey, body["mode"], today)
            return digest, response.read(instrument, body["language"], body["mode"], body["answers"])
        except AllianceError as error:
            return error


def _event(opened: SurveyOpened, row: waiting.Waiting, day: date) -> dict[str, Any]:
    return {
        "survey": opened.survey,
        "instrument": opened.instrument,
        "version": opened.version,
        "district": opened.district,
        "schools": [opened.school] if opened.school else [],
        "household": None,
        **json.loads(row.response),
        "submitted_on": day.isoformat(),
    }


def _to_json(response: Response) -> str:
    return json.dumps(
        {
            "language": response.language,
            "mode": response.mode,
            "answers": dict(response.answers),
            "complete": response.complete,
        }
    )


def _spent() -> Refused:
    return Refused(
        "This invitation has already been used. If you have just sent your answers, they have arrived "
        "and nothing more is needed.",
        errors=[{"field": "token", "message": "has already been used"}],
    )

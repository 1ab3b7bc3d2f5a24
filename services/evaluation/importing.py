"""Published results come in: read, matched to districts, and recorded; what is not certain goes to a person."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from alliance.context import Context
from alliance.decider import Command, Commands
from alliance.errors import AllianceError, Invalid
from alliance.log import Log
from alliance.projection import EVERYWHERE

from . import outcome_set
from .outcome_set import GRADUATION, ImportOutcome, Result
from .outcomes import edfacts, maap, mapped
from .outcomes.matching import Matched, match
from .outcomes.outcome import Outcome, Problem, Read

#: (district, school year, subject, grade)
SetKey = tuple[str, str, str, str | None]

#: Problems that are listed; how many more there are is said.
LISTED = 1000
#: Commands that go into one append.
BATCH = 200

_WORKBOOK = b"PK\x03\x04"


@dataclass(frozen=True)
class Upload:
    """A file of results, with what says how to read it and what a person has decided about its names."""

    name: str
    content: bytes
    mapping: bytes | None = None
    decided: Mapping[str, str | None] | None = None

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Importing:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._commands = Commands(log, outcome_set.DECIDER)

    def run(
        self, upload: Upload, districts: Mapping[str, str], context: Context, *, dry_run: bool
    ) -> dict[str, Any]:
        """Record what could be read and matched. `districts` {id: registered name}.

        A name that is not certain is listed under `review` with the districts it may be, and its results are left out
        until a decision comes with the file. Raises Invalid where nothing could be read.
        """
        found = read(upload)
        if not found.outcomes:
            raise Invalid(
                f"Nothing could be read from {upload.name}: "
                + "; ".join(f"{problem.place}: {problem.text}" for problem in found.problems[:5]),
                errors=[
                    {"field": problem.place, "message": problem.text} for problem in found.problems[:LISTED]
                ],
            )
        matched = match(
            {each.district for each in found.outcomes if each.district}, districts, upload.decided
        )
        sets, left_out, clashes = _sets(found.outcomes, matched, upload)
        problems = [*found.problems, *clashes]
        changed, position = (0, None) if dry_run else self._record(sets, context)
        listed = [{"place": each.place, "text": each.text} for each in problems[:LISTED]]
        return {
            "created": changed > 0,
            "position": {"source": self._log.source, "sequence": position or self._log.head()[0]},
            "dry_run": dry_run,
            "sets": len(sets),
            "changed": changed,
            "figures": sum(len(each.results) for each in sets),
            "districts": len({each.district for each in sets} - {EVERYWHERE}),
            "left_out": left_out,
            "problems": listed,
            "more_problems": len(problems) - len(listed),
            "review": [
                {
                    "name": each.name,
                    "candidates": [{"id": id_, "name": districts[id_]} for id_ in each.candidates],
                    "reason": each.reason,
                }
                for each in matched.review
            ],
            "set_aside": list(matched.set_aside),
        }

    def _record(self, sets: Sequence[ImportOutcome], context: Context) -> tuple[int, int]:
        """(sets that were new, the position after them)"""
        changed = position = 0
        for start in range(0, len(sets), BATCH):
            commands = [
                Command(
                    stream=outcome_set.stream(each.district, each.school_year, each.subject, each.grade),
                    command=each,
                    district=each.district,
                    context=context.item(start + index),
                    body={"digest": each.digest},
                )
                for index, each in enumerate(sets[start : start + BATCH])
            ]
            for outcome in self._commands.run_all(commands):
                if isinstance(outcome, AllianceError):
                    raise outcome
                changed += bool(outcome.events) and not outcome.repeated
                position = max(position, outcome.position)
        return changed, position


def unpack(path: Path, name: str) -> Upload:
    """The file at `path`, or what a zip of it holds: the results, and beside them mapping.json and decisions.json.

    Raises Invalid where a zip holds no file of results, or more than one.
    """
    content = path.read_bytes()
    if not content.startswith(_WORKBOOK):
        return Upload(name, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [member for member in archive.namelist() if not member.endswith("/")]
        if "xl/workbook.xml" in members:
            return Upload(name, content)
        results = [member for member in members if member.lower().endswith((".csv", ".xlsx"))]
        if len(results) != 1:
            raise Invalid(
                f"{name} holds {len(results)} files of results; put one .csv or .xlsx into it, with mapping.json and "
                "decisions.json beside it where they are needed."
            )
        mapping = archive.read("mapping.json") if "mapping.json" in members else None
        decided = _decisions(archive.read("decisions.json")) if "decisions.json" in members else None
        return Upload(Path(results[0]).name, archive.read(results[0]), mapping, decided)


def read(upload: Upload) -> Read:
    """What the file says: the state's workbook, a file with a mapping, or federal graduation rates."""
    if upload.content.startswith(_WORKBOOK):
        return maap.read(upload.content)
    if upload.mapping is not None:
        return mapped.read(upload.name, upload.content, upload.mapping)
    return edfacts.read(upload.name, upload.content)


def _decisions(text: bytes) -> dict[str, str | None]:
    try:
        return msgspec.json.decode(text, type=dict[str, str | None])
    except msgspec.DecodeError as error:
        raise Invalid(
            f"decisions.json does not say for each name as published a district's id, or null for none: {error}"
        ) from error


def _sets(
    outcomes: Sequence[Outcome], matched: Matched, upload: Upload
) -> tuple[list[ImportOutcome], int, list[Problem]]:
    """The outcomes by district, year, subject and grade; how many belong to no district that is certain; and names that
    say a second time what another name of the same district has said: the first is recorded."""
    results: dict[SetKey, list[Result]] = defaultdict(list)
    names: dict[SetKey, str | None] = {}
    clashes: dict[tuple[SetKey, str], Problem] = {}
    left_out = 0
    for each in outcomes:
        district = EVERYWHERE if each.district is None else matched.found.get(each.district)
        if district is None:
            left_out += 1
            continue
        key = (district, each.school_year, each.subject or GRADUATION, each.grade or None)
        if (first := names.setdefault(key, each.district)) != each.district:
            left_out += 1
            of = " ".join(filter(None, (each.subject or GRADUATION, each.grade)))
            text = (
                f"{each.district!r} and {first!r} are one district, and both have figures for {of}; "
                f"those of {first!r} were taken."
            )
            clashes[key, str(each.district)] = Problem(upload.name, text)
            continue
        results[key].append(
            Result(
                each.school,
                each.ncessch,
                each.measure,
                each.group,
                each.n,
                each.low,
                each.high,
                each.mean_score,
            )
        )
    sets = [
        ImportOutcome(*key, upload.name, upload.digest, tuple(of))
        for key, of in sorted(results.items(), key=repr)
    ]
    return sets, left_out, list(clashes.values())

"""A version of an instrument: its scales, its items, and the hash that fixes its wording for good."""

from __future__ import annotations

from dataclasses import dataclass

from alliance.decider import Decider
from alliance.errors import Refused

#: Answers go from 1 to this, from strong disagreement to strong agreement.
POINTS = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One statement; agreeing with a `reversed` one speaks against the scale, so it is scored 6 - x."""

    item: str
    scale: str
    reversed: bool


@dataclass(frozen=True, slots=True)
class Instrument:
    """What answers are checked against. `hash` is the SHA-256 of the whole document, texts included."""

    instrument: str
    version: int
    languages: tuple[str, ...]
    scales: tuple[str, ...]
    items: tuple[Item, ...]
    points: int
    hash: str

    @property
    def name(self) -> str:
        return f"{self.instrument} version {self.version}"

    @property
    def stream(self) -> str:
        return stream(self.instrument, self.version)


@dataclass(frozen=True, slots=True)
class PublishInstrument:
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class InstrumentPublished(Instrument):
    """The same facts as an event; the texts stay in the service's own table."""


@dataclass(frozen=True, slots=True)
class Publication:
    """`instrument` is None until this version has been published."""

    instrument: Instrument | None = None


def decide(publication: Publication, command: PublishInstrument) -> list[InstrumentPublished]:
    """Publishing the same content again records nothing; other content under the same version is Refused."""
    new, known = command.instrument, publication.instrument
    if known is None:
        return [
            InstrumentPublished(
                new.instrument, new.version, new.languages, new.scales, new.items, new.points, new.hash
            )
        ]
    if known.hash != new.hash:
        raise Refused(
            f"{new.name} is published with other content, and answers were given to that; "
            "give the changed instrument a new version.",
            errors=[{"field": "version", "message": f"{new.version} is taken; use the next free number"}],
        )
    return []


def evolve(_: Publication, event: InstrumentPublished) -> Publication:
    return Publication(event)


def stream(instrument: str, version: int) -> str:
    return f"instrument-{instrument}-{version}"


DECIDER: Decider[Publication, PublishInstrument, InstrumentPublished] = Decider(
    initial=Publication(), decide=decide, evolve=evolve, events=(InstrumentPublished,)
)

"""A survey as it comes into the analysis, whoever ran it: its items, its answers, and how many were asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..methods.inputs import Array, BadInput, Booleans

#: What is not said: a response's code in `Coded`.
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Item:
    """One statement of a scale. A `reversed` one is turned round before anything is computed."""

    name: str
    scale: str
    reversed: bool = False
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that a family did or did not do. Activities are counted one by one and never summed."""

    name: str
    wording: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A category per response: `codes` are places in `names`, -1 where it is not said."""

    names: tuple[str, ...]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Iterable[str | None]) -> Self:
        """Names in alphabetical order; None and "" are not said."""
        given = [value or "" for value in values]
        names = tuple(sorted(set(given) - {""}))
        places = {name: place for place, name in enumerate(names)} | {"": UNKNOWN}
        return cls(names, np.array([places[value] for value in given], dtype=np.int64))

    def counts(self) -> dict[str, int]:
        """{name: responses}, those that do not say left out."""
        found = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return {name: int(n) for name, n in zip(self.names, found, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class SurveyData:
    """`answers` are responses x items as given, NaN for none, on their scale's `points` (least, greatest).

    `complete` says which responses have every item marked. `strata` are districts, or what `stratum` says; None where
    the survey has no such thing, as with `modes` and `languages`. `done` is responses x activities: 1, 0, NaN.
    `weights` are a file's own. `margins` are the shares to rake to, {variable: {category: share}}, and `variables` has
    the category of each response. `left_out` counts rows of the source that are no response, by reason.
    Errors: BadInput for parts that do not go together, and for an answer off its scale.
    """

    title: str
    source: str
    items: tuple[Item, ...]
    points: Mapping[str, tuple[float, float]]
    answers: Array
    complete: Booleans
    strata: Coded | None = None
    stratum: str = "district"
    modes: Coded | None = None
    languages: Coded | None = None
    activities: tuple[Activity, ...] = ()
    done: Array | None = None
    weights: Array | None = None
    margins: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    variables: Mapping[str, Coded] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = self.responses
        self._shape("answers", self.answers, (n, len(self.items)))
        self._shape("complete", self.complete, (n,))
        if self.activities:
            self._shape("done", self.done, (n, len(self.activities)))
        if self.weights is not None:
            self._shape("weights", self.weights, (n,))
            if not (np.isfinite(self.weights) & (self.weights > 0)).all():
                raise BadInput(f"{self.title}: a weight is no number above 0")
        groups = {"strata": self.strata, "modes": self.modes, "languages": self.languages, **self.variables}
        for name, coded in groups.items():
            if coded is not None:
                self._shape(name, coded.codes, (n,))
        if missing := sorted(set(self.margins) - set(self.variables)):
            raise BadInput(
                f"{self.title}: nothing says the {missing[0]} of each response, which margins name"
            )
        for place, item in enumerate(self.items):
            if item.scale not in self.points:
                raise BadInput(f"{self.title}: the scale {item.scale} has no points")
            least, greatest = self.points[item.scale]
            off = np.flatnonzero((self.answers[:, place] < least) | (self.answers[:, place] > greatest))
            if off.size:
                answer = self.answers[off[0], place]
                raise BadInput(f"{self.title}: {item.name} = {answer:g} is not on {least:g} to {greatest:g}")

    @property
    def responses(self) -> int:
        return len(self.answers)

    @property
    def scales(self) -> tuple[str, ...]:
        """In the order in which the items name them."""
        return tuple(dict.fromkeys(item.scale for item in self.items))

    def columns(self, scale: str) -> list[int]:
        return [place for place, item in enumerate(self.items) if item.scale == scale]

    def turned(self, scale: str) -> Array:
        """The answers to the scale's items, the reversed ones turned round: responses x items of the scale."""
        columns = self.columns(scale)
        found: Array = self.answers[:, columns]
        least, greatest = self.points[scale]
        for place, column in enumerate(columns):
            if self.items[column].reversed:
                found[:, place] = least + greatest - found[:, place]
        return found

    def scores(self, scale: str) -> Array:
        """Each response's mean of the items answered; NaN where fewer than half of them were."""
        answers = self.turned(scale)
        there = ~np.isnan(answers)
        answered = there.sum(axis=1)
        found: Array = np.full(len(answers), np.nan)
        enough = (answered > 0) & (2 * answered >= answers.shape[1])
        sums = np.where(there, answers, 0.0).sum(axis=1)
        found[enough] = sums[enough] / answered[enough]
        return found

    def _shape(self, name: str, given: Any, wanted: tuple[int, ...]) -> None:
        if given is None or given.shape != wanted:
            shape = None if given is None else given.shape
            raise BadInput(f"{self.title}: {name} has the shape {shape}, not {wanted}")


@dataclass(frozen=True, slots=True)
class Asked:
    """`invited` households per stratum, None where it is not known how many were asked. A household that sent nothing
    back may not have been one that could answer: `e` is the share of these that could, 0 to 1. `districts` is how many
    were to take part in the survey, where that is known. Errors: BadInput."""

    invited: Mapping[str, int] | None = None
    e: float = 1.0
    districts: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.e <= 1:
            raise BadInput(f"e = {self.e!r} is no share")
        for stratum, count in (self.invited or {}).items():
            if count < 0:
                raise BadInput(f"invited[{stratum!r}] = {count} is negative")
        if self.districts is not None and self.districts < self.took_part:
            raise BadInput(f"districts = {self.districts}, but {self.took_part} have invited households")

    @property
    def took_part(self) -> int:
        return sum(count > 0 for count in (self.invited or {}).values())

"""The mapping file of `survey_file`: which column of a CSV file is what. JSON:

    title       what the survey is called
    scales      scale -> {"points": [least, greatest],
                          "items": {column: {"wording": text, "reversed": true or false}}}
    no_answer   code -> what it means, such as {"-1": "valid skip", "-9": "not stated"}; an empty cell is no answer
    activities  column -> {"wording": text, "yes": code, "no": code}; without "no", every other answer is a no
    mode, language, district, weight
                the column of each, where there is one; "district" may be any stratum
    margins     column -> {category: share}, to weight by; shares are made to add up to 1

`title`, and `scales` or `activities`, are needed. "wording" and "reversed" may be left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alliance.errors import FieldError, Invalid

from .survey_data import Activity, Item

_COLUMNS = ("mode", "language", "district", "weight")
_PARTS = ("title", "scales", "no_answer", "activities", *_COLUMNS, "margins")


@dataclass(frozen=True, slots=True)
class Inventory:
    """An activity's column and codes; `no` is None where every other answer is a no."""

    activity: Activity
    yes: str
    no: str | None


@dataclass(frozen=True, slots=True)
class SurveyMapping:
    """As in the mapping file; an item's name is its column. `columns` is {"mode": column, …}, what there is."""

    title: str
    items: tuple[Item, ...]
    points: Mapping[str, tuple[float, float]]
    no_answer: Mapping[str, str]
    activities: tuple[Inventory, ...]
    columns: Mapping[str, str]
    margins: Mapping[str, Mapping[str, float]]

    def used(self) -> tuple[str, ...]:
        """The columns that a file must have, once each."""
        items = (item.name for item in self.items)
        inventory = (each.activity.name for each in self.activities)
        return tuple(dict.fromkeys([*items, *inventory, *self.columns.values(), *self.margins]))


def read_mapping(mapping: bytes) -> SurveyMapping:
    """Raises Invalid with all that is wrong with it, by part."""
    try:
        given = json.loads(mapping)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"mapping: it is no JSON ({error}); mend it there.") from None
    if not isinstance(given, dict):
        raise Invalid('mapping: it is no JSON object such as {"title": "Parents 2019", "scales": {}}.')
    reading = _Reading(given)
    found = reading.mapping()
    if reading.wrong:
        first = reading.wrong[0]
        more = f" ({len(reading.wrong) - 1} more)" if len(reading.wrong) > 1 else ""
        raise Invalid(f"{first['field']}: {first['message']}{more}", errors=reading.wrong)
    return found


class _Reading:
    """Parts that are wrong are noted in `wrong`, and something of their kind stands for them."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self.wrong: list[FieldError] = []

    def mapping(self) -> SurveyMapping:
        for part in self._given:
            if part not in _PARTS:
                self._note(part, f"There is no such part; the parts are {', '.join(_PARTS)}.")
        items: list[Item] = []
        points: dict[str, tuple[float, float]] = {}
        for scale, of in self._object("scales", self._given.get("scales", {})).items():
            at = f"scales.{scale}"
            about = self._object(at, of, ("points", "items"))
            points[scale] = self._points(f"{at}.points", about.get("points"))
            items += self._items(scale, f"{at}.items", about.get("items", {}))
        activities = tuple(
            self._inventory(column, of)
            for column, of in self._object("activities", self._given.get("activities", {})).items()
        )
        if not items and not activities:
            self._note(
                "scales", "Neither scales nor activities are named; say which columns hold the answers."
            )
        names = [item.name for item in items] + [each.activity.name for each in activities]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._note("scales", f"The column {name} is named twice; an answer counts once.")
        if "margins" in self._given and "weight" in self._given:
            self._note("margins", "There is a column of weights as well; leave out one of the two.")
        return SurveyMapping(
            title=self._text("title", self._given.get("title")),
            items=tuple(items),
            points=points,
            no_answer={
                code: self._text(f"no_answer.{code}", meaning)
                for code, meaning in self._object("no_answer", self._given.get("no_answer", {})).items()
            },
            activities=activities,
            columns={part: self._text(part, self._given[part]) for part in _COLUMNS if part in self._given},
            margins={
                column: self._shares(f"margins.{column}", of)
                for column, of in self._object("margins", self._given.get("margins", {})).items()
            },
        )

    def _items(self, scale: str, at: str, given: Any) -> list[Item]:
        found = []
        for column, of in self._object(at, given).items():
            about = self._object(f"{at}.{column}", of, ("wording", "reversed"))
            turned = about.get("reversed", False)
            if not isinstance(turned, bool):
                self._note(f"{at}.{column}.reversed", f"It must be true or false; it is {turned!r}.")
            wording = self._text(f"{at}.{column}.wording", about.get("wording", "-"))
            found.append(Item(column, scale, turned is True, "" if wording == "-" else wording))
        return found

    def _inventory(self, column: str, of: Any) -> Inventory:
        at = f"activities.{column}"
        about = self._object(at, of, ("wording", "yes", "no"))
        wording = self._text(f"{at}.wording", about.get("wording", "-"))
        no = self._text(f"{at}.no", about["no"]) if "no" in about else None
        yes = self._text(f"{at}.yes", about.get("yes"))
        if yes == no:
            self._note(f"{at}.no", f"It is {no!r}, as yes is.")
        return Inventory(Activity(column, "" if wording == "-" else wording), yes, no)

    def _points(self, at: str, given: Any) -> tuple[float, float]:
        sound = (
            isinstance(given, list) and len(given) == 2 and all(type(each) in (int, float) for each in given)
        )
        if not sound or not given[0] < given[1]:
            self._note(at, f"It must be [least, greatest], such as [1, 5]; it is {given!r}.")
            return 0.0, 1.0
        return float(given[0]), float(given[1])

    def _shares(self, at: str, given: Any) -> dict[str, float]:
        found = {}
        for category, share in self._object(at, given).items():
            if type(share) not in (int, float) or not math.isfinite(share) or share < 0:
                self._note(f"{at}.{category}", f"It must be a share such as 0.25; it is {share!r}.")
            else:
                found[category.strip()] = float(share)
        if not sum(found.values()):
            self._note(at, "Its shares are nothing together.")
        return found

    def _object(self, at: str, given: Any, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(given, dict):
            self._note(at, f"It must be an object; it is {given!r}.")
            return {}
        for key in given:
            if keys and key not in keys:
                self._note(f"{at}.{key}", f"There is no such part; the parts are {', '.join(keys)}.")
        return {key.strip(): value for key, value in given.items()}

    def _text(self, at: str, given: Any) -> str:
        if not isinstance(given, str) or not given.strip():
            self._note(at, f"It must be a text in quotes; it is {given!r}.")
            return ""
        return given.strip()

    def _note(self, at: str, message: str) -> None:
        self.wrong.append({"field": f"mapping, {at}", "message": message})

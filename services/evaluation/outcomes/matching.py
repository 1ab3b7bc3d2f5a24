"""Names of districts as they were published, to the districts there are. What is not certain goes to a person.

In this order, and nothing else decides:

1. A reviewed decision for the name as published.
2. All words are the same, after case, punctuation, small words (of, the, for) and abbreviations (sch, dist, sd, co,
   cons, mun, sep or sp, pub, ag, ahs): "leflore co school dist" is "Leflore County School District".
3. The same words are left without those of a district's legal form (school, district, system, public, municipal,
   separate, special), and both names say that they mean a school district: "Moss Point School District" is "moss point
   separate school dist". These words came and went with the law on municipal separate districts and tell no two
   districts apart. "County", "city" and "consolidated" do: Quitman and Quitman County are two districts, and a
   consolidated one may be a merger of the one of that name with its neighbours.

More than one district of a name, a name that says a place only ("Alcorn County"), an unknown one and a misspelt one go
to review, each with the districts it may be: those that share a place's name, or are two letters away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ABBREVIATIONS = {
    "ag": "agricultural",
    "ahs": "agricultural high school",
    "cnty": "county",
    "co": "county",
    "cons": "consolidated",
    "consol": "consolidated",
    "consolidate": "consolidated",
    "dist": "district",
    "districts": "district",
    "hs": "high school",
    "math": "mathematics",
    "ms": "mississippi",
    "mun": "municipal",
    "muni": "municipal",
    "pub": "public",
    "saint": "st",
    "sch": "school",
    "schools": "school",
    "schs": "school",
    "sd": "school district",
    "sep": "separate",
    "sp": "separate",
    "spec": "special",
}
_SMALL = {"a", "and", "at", "for", "in", "of", "the"}
_FORM = {"district", "municipal", "public", "school", "separate", "special", "system"}
_SAYS_DISTRICT = {"district", "school", "system"}
#: Words of many names: to share one is no reason to offer a district.
_COMMON = {
    "agricultural",
    "charter",
    "city",
    "consolidated",
    "county",
    "east",
    "high",
    "mississippi",
    "north",
    "south",
}
_COMMON |= {"west"}
_OFFERED = 5
_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Review:
    """A name that a person must decide on: the ids of districts it may be, the likeliest first, and why."""

    name: str
    candidates: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Every name is in one of the three: `found` with its district's id, up for `review`, or `set_aside` by a decision
    that it is none of the districts. Each in the order of the names."""

    found: dict[str, str]
    review: tuple[Review, ...]
    set_aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    words: tuple[str, ...]
    left: tuple[str, ...]


def match(
    names: Iterable[str],
    districts: Mapping[str, str],
    decided: Mapping[str, str | None] | None = None,
) -> Matched:
    """`districts` maps ids to registered names; `decided` published names to a district's id, or to None for none.

    A decision for a district that is not there goes to review like a name without one.
    """
    known = [_Known(id_, words(name), _left(words(name))) for id_, name in sorted(districts.items())]
    found: dict[str, str] = {}
    review: list[Review] = []
    aside: list[str] = []
    for name in sorted(set(names)):
        chosen = (decided or {}).get(name, "")
        if chosen is None:
            aside.append(name)
        elif chosen in districts:
            found[name] = chosen
        else:
            one, others, reason = _matched(words(name), known)
            if chosen:
                one, reason = None, f"The decision is for district {chosen}, which is not there; {reason}"
            if one is None:
                review.append(Review(name, others, reason))
            else:
                found[name] = one
    return Matched(found, tuple(review), tuple(aside))


def words(name: str) -> tuple[str, ...]:
    """The name in lower case, without accents, punctuation and small words, its abbreviations written out."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = re.sub(r"['’.`]", "", "".join(letter for letter in plain if not unicodedata.combining(letter)))
    parts = re.findall(r"[^\W_]+", plain)
    return tuple(
        word for part in parts if part not in _SMALL for word in _ABBREVIATIONS.get(part, part).split()
    )


def says_district(name: str) -> bool:
    return "district" in words(name)


def _matched(name: tuple[str, ...], known: list[_Known]) -> tuple[str | None, tuple[str, ...], str]:
    """The district, or else those it may be and why none was chosen."""
    if not name:
        return None, (), "There is no name."
    same = [one.id for one in known if one.words == name]
    left = _left(name)
    of_place = [one for one in known if one.left == left] if left else []
    if not same:
        same = [one.id for one in of_place if _is_district(name) and _is_district(one.words)]
    if len(same) == 1:
        return same[0], (), ""
    if same:
        return None, tuple(same), "More than one district is called so."
    if of_place:
        placed = tuple(one.id for one in of_place)
        return None, placed, "The words are the same, but not both say that a school district is meant."
    offered = _offered(left, known)
    return (
        None,
        offered,
        "No district is called so; these are alike." if offered else "No district is called so.",
    )


def _is_district(name: tuple[str, ...]) -> bool:
    return not _SAYS_DISTRICT.isdisjoint(name)


def _left(name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in name if word not in _FORM)


def _offered(left: tuple[str, ...], known: list[_Known]) -> tuple[str, ...]:
    """The districts that share a place's name or are a misspelling away, by words in common, then by letters."""
    place, letters = set(left) - _COMMON, "".join(left)
    ranked = []
    for one in known:
        other = "".join(one.left)
        shared = set(left) & set(one.left)
        near = abs(len(other) - len(letters)) <= _LETTERS and distance(letters, other) <= _LETTERS
        if near or shared & place:
            ranked.append((not near, -len(shared), one.id))
    return tuple(id_ for *_, id_ in sorted(ranked)[:_OFFERED])


def distance(one: str, other: str) -> int:
    """Letters to insert, leave out or change to come from one to the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, row[0] = row[0], place
        for column, against in enumerate(other, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (letter != against)),
            )
    return row[-1]

"""Instruments: the shipped one, files that are not sound, and a version that never changes once published."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from alliance import contracts
from alliance.decider import encode
from alliance.errors import Invalid, Malformed, Refused
from services.surveys import instrument_file
from services.surveys.instrument import Publication, PublishInstrument, decide, evolve
from tests.builders_surveys import document, shipped

# --- the shipped one


def test_the_shipped_instrument_has_the_three_scales_that_the_law_names() -> None:
    assert shipped().scales == ("communication", "school_programmes", "home_learning")


def test_each_scale_has_four_to_six_items_of_which_one_is_reversed() -> None:
    items = shipped().items
    assert all(4 <= count <= 6 for count in Counter(item.scale for item in items).values())
    assert Counter(item.scale for item in items if item.reversed) == dict.fromkeys(shipped().scales, 1)


def test_every_text_stands_in_english_and_spanish_and_no_two_items_say_the_same() -> None:
    texts = [item["text"] for scale in document()["scales"] for item in scale["items"]]
    assert all(set(text) == {"en", "es"} for text in texts)
    for language in ("en", "es"):
        assert len({text[language] for text in texts}) == len(texts)


def test_every_item_fits_a_telephone() -> None:
    longest = max(
        len(text)
        for scale in document()["scales"]
        for item in scale["items"]
        for text in item["text"].values()
    )
    assert longest <= 95


def test_the_choices_are_five_points_and_not_sure() -> None:
    assert [choice["answer"] for choice in document()["choices"]] == [1, 2, 3, 4, 5, None]


# --- publishing


def test_publishing_records_what_scoring_needs_and_fits_the_contract() -> None:
    [event] = decide(Publication(), PublishInstrument(shipped()))

    data = contracts.write("InstrumentPublished", 1, encode(event))
    assert data["items"][3] == {"item": "c4", "scale": "communication", "reversed": True}
    assert (data["instrument"], data["version"], data["points"]) == ("home-survey", 1, 5)


def test_publishing_the_same_content_again_records_nothing() -> None:
    [event] = decide(Publication(), PublishInstrument(shipped()))
    spaced = instrument_file.load(json.dumps(document(), indent=7, sort_keys=True).encode())

    assert decide(evolve(Publication(), event), PublishInstrument(instrument_file.read(spaced))) == []


def test_one_letter_more_under_a_published_version_is_refused() -> None:
    [event] = decide(Publication(), PublishInstrument(shipped()))
    changed = document()
    changed["scales"][0]["items"][0]["text"]["en"] += "!"

    with pytest.raises(Refused, match="give the changed instrument a new version"):
        decide(evolve(Publication(), event), PublishInstrument(instrument_file.read(changed)))


# --- files that are not sound


def at(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Set the field at a dotted path; `...` as the value removes it."""

    def change(target: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in way:
            target = target[step]
        if value is ...:
            del target[last]
        else:
            target[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (at("version", 0), "version"),
        (at("version", "1"), "version"),
        (at("instrument", "Home Survey"), "instrument"),
        (at("points", 7), "points"),
        (at("title", ...), "title"),
        (at("languages", ["en", "fr"]), "languages.1"),
        (at("languages", []), "languages"),
        (at("languages", ["en", "es", "en"]), "languages.2"),
        (at("scales", []), "scales"),
        (at("scales.1.items", []), "scales.1.items"),
        (at("scales.1.scale", "communication"), "scales.1.scale"),
        (at("scales.2.items.4.item", "c1"), "scales.2.items.4.item"),
        (at("scales.0.items.2.reversed", "no"), "scales.0.items.2.reversed"),
        (at("scales.0.items.2.text.es", ...), "scales.0.items.2.text.es"),
        (at("scales.0.items.2.text.es", ""), "scales.0.items.2.text.es"),
        (at("scales.0.items.2.text.es", " "), "scales.0.items.2.text.es"),
        (at("introduction.fr", "Bonjour"), "introduction.fr"),
        (at("scales.0.items.2.weight", 2), "scales.0.items.2.weight"),
        (at("choices", []), "choices"),
        (at("choices.0.answer", 5), "choices"),
        (at("colour", "blue"), "colour"),
    ],
)
def test_a_fault_is_named_by_its_place_in_the_file(
    change: Callable[[dict[str, Any]], None], field: str
) -> None:
    changed = document()
    change(changed)
    with pytest.raises(Invalid) as refused:
        instrument_file.read(changed)
    assert [error["field"] for error in refused.value.errors] == [field]
    assert field in refused.value.detail


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"instrument": "home-survey",\n "version": }', "line 2, column 13"),
        (b"\xff\xfe{}", "not in UTF-8"),
        (b"[]", "one JSON object"),
        (b"", "line 1, column 1"),
    ],
)
def test_what_is_no_json_object_is_malformed_and_says_where(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        instrument_file.load(body)


def test_a_file_saved_with_a_byte_order_mark_is_read() -> None:
    assert instrument_file.load(b"\xef\xbb\xbf" + json.dumps(document()).encode()) == document()

"""Published names of districts and those that there are: real ones, pitfalls written by hand, and laws for any."""

from __future__ import annotations

import csv
import re
import string
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.outcomes import maap
from services.evaluation.outcomes.matching import Matched, distance, match, words


@pytest.fixture(scope="module")
def registered(data: Path) -> dict[str, str]:
    """The 144 districts of 2016-17, as the federal list spells them: lower case, abbreviated."""
    with (data / "ms-districts-2016-17" / "ms_districts_2016_17.csv").open(newline="") as file:
        districts = {row["LEAID"]: row["LEA_NAME"] for row in csv.DictReader(file)}
    assert len(districts) == 144
    return districts


@pytest.fixture(scope="module")
def published(data: Path) -> set[str]:
    """The names of districts in the state's workbook of 2022."""
    read = maap.read((data / "ms-maap-xlsx" / "2022_maap_ela_math.xlsx").read_bytes())
    return {outcome.district for outcome in read.outcomes if outcome.district is not None}


# By hand: each published name of 2022 that another district could be mistaken for, with the one that it is.
PITFALLS = {
    "Alcorn School District": "alcorn school dist",
    "Bay St Louis Waveland School District": "bay st louis waveland school dist",
    "Carroll County School District": "carroll county school dist",
    "Coahoma County School District": "coahoma county school district",
    "Columbia School District": "columbia school district",
    "Columbus Municipal School District": "columbus municipal school dist",
    "Covington County Schools": "covington co schools",
    "East Jasper Consolidated Sch District": "east jasper consolidated sch dist",
    "East Jasper Consolidated School District": "east jasper consolidated sch dist",
    "East Tallahatchie Consolidated School District": "east tallahatchie consol sch dist",
    "Forest Municipal School District": "forest municipal school dist",
    "Forrest County Agricultural High School": "forrest county ag high school",
    "Forrest County School District": "forrest county school district",
    "Greene County School District": "greene county school district",
    "Greenville Public Schools": "greenville public schools",
    "Grenada School District": "grenada school dist",
    "Holly Springs School District": "holly springs school dist",
    "Jackson County School District": "jackson co school dist",
    "Jackson Public School District": "jackson public school dist",
    "Jefferson County School District": "jefferson co school dist",
    "Jefferson Davis County School District": "jefferson davis co school dist",
    "Lawrence County School District": "lawrence co school dist",
    "Leake County School District": "leake co school dist",
    "Lee County School District": "lee county school district",
    "Marion County School District": "marion co school dist",
    "Marshall County School District": "marshall co school dist",
    "Moss Point School District": "moss point separate school dist",
    "Natchez-Adams School District": "natchez-adams school dist",
    "Newton County School District": "newton county school district",
    "Newton Municipal School District": "newton municipal school district",
    "North Bolivar Consolidated School District": "north bolivar cons sch",
    "North Panola Schools": "north panola schools",
    "North Pike School District": "north pike school dist",
    "North Tippah School District": "north tippah school dist",
    "Pascagoula-Gautier School District": "pascagoula gautier school dist",
    "Pearl Public School District": "pearl public school dist",
    "Pearl River County School District": "pearl river co school dist",
    "Pontotoc City Schools": "pontotoc city schools",
    "Pontotoc County School District": "pontotoc co school dist",
    "Quitman County School District": "quitman co school dist",
    "Quitman School District": "quitman school dist",
    "South Panola School District": "south panola school district",
    "South Pike School District": "south pike school dist",
    "South Tippah School District": "south tippah school dist",
    "Starkville-Oktibbeha Consolidated School District": "starkville- oktibbeha cons sd",
    "Sunflower County Consolidated School District": "sunflower co consolidate sch dist",
    "Tishomingo County Separate Municipal School District": "tishomingo co sp mun sch dist",
    "Union County School District": "union co school dist",
    "Union Public School District": "union public school dist",
    "West Bolivar Consolidated School District": "west bolivar cons sch",
    "West Jasper Consolidated Schools": "west jasper consolidated schools",
    "West Tallahatchie School District": "west tallahatchie school district",
    "Western Line School District": "western line school district",
    "Yazoo City Municipal School District": "yazoo city municipal school dist",
    "Yazoo County School District": "yazoo co school dist",
}
# By hand: what is none of the 144, or is not certain, and the districts that a person should look at.
FOR_REVIEW: dict[str, set[str]] = {
    "Ambition Preparatory": set(),
    "Clarksdale Collegiate Public Charter": {"clarksdale municipal school dist"},
    "Copiah Copiah School District": {"copiah co school dist"},
    "Dubard School For Language Disorders": set(),
    "Greenwood Leflore Consolidated School District": {
        "greenwood public school district",
        "leflore co school dist",
    },
    "Holmes County Consolidated School District": {"holmes co school dist"},
    "Joel E. Smilow Prep": set(),
    "Leflore Legacy Academy": {"leflore co school dist"},
    "MS Schools For The Blind and Deaf": set(),
    "Midtown Public Charter School": set(),
    "Mississippi School for Mathematics and Science": set(),
    "Mississippi School of the Arts": set(),
    "Ms Schools For The Blind and Deaf": set(),
    "Oakley Youth Development Center": set(),
    "Reimagine Prep": set(),
    "Smilow Collegiate": set(),
    "Winona-Montgomery Consolidated School District": {
        "winona separate school dist",
        "montgomery co school dist",
    },
}
# Merged away between the two lists, or in no test of 2022: nothing may be matched to them.
GONE = {
    "coahoma co ahs",
    "durant public school dist",
    "greenwood public school district",
    "holmes co school dist",
    "houston  school dist",
    "leflore co school dist",
    "lumberton public school district",
    "montgomery co school dist",
    "winona separate school dist",
}


def plain(name: str) -> str:
    """Another way to the same end: only the words that tell places apart, written out by eye for this list."""
    text = re.sub(r"[^a-z ]", " ", name.lower()) + " "
    for word in ("consolidated", "consolidate", "consol", "cons"):
        text = text.replace(f" {word} ", " ~ ")
    for word in (
        "school",
        "schools",
        "sch",
        "district",
        "dist",
        "sd",
        "public",
        "municipal",
        "mun",
        "separate",
        "sp",
    ):
        text = text.replace(f" {word} ", " ").replace(f" {word} ", " ")
    return " ".join(text.replace(" co ", " county ").replace(" ag ", " agricultural ").split())


def one(name: str, *districts: str) -> Matched:
    return match([name], {str(place): district for place, district in enumerate(districts, 1)})


def test_136_of_the_153_names_of_2022_are_districts_of_2017_and_17_go_to_review(
    published: set[str], registered: dict[str, str]
) -> None:
    matched = match(published, registered)
    assert (len(published), len(matched.found), len(matched.review)) == (153, 136, 17)
    assert {review.name for review in matched.review} == set(FOR_REVIEW)


def test_each_of_them_is_the_right_one(published: set[str], registered: dict[str, str]) -> None:
    found = {name: registered[district] for name, district in match(published, registered).found.items()}
    assert {name: found[name] for name in PITFALLS} == PITFALLS
    assert all(plain(name) == plain(district) for name, district in found.items())
    # Only two spellings of one name share a district, and none is matched to a district that is gone.
    twice = [name for name in found if list(found.values()).count(found[name]) > 1]
    assert sorted(twice) == [
        "East Jasper Consolidated Sch District",
        "East Jasper Consolidated School District",
    ]
    assert set(registered.values()) - set(found.values()) == GONE


def test_mergers_charters_and_misspellings_go_to_review_with_their_likely_districts(
    published: set[str], registered: dict[str, str]
) -> None:
    for review in match(published, registered).review:
        assert FOR_REVIEW[review.name] <= {registered[district] for district in review.candidates}
        assert bool(FOR_REVIEW[review.name]) == bool(review.candidates)
        assert review.reason


@pytest.mark.parametrize("year", ["1112", "1213", "1314"])
def test_names_of_the_federal_files_are_matched_to_the_districts_of_their_ids(
    year: str, data: Path, registered: dict[str, str]
) -> None:
    """There every district has its federal id, which the names know nothing of."""
    path = data / "ms-edfacts-grad" / f"edfacts_acgr_school_{year}_MS.csv"
    with path.open(newline="") as file:
        ids = {row["LEANM"]: row["LEAID"] for row in csv.DictReader(file)}
    matched = match(ids, registered)
    assert matched.found == {name: ids[name] for name in matched.found}
    assert len(matched.found) >= 137
    # Who is in both lists and was not found is offered.
    for review in matched.review:
        assert ids[review.name] not in registered or ids[review.name] in review.candidates


def test_every_registered_name_is_itself(registered: dict[str, str]) -> None:
    matched = match(registered.values(), registered)
    assert matched.review == ()
    assert {matched.found[name] for name in registered.values()} == set(registered)


@pytest.mark.parametrize(
    ("name", "district"),
    [
        ("Leflore Co School Dist", "Leflore County School District"),
        ("LEFLORE COUNTY SCHOOLS", "Leflore County School District"),
        ("Leflore Co. Sch. Dist.", "leflore county sd"),
        ("Tishomingo County Separate Municipal School District", "tishomingo co sp mun sch dist"),
        ("Tishomingo County School District", "tishomingo co sp mun sch dist"),
        ("Bay Saint Louis-Waveland School District", "bay st. louis waveland sch dist"),
        ("Forrest County AHS", "Forrest County Agricultural High School"),
        ("Pass Christian Pub School District", "pass christian public school dist"),
        ("O’Bannon School District", "O'Bannon Sch Dist"),
        ("Peñasco School District", "penasco school district"),
        ("The School District of Pearl", "pearl public school district"),
    ],
)
def test_spellings_of_one_district_meet(name: str, district: str) -> None:
    assert one(name, district).found == {name: "1"}


@pytest.mark.parametrize(
    ("name", "districts", "offered"),
    [
        ("Alcorn County", ["Alcorn School District"], ["1"]),
        ("Alcorn County School District", ["Alcorn School District"], ["1"]),
        ("Alcorn", ["Alcorn School District"], ["1"]),
        ("Lee County", ["Lee County School District", "Leake County School District"], ["1"]),
        ("Lee County School District", ["Lee County"], ["1"]),
        ("Quitman School District", ["Quitman County School District"], ["1"]),
        ("Quitman County School District", ["Quitman School District"], ["1"]),
        (
            "Pontotoc School District",
            ["Pontotoc City Schools", "Pontotoc County School District"],
            ["1", "2"],
        ),
        ("Newton School District", ["Newton Municipal School District", "Newton Public Schools"], ["1", "2"]),
        ("Holmes County Consolidated School District", ["Holmes County School District"], ["1"]),
        ("Tupleo Public School District", ["Tupelo Public School District", "Oxford School District"], ["1"]),
        (
            "Columbis School District",
            ["Columbia School District", "Columbus Municipal School District"],
            ["1", "2"],
        ),
        ("Northville School District", ["Southville School District"], ["1"]),
        (
            "Clinton High School",
            ["Clinton Public School District", "Forrest County Agricultural High School"],
            ["1"],
        ),
        ("Reimagine Prep", ["Jackson Public School District"], []),
        ("", ["Jackson Public School District"], []),
        ("School District", ["Jackson Public School District"], []),
        ("—", ["Jackson Public School District"], []),
    ],
)
def test_what_is_not_certain_goes_to_review_with_candidates(
    name: str, districts: list[str], offered: list[str]
) -> None:
    matched = one(name, *districts)
    (review,) = matched.review
    assert (matched.found, review.name, sorted(review.candidates)) == ({}, name, offered)
    assert review.reason


def test_two_districts_of_one_name_are_both_offered() -> None:
    matched = one(
        "Union School District", "Union School Dist", "UNION SCHOOLS DISTRICT", "Union County School District"
    )
    assert [review.candidates for review in matched.review] == [("1", "2")]
    assert "More than one" in matched.review[0].reason


def test_the_likeliest_candidates_come_first_and_are_few() -> None:
    names = [f"West {place} School District" for place in ("Jasper", "Bolivar", "Point Consolidated")]
    (review,) = one("West Point School District", "Moss Point School District", *names).review
    assert review.candidates == ("4", "1")
    many = match(["Union Hill"], {str(place): f"Union {place} School District" for place in range(40)})
    assert len(many.review[0].candidates) == 5


def test_a_decision_goes_before_every_rule() -> None:
    districts = {"1": "Holmes County School District", "2": "Durant Public School District"}
    decided = {
        "Holmes County Consolidated School District": "1",
        "Reimagine Prep": None,
        "Durant Public School District": "1",
    }
    matched = match([*decided, "Holmes Co School Dist"], districts, decided)
    assert matched.found == {
        "Durant Public School District": "1",
        "Holmes Co School Dist": "1",
        "Holmes County Consolidated School District": "1",
    }
    assert (matched.review, matched.set_aside) == ((), ("Reimagine Prep",))


def test_a_decision_for_a_district_that_is_not_there_goes_to_review() -> None:
    matched = match(
        ["Holmes Co School Dist"], {"1": "Holmes County School District"}, {"Holmes Co School Dist": "9"}
    )
    assert matched.found == {}
    assert "district 9" in matched.review[0].reason


def test_no_names_or_no_districts_are_no_fault(registered: dict[str, str]) -> None:
    assert match([], registered) == Matched({}, ())
    assert [review.candidates for review in match(["Alcorn School District"], {}).review] == [()]


PARTS = [
    "Alcorn",
    "Lee",
    "Union",
    "Holly Springs",
    "West",
    "county",
    "co",
    "city",
    "cons",
    "public",
    "Municipal",
]
PARTS += ["School", "sch dist", "District"]
NAMES = st.one_of(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(" ".join),
    st.text(string.ascii_letters + " -.'&é", max_size=20),
)
DISTRICTS = st.dictionaries(st.integers(1, 50).map(str), NAMES, max_size=8)


@given(st.lists(NAMES, max_size=8), DISTRICTS)
def test_every_name_is_in_one_place_and_only_with_districts_that_there_are(
    names: list[str], districts: dict[str, str]
) -> None:
    matched = match(names, districts)
    reviewed = [review.name for review in matched.review]
    assert sorted([*matched.found, *reviewed]) == sorted(set(names))
    assert set(matched.found.values()) | {
        id_ for review in matched.review for id_ in review.candidates
    } <= set(districts)


@given(st.lists(NAMES, max_size=8), DISTRICTS, st.randoms(use_true_random=False))
def test_the_order_of_names_and_districts_does_not_matter(
    names: list[str], districts: dict[str, str], chance: object
) -> None:
    shuffled: Iterable[str] = chance.sample(names, len(names))  # type: ignore[attr-defined]
    turned = dict(reversed(list(districts.items())))
    assert match(shuffled, turned) == match(names, districts)


@given(st.lists(NAMES, max_size=8), DISTRICTS)
def test_matching_what_was_matched_changes_nothing(names: list[str], districts: dict[str, str]) -> None:
    first = match(names, districts)
    assert match(first.found, districts).found == first.found
    assert match(names, districts, dict(first.found)) == first
    settled = match(names, districts, {**first.found, **{review.name: None for review in first.review}})
    assert (settled.found, settled.review) == (first.found, ())


@given(st.lists(NAMES, max_size=8), DISTRICTS, st.sampled_from([str.upper, str.lower, str.title]))
def test_case_and_blanks_and_full_stops_do_not_matter(
    names: list[str], districts: dict[str, str], written: object
) -> None:
    found = match(names, districts).found
    other = {name: f"  {written(name).replace(' ', ' . ')}" for name in found}  # type: ignore[operator]
    again = match(other.values(), districts).found
    assert {name: again.get(other[name]) for name in found} == found


@given(NAMES)
def test_words_of_words_are_the_same(name: str) -> None:
    assert words(" ".join(words(name))) == words(name)


@pytest.mark.parametrize(
    ("one", "other", "letters"),
    [
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("tupelo", "tupleo", 2),
        ("columbia", "columbus", 2),
    ],
)
def test_the_distance_of_two_words_is_levenshteins(one: str, other: str, letters: int) -> None:
    assert distance(one, other) == distance(other, one) == letters

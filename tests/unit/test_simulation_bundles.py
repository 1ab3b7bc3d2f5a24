"""The bundles that the simulation writes: sound, deterministic, and Mississippi's as large as Mississippi."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from simulation.bundle import COLUMNS, BundleWriter
from simulation.families import spans
from simulation.mississippi import DataMissing, data_folder, read_mississippi, write_mississippi
from simulation.sample import write_sample

Rows = dict[str, list[dict[str, str]]]

needs_data = pytest.mark.skipif(
    not (data_folder() / "ms-districts-2016-17").is_dir(),
    reason=f"no public tables under {data_folder()}; set ALLIANCE_DATA",
)


def read(path: Path) -> Rows:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8"))))
            for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    path = tmp_path_factory.mktemp("sample") / "sample.zip"
    write_sample(path, seed=1)
    return read(path)


@pytest.fixture(scope="module")
def small_mississippi(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    path = tmp_path_factory.mktemp("mississippi") / "mississippi.zip"
    write_mississippi(path, scale=0.02, seed=1)
    return read(path)


@pytest.fixture(params=["sample", pytest.param("small_mississippi", marks=needs_data)])
def rows(request: pytest.FixtureRequest) -> Rows:
    return request.getfixturevalue(request.param)


def ids(rows: Rows, table: str) -> set[str]:
    return {row["sourcedId"] for row in rows[table]}


def of_type(rows: Rows, kind: str) -> set[str]:
    return {row["sourcedId"] for row in rows["orgs"] if row["type"] == kind}


def of_role(rows: Rows, *roles: str) -> list[dict[str, str]]:
    return [row for row in rows["users"] if row["role"] in roles]


def test_every_file_has_the_columns_of_the_standard_and_ids_that_are_unique(rows: Rows) -> None:
    for table, columns in COLUMNS.items():
        assert tuple(rows[table][0]) == columns
        assert len(ids(rows, table)) == len(rows[table])
        # DictReader puts fields too many under None, and None into those that are missing.
        assert all(row["sourcedId"] and None not in {*row, *row.values()} for row in rows[table])


def test_the_manifest_names_every_file_that_is_there_as_a_bulk_file(rows: Rows) -> None:
    manifest = {row["propertyName"]: row["value"] for row in rows["manifest"]}
    assert manifest["oneroster.version"] == "1.1"
    bulk = {name.removeprefix("file.") for name, value in manifest.items() if value == "bulk"}
    assert bulk == set(rows) - {"manifest"} == set(COLUMNS)


def test_no_reference_dangles(rows: Rows) -> None:
    orgs, sessions, courses = ids(rows, "orgs"), ids(rows, "academicSessions"), ids(rows, "courses")
    classes, users = ids(rows, "classes"), ids(rows, "users")
    assert all(row["parentSourcedId"] in orgs for row in rows["orgs"] if row["type"] != "state")
    assert all(
        row["orgSourcedId"] in orgs and row["schoolYearSourcedId"] in sessions for row in rows["courses"]
    )
    for row in rows["classes"]:
        assert row["schoolSourcedId"] in of_type(rows, "school")
        assert row["termSourcedIds"] in sessions
        assert row["courseSourcedId"] in courses
    school_of = {row["sourcedId"]: row["schoolSourcedId"] for row in rows["classes"]}
    for row in rows["enrollments"]:
        assert row["classSourcedId"] in classes
        assert row["userSourcedId"] in users
        assert row["schoolSourcedId"] == school_of[row["classSourcedId"]]
    guardians = {row["sourcedId"] for row in of_role(rows, "parent", "guardian", "relative")}
    for row in rows["users"]:
        assert row["orgSourcedIds"] in orgs
        assert set(filter(None, row["agentSourcedIds"].split(","))) <= guardians


def test_a_role_in_an_enrolment_is_the_users_own_and_every_pupil_is_in_one_class_of_its_school(
    rows: Rows,
) -> None:
    users = {row["sourcedId"]: row for row in rows["users"]}
    enrolled: Counter[str] = Counter()
    for row in rows["enrollments"]:
        user = users[row["userSourcedId"]]
        assert row["role"] == user["role"]
        assert row["schoolSourcedId"] == user["orgSourcedIds"]
        enrolled[user["sourcedId"]] += 1
    assert enrolled == Counter(row["sourcedId"] for row in of_role(rows, "student", "teacher"))


def test_a_class_takes_the_grades_of_its_pupils(rows: Rows) -> None:
    grade_of = {row["sourcedId"]: row["grades"] for row in rows["users"]}
    found = defaultdict(set)
    for row in rows["enrollments"]:
        if row["role"] == "student":
            found[row["classSourcedId"]].add(grade_of[row["userSourcedId"]])
    assert {row["sourcedId"]: set(row["grades"].split(",")) for row in rows["classes"]} == found


def test_every_school_has_a_class_and_every_class_a_pupil(rows: Rows) -> None:
    pupils = Counter(row["classSourcedId"] for row in rows["enrollments"] if row["role"] == "student")
    assert set(pupils) == ids(rows, "classes")
    assert {row["schoolSourcedId"] for row in rows["classes"]} == of_type(rows, "school")


def test_families_have_one_or_two_guardians_and_siblings_share_at_least_one(rows: Rows) -> None:
    linked = [row["agentSourcedIds"].split(",") for row in of_role(rows, "student")]
    assert {len(agents) for agents in linked} == {1, 2}
    children = Counter(agent for agents in linked for agent in agents)
    assert set(children) == {row["sourcedId"] for row in of_role(rows, "parent", "guardian", "relative")}
    with_siblings = sum(any(children[agent] > 1 for agent in agents) for agents in linked)
    assert 0.4 * len(linked) < with_siblings < 0.9 * len(linked)
    # The guardian's number is its household's: nobody is a guardian in two of them.
    assert all(len({agent.rsplit("-", 1)[0] for agent in agents}) == 1 for agents in linked)


def test_siblings_in_the_same_grades_go_to_the_same_school(sample: Rows) -> None:
    schools = defaultdict(set)
    for row in of_role(sample, "student"):
        household = row["agentSourcedIds"].split(",")[0].rsplit("-", 1)[0]
        schools[household, row["grades"]].add(row["orgSourcedIds"])
    assert all(len(found) == 1 for found in schools.values())


def test_the_sample_state_has_eight_districts_forty_schools_and_six_thousand_pupils(sample: Rows) -> None:
    assert len(of_type(sample, "district")) == 8
    assert len(of_type(sample, "school")) == 40
    assert len(of_role(sample, "student")) == 6000


def test_a_homeroom_of_the_sample_has_about_fifteen_to_twenty_five_pupils_of_one_grade(sample: Rows) -> None:
    sizes = Counter(row["classSourcedId"] for row in sample["enrollments"] if row["role"] == "student")
    # A grade of 26 to 29 makes two rooms of 13 or more.
    assert min(sizes.values()) >= 13
    assert max(sizes.values()) <= 25
    assert sum(15 <= size <= 25 for size in sizes.values()) > 0.8 * len(sizes)
    assert 15 <= sum(sizes.values()) / len(sizes) <= 22
    assert sum("," not in row["grades"] for row in sample["classes"]) > 0.8 * len(sample["classes"])


def test_the_same_seed_writes_the_same_bytes_and_another_seed_other_people(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_sample(tmp_path / name, seed)
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other


@needs_data
def test_mississippi_has_its_144_districts_and_481677_pupils() -> None:
    real = read_mississippi()
    assert len(real.districts) == 144
    assert sum(district.pupils for district in real.districts) == 481_677


@needs_data
def test_mississippi_is_written_the_same_twice(tmp_path: Path) -> None:
    first = write_mississippi(tmp_path / "a", scale=0.01, seed=3)
    again = write_mississippi(tmp_path / "b", scale=0.01, seed=3)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert first.students == again.students


@needs_data
def test_real_districts_and_schools_carry_their_federal_numbers(small_mississippi: Rows) -> None:
    orgs = {row["sourcedId"]: row for row in small_mississippi["orgs"]}
    districts = [row for row in orgs.values() if row["type"] == "district"]
    schools = [row for row in orgs.values() if row["type"] == "school"]
    assert len(districts) == 144
    assert {row["identifier"] for row in districts} >= {"2800185", "2804800"}
    real = [row for row in schools if row["identifier"]]
    assert len(real) == 1043
    assert all(row["identifier"][:7] == orgs[row["parentSourcedId"]]["identifier"] for row in real)
    assert len({row["name"] for row in real}) == len(real)


@needs_data
def test_what_does_not_fit_between_the_two_tables_is_stated() -> None:
    # By hand: two districts merged after 2014-15 have no school of theirs in the school table; 31 LEAs of the
    # 173 in the school table have no row in the district table.
    real = read_mississippi()
    assert [leaid for leaid, _ in real.without_schools] == ["2800189", "2800191"]
    assert len(real.schools_left_out) == 173 - (144 - 2) == 31
    assert sum(count for _, count, _ in real.schools_left_out) == 1111 - 1043
    assert len(real.notes()) == 2 + 31
    assert "Starkville" in real.notes()[0]
    assert "made-up" in real.notes()[0]


@needs_data
@pytest.mark.parametrize("scale", [0.0001, 0.05, 0.5])
def test_a_scale_takes_that_share_of_each_district_but_no_school_is_left_without_a_pupil(
    scale: float,
) -> None:
    whole = {district.code: district for district in read_mississippi(1).districts}
    for district in read_mississippi(scale).districts:
        assert district.pupils == max(len(district.schools), round(whole[district.code].pupils * scale))


@pytest.mark.parametrize("scale", [0, -1, 1.01])
def test_a_scale_outside_zero_to_one_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="at most 1"):
        read_mississippi(scale)


def test_missing_public_tables_are_named_with_the_way_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="ALLIANCE_DATA") as missing:
        read_mississippi(data=tmp_path)
    assert str(tmp_path) in str(missing.value)


def test_the_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ALLIANCE_DATA", "/somewhere")
    assert data_folder() == Path("/somewhere")


@needs_data
def test_a_larger_state_takes_no_more_memory_to_write(tmp_path: Path) -> None:
    def peak(scale: float) -> int:
        tracemalloc.start()
        write_mississippi(tmp_path / "state", scale)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    # The largest district is 7 % of the state and grows with the scale; all the rest is written and let go.
    assert peak(0.04) < peak(0.01) + 3_000_000


def test_a_bundle_that_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def half() -> None:
        with BundleWriter(tmp_path / "half.zip") as bundle:
            bundle.write("orgs", [("a", "", "", "A", "district", "", "")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("schools", range(1, 60))
def test_every_grade_of_a_district_has_a_school(schools: int) -> None:
    found = spans(schools)
    assert len(found) == schools
    assert {grade for first, last in found for grade in range(first, last + 1)} == set(range(13))

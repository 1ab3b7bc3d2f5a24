"""Bundles as files: zips, folders, encodings, headers, broken rows."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.errors import AllianceError, Malformed, TooLarge
from services.roster.oneroster import bundle as bundles
from services.roster.oneroster.bundle import open_bundle
from services.roster.oneroster.problems import LISTED, Problem, Problems
from services.roster.oneroster.reading import read
from services.roster.oneroster.stated import Known, Stated
from tests.builders_roster import small, texts, write_folder, write_zip

TODAY = date(2026, 8, 20)


def read_all(path: Path) -> tuple[Stated, Problems]:
    problems = Problems()
    return read(open_bundle(path, problems), Known(), TODAY, problems), problems


def found(problems: Problems, code: str) -> list[Problem]:
    return [problem for problem in problems.listed() if problem.code == code]


def test_a_sound_bundle_has_no_problem_as_a_zip_and_as_a_folder(tmp_path: Path) -> None:
    files = texts(small())
    for path in (write_zip(tmp_path / "b.zip", files), write_folder(tmp_path / "b", files)):
        stated, problems = read_all(path)
        assert problems.listed() == []
        assert stated.counts == {
            "orgs.csv": 3,
            "academicSessions.csv": 1,
            "classes.csv": 3,
            "users.csv": 6,
            "enrollments.csv": 4,
        }
        assert (stated.students.rows.height, stated.guardians.rows.height, stated.links.height) == (3, 2, 3)


def test_what_is_no_zip_says_so(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"sourcedId,status\n")
    with pytest.raises(Malformed, match="not a zip"):
        open_bundle(tmp_path / "b.zip", Problems())


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="not there"):
        open_bundle(tmp_path / "b.zip", Problems())


def test_a_zip_without_a_oneroster_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="no OneRoster CSV"):
        open_bundle(write_zip(tmp_path / "b.zip", {"readme.txt": "hello"}), Problems())


@pytest.mark.parametrize("name", ["../orgs.csv", "/etc/orgs.csv", "a\\..\\..\\orgs.csv"])
def test_a_zip_that_names_a_file_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Malformed, match="outside itself"):
        open_bundle(write_zip(tmp_path / "b.zip", {name: "sourcedId"}), Problems())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "b.zip", {"orgs.csv": b" " * (bundles.RATIO_MATTERS_FROM + 1)})
    with pytest.raises(TooLarge, match="times its packed size"):
        open_bundle(path, Problems())


def test_a_zip_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LARGEST", 100)
    with pytest.raises(TooLarge, match="Unpacked"):
        open_bundle(write_zip(tmp_path / "b.zip", texts(small())), Problems())


def test_a_file_damaged_inside_the_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, text in texts(small()).items():
            archive.writestr(name, text)
    path.write_bytes(path.read_bytes().replace(b"Sudduth", b"Suddutt", 1))
    with pytest.raises(Malformed, match=r"orgs\.csv is damaged"):
        read_all(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "b.zip", {"orgs.csv": "sourcedId"})
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1  # the flag "encrypted" of the central directory
    path.write_bytes(content)
    with pytest.raises(Malformed, match="without a password"):
        open_bundle(path, Problems())


def test_files_in_a_folder_of_the_zip_are_read_and_reported(tmp_path: Path) -> None:
    files = {f"export/{name}": text for name, text in texts(small()).items()}
    stated, problems = read_all(write_zip(tmp_path / "b.zip", {**files, "__MACOSX/._orgs.csv": "x"}))
    assert stated.students.rows.height == 3
    assert [problem.code for problem in problems.listed()] == ["folder_in_zip"]


def test_unknown_files_and_other_spellings_are_reported(tmp_path: Path) -> None:
    files = texts(small())
    files["Users.csv"] = files.pop("users.csv")
    files["extra.csv"] = "a,b\n"
    stated, problems = read_all(write_folder(tmp_path / "b", files))
    assert stated.students.rows.height == 3
    assert {(p.file, p.code) for p in problems.listed()} == {
        ("Users.csv", "file_name_case"),
        ("extra.csv", "unknown_file"),
    }


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    files = {
        name: b"\xef\xbb\xbf" + text.replace("\r\n", "\n").encode() for name, text in texts(small()).items()
    }
    stated, problems = read_all(write_folder(tmp_path / "b", files))
    assert problems.listed() == []
    assert stated.students.rows.height == 3


def test_windows_1252_is_read_and_reported_by_line_and_column_without_the_name(tmp_path: Path) -> None:
    files = texts(small())
    content = files["users.csv"].replace("Ben", "Béñ").encode("cp1252")
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    (problem,) = problems.listed()
    assert (problem.file, problem.line, problem.column, problem.code) == (
        "users.csv",
        3,
        "givenName",
        "encoding",
    )
    assert "Béñ" not in problem.message
    assert stated.students.rows["given"].to_list() == ["Ada", "Béñ", "Cy"]


def test_utf_16_is_refused_as_a_file_and_nothing_absent_is_taken_as_gone(tmp_path: Path) -> None:
    files = texts(small())
    content = files["users.csv"].encode("utf-16")
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    assert [p.file for p in found(problems, "encoding")] == ["users.csv"]
    assert not stated.students.complete


def test_rows_with_too_few_or_too_many_fields_are_left_out_and_their_ids_held(tmp_path: Path) -> None:
    files = texts(small())
    lines = files["enrollments.csv"].splitlines()
    lines[1] = lines[1].rpartition(",")[0]
    lines[2] += ",surplus"
    lines[3] += ",,"
    content = "\n".join(lines) + "\n"
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "enrollments.csv": content}))
    assert [(p.line, p.code, p.severity) for p in problems.listed() if p.file == "enrollments.csv"] == [
        (2, "too_few_columns", "error"),
        (3, "too_many_columns", "error"),
        (4, "too_many_columns", "warning"),
    ]
    assert stated.enrolments.rows["sourced_id"].to_list() == ["e-3"]
    assert sorted(stated.enrolments.held) == ["e-1", "e-2"]
    assert stated.enrolments.complete


def test_a_broken_quotation_mark_costs_its_own_rows_only(tmp_path: Path) -> None:
    files = texts(small())
    content = files["users.csv"].replace("p-2,", '"p-2"x,', 1)
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    assert [(p.line, p.code) for p in problems.listed() if p.file == "users.csv"] == [
        (0, "absence_ignored"),
        (3, "quoting"),
    ]
    assert stated.students.rows["sourced_id"].to_list() == ["p-1", "p-3"]
    assert not stated.students.complete


def test_a_field_with_a_line_break_keeps_the_line_numbers_right(tmp_path: Path) -> None:
    tables = small()
    tables["users"][0]["familyName"] = "Quill\nfeather"
    tables["users"][2]["agentSourcedIds"] = "nobody"
    _, problems = read_all(write_folder(tmp_path / "b", texts(tables)))
    assert [(p.line, p.code) for p in problems.listed()] == [(5, "dangling")]


def test_a_nul_character_leaves_the_row_out(tmp_path: Path) -> None:
    files = texts(small())
    content = files["users.csv"].replace("Ben", "B\0n")
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    assert [(p.line, p.column) for p in found(problems, "nul")] == [(3, "givenName")]
    assert stated.students.rows["sourced_id"].to_list() == ["p-1", "p-3"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("sourcedId", "id", 1), "header_missing"),
        (lambda text: text.replace(",", ";"), "separator"),
        (lambda text: text.replace("status", "sourcedId", 1), "header_twice"),
        (lambda text: "", "header"),
    ],
)
def test_a_file_with_an_unusable_header_is_not_read(tmp_path: Path, change: object, code: str) -> None:
    files = texts(small())
    content = change(files["users.csv"])  # type: ignore[operator]
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    assert [(p.file, p.line) for p in found(problems, code)] == [("users.csv", 1)]
    assert stated.students.rows.is_empty()
    assert not stated.students.complete


def test_a_misspelt_column_is_reported_with_a_guess_and_metadata_is_not(tmp_path: Path) -> None:
    tables = small()
    tables["users"][0].update({"prefferedGivenName": "Addie", "metadata.bus": "7"})
    files = texts(tables)
    content = files["users.csv"].replace("dateLastModified", "DateLastModified ")
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "users.csv": content}))
    assert [(p.code, p.line) for p in problems.listed()] == [("header_spelling", 1), ("header_unknown", 1)]
    assert "preferredGivenName" in found(problems, "header_unknown")[0].message
    assert stated.students.rows.height == 3


def test_the_manifest_decides_what_is_read_and_how(tmp_path: Path) -> None:
    files = texts(small())
    manifest = files["manifest.csv"].replace("file.enrollments,bulk", "file.enrollments,absent")
    manifest = manifest.replace("file.classes,bulk", "file.classes,").replace(
        "file.orgs,bulk", "file.orgs,all"
    )
    manifest = manifest.replace("file.roles,absent", "file.roles,bulk").replace("1.1", "1.0")
    stated, problems = read_all(write_folder(tmp_path / "b", {**files, "manifest.csv": manifest}))
    assert {p.code for p in problems.listed() if p.file == "manifest.csv"} == {
        "file_not_announced",
        "property_empty",
        "file_not_named",
        "mode",
        "file_missing",
        "version",
    }
    assert stated.enrolments.rows.is_empty()
    assert stated.students.complete


def test_a_bundle_without_a_manifest_is_bulk(tmp_path: Path) -> None:
    files = texts(small())
    del files["manifest.csv"]
    stated, problems = read_all(write_folder(tmp_path / "b", files))
    assert [p.code for p in problems.listed()] == ["manifest_missing"]
    assert stated.students.complete


def test_many_problems_of_one_kind_are_all_counted_and_listed_to_a_limit() -> None:
    problems = Problems()
    for line in range(2, LISTED + 5):
        problems.error("users.csv", line, "role", "role", "no")
    assert problems.errors == LISTED + 3
    assert len(problems.listed()) == LISTED + 1
    assert problems.listed()[-1].message == "… and 3 more of this kind in role."


_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["cut", "double", "insert", "drop line"]),
        st.sampled_from(["orgs", "academicSessions", "classes", "users", "enrollments", "manifest"]),
        st.integers(0, 2000),
        st.binary(min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=4,
)


@given(_EDITS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_damaged_the_answer_is_problems_or_a_clear_refusal(
    tmp_path: Path, edits: list[tuple[str, str, int, bytes]]
) -> None:
    files = {name: text.encode() for name, text in texts(small()).items()}
    for what, name, place, inserted in edits:
        content = files[f"{name}.csv"]
        at = place % (len(content) + 1)
        match what:
            case "cut":
                content = content[:at] + content[at + 1 :]
            case "double":
                content = content + content[at:]
            case "insert":
                content = content[:at] + inserted + content[at:]
            case "drop line":
                lines = content.splitlines(keepends=True)
                content = b"".join(
                    line for number, line in enumerate(lines) if number != place % (len(lines) + 1)
                )
        files[f"{name}.csv"] = content
    try:
        stated, problems = read_all(write_folder(tmp_path / "b", files))
    except AllianceError:
        return
    assert msgspec.json.decode(msgspec.json.encode(problems.listed())) or problems.listed() == []
    assert stated.students.rows["sourced_id"].is_unique().all()
    assert {class_.school for class_ in stated.classes.values()} <= {
        id_ for kind, id_ in stated.orgs if kind == "school"
    }

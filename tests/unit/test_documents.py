"""README and docs/: what they name is there, and what is there is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from alliance.settings import METRICS_PORTS, SERVICES
from tests.fixtures.deployment import ROOT, settings_read

#: Lines of a file that is "short".
SHORT = 300
#: Read by the simulation; a running platform knows nothing of it.
PUBLIC_DATA = "ALLIANCE_DATA"


def rows(document: str, heading: str) -> Iterator[list[str]]:
    """The cells of the first table below a heading."""
    _, _, below = (ROOT / document).read_text().partition(f"\n{heading}\n")
    found = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert found, f"no table below {heading!r} in {document}"
    for line in found[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def reading_order() -> list[str]:
    """The files of the reading order; one without a folder is beside the one before it."""
    named: list[str] = []
    for _, files, *_ in rows("docs/architecture.md", "Read the files in this order; each is short."):
        for name in re.findall(r"`([^`]+)`", files):
            named.append(name if "/" in name else str(PurePosixPath(named[-1]).parent / name))
    return named


@pytest.mark.parametrize("name", reading_order())
def test_every_file_of_the_reading_order_is_there_and_short(name: str) -> None:
    path = ROOT / name
    files = sorted(path.glob("*.py")) if name.endswith("/") else [path]
    assert files
    for file in files:
        assert len(file.read_text().splitlines()) <= SHORT, file


def settings_named(document: str) -> set[str]:
    """The settings of the document's table, one for each service or part where it names them together."""
    table = " ".join(row[0] for row in rows(document, "## Settings"))
    own = {
        "<SERVICE>_DATABASE": [f"{owner.upper()}_DATABASE" for owner in (*SERVICES, "gateway")],
        "<SERVICE>": [service.upper() for service in SERVICES],
        "<PART>": [part.upper().replace("-", "_") for part in METRICS_PORTS],
    }
    found = set()
    for name in re.findall(r"`(ALLIANCE_[^`]+)`", table):
        place = next((place for place in own if place in name), None)
        found |= {name.replace(place, each) for each in own[place]} if place else {name}
    return found


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[str]:
    """Every setting; those of secrets by the name without _FILE."""
    read = settings_read(monkeypatch, tmp_path)
    return {name for name in read if not name.endswith("_FILE")} | {PUBLIC_DATA}


def test_the_operators_table_names_every_setting_and_no_other(settings: set[str]) -> None:
    assert settings_named("docs/operators.md") == settings


def test_the_readmes_table_names_settings_that_there_are(settings: set[str]) -> None:
    named = settings_named("README.md")
    assert named - settings == set()
    assert {"ALLIANCE_VAR", "ALLIANCE_SECRET_KEY", PUBLIC_DATA} <= named


def test_the_operators_table_says_of_every_secret_that_it_can_be_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = {
        name
        for row in rows("docs/operators.md", "## Settings")
        for name in re.findall(r"`ALLIANCE_(\w+|<SERVICE>\w+)` \(or `_FILE`\)", row[0])
    }
    read = settings_read(monkeypatch, tmp_path)
    files = {name.removeprefix("ALLIANCE_").removesuffix("_FILE") for name in read if name.endswith("_FILE")}
    owners = {f"{owner.upper()}_DATABASE_URL" for owner in (*SERVICES, "gateway")}
    assert owners <= files
    assert said == files - owners | {"<SERVICE>_DATABASE_URL"}


def test_every_alert_has_a_row_in_the_operators_table() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "rules" / "alerts.yml").read_text()
    alerts = set(re.findall(r"- alert: (\w+)", rules))
    named = set()
    for row in rows("docs/operators.md", "## Watch it"):
        for name, more in re.findall(r"(Alliance\w+)(?:\((\w+)\))?", row[0]):
            named |= {name, name + more}
    assert named == alerts


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = [
        row[0]
        for row in rows("docs/decisions/README.md", "[indicator-definitions.md](indicator-definitions.md).")
    ]
    linked = {re.sub(r".*\((.+)\)", r"\1", cell) for cell in listed}
    assert linked == {path.name for path in folder.glob("*.md")} - {"README.md"}


@pytest.mark.parametrize(
    "document",
    sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))),
)
def test_every_link_to_another_document_leads_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target

"""The image, and what it is built from: pinned, complete, and with nothing of this machine in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from alliance import __version__
from services.evaluation.report.pdf import PACKAGES as PACKAGES_OF_A_PDF
from tests.fixtures.deployment import DEPLOY, ROOT, compose_parts

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("alliance", "services", "gateway", "simulation")


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    return {
        normal(name): version
        for name, _, version in (line.partition("==") for line in lines if line and line[0] not in "#-")
    }


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_dockerfile_passes_hadolint(program: Callable[..., str]) -> None:
    program("hadolint", "deploy/Dockerfile")


def test_the_scripts_pass_shellcheck(program: Callable[..., str]) -> None:
    program("shellcheck", ".ci/run", *(str(path) for path in sorted(DEPLOY.rglob("*.sh"))))


def test_the_container_runs_as_a_user_without_rights() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert all(part["user"] == "10001:10001" for part in compose_parts().values())


def test_the_image_holds_what_a_reports_pdf_is_printed_with() -> None:
    (stage,) = re.findall(r"^FROM [^\n]+bookworm\n(.+)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert set(PACKAGES_OF_A_PDF.split()) <= set(stage.split())


def test_everything_that_is_copied_in_is_there_and_let_through_by_dockerignore() -> None:
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    let_through = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == let_through
    for source in copied:
        assert (ROOT / source).exists(), source


def test_one_version_everywhere() -> None:
    assert PROJECT["project"]["version"] == __version__
    assert {part["image"] for part in compose_parts().values()} == {f"alliance:{__version__}"}
    assert f"newTag: {__version__}" in (DEPLOY / "kubernetes" / "kustomization.yaml").read_text()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_a_lock_pins_one_version(lock: str) -> None:
    for line in (ROOT / lock).read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), line


def test_the_locks_hold_every_dependency_that_is_declared() -> None:
    runtime = pins("requirements.lock")
    declared = {normal(re.split(r"[<>=~!]", each)[0]) for each in PROJECT["project"]["dependencies"]}
    assert declared - set(runtime) == set()
    development = pins("requirements-dev.lock")
    tools = {
        normal(re.split(r"[<>=~!]", each)[0]) for each in PROJECT["project"]["optional-dependencies"]["dev"]
    }
    assert tools - set(development) - set(runtime) == set()
    assert set(runtime) & set(development) == set()


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in (*PACKAGES, "pyproject.toml", "README.md"):
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
    ]
    built = subprocess.run([*pip, str(tmp_path), str(source)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("alliance-")}
    files = {
        str(path.relative_to(source))
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    assert packed == files

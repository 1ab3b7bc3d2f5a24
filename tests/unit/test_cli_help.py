"""The command line explains itself: every command has help, options that are explained, and an example that works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alliance.cli import cli
from services.roster.oneroster.problems import LISTED

#: What the operators' guide and the README promise.
PROMISED = {
    "migrate", "serve", "relay", "receive", "project", "rebuild", "parked list", "parked replay", "tokens create",
    "tokens list", "tokens revoke", "roster import", "simulate sample", "simulate mississippi", "doctor", "restored",
    "refold", "outcomes import", "report",
}  # fmt: skip


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group with the words that lead to it; the program itself has none."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


COMMANDS = list(commands())
NAMES = [" ".join(path) or "alliance" for path, _ in COMMANDS]


def test_there_is_every_command_that_is_promised() -> None:
    found = {" ".join(path) for path, command in commands() if not isinstance(command, click.Group)}

    assert found == PROMISED


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_help_ends_with_an_example_that_the_command_takes(
    path: tuple[str, ...], command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])

    assert shown.exit_code == 0
    assert command.help
    assert command.epilog is not None
    assert command.epilog.startswith("Example: alliance ")
    assert " ".join(command.epilog.split()) in " ".join(shown.output.split())
    words = shlex.split(command.epilog.removeprefix("Example: alliance "))
    assert tuple(words[: len(path)]) == path
    monkeypatch.chdir(tmp_path)
    for file in ("bundle.zip", "2022_maap_ela_math.xlsx"):
        (tmp_path / file).touch()
    parse(cli, words)


def parse(command: click.Command, words: list[str]) -> None:
    """As the command line would read the words, down to the innermost command, without running any."""
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context(command.name, words, parent=context)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=NAMES)
def test_every_option_is_explained_or_explains_itself(path: tuple[str, ...], command: click.Command) -> None:
    options = [each for each in command.params if isinstance(each, click.Option)]

    for option in options:
        choices = isinstance(option.type, click.Choice)
        assert option.help or choices or option.default is not None, f"{' '.join(path)} {option.opts[0]}"


def test_the_help_of_an_import_says_up_to_how_many_problems_are_listed() -> None:
    shown = CliRunner().invoke(cli, ["roster", "import", "--help"])

    assert f"the first {LISTED:,} of each kind" in " ".join(shown.output.split())


def test_a_command_that_does_not_exist_is_told_with_the_way_to_help() -> None:
    answer = CliRunner().invoke(cli, ["migrat"])

    assert answer.exit_code == 2
    assert "No such command" in answer.output
    assert "--help" in answer.output


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output.startswith("alliance, version 0.1")


#: What stands in the guides for a word of the reader's own.
PLACEHOLDERS = {
    "serve NAME": "serve pledges",
    "relay NAME": "relay pledges",
    "rebuild NAME": "rebuild participation",
    "SERVICE": "pledges",
    "import FILE": "import results.xlsx",
    "--check FOLDER": "--check .",
    "[--partition k/K]": "--partition 0/2",
}
ROOT = Path(__file__).parents[2]


def test_every_command_in_the_guides_is_one_that_the_command_line_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results.xlsx").touch()
    guides = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    named = [
        each
        for guide in guides
        for each in re.findall(r"(?:`|\$ )alliance ([a-z][^`\n]*)", guide.read_text())
    ]

    assert len(named) > 10
    for written in named:
        command = written
        for placeholder, word in PLACEHOLDERS.items():
            command = command.replace(placeholder, word)
        parse(cli, shlex.split(command))

"""The help of each command fits a terminal and is short."""

from __future__ import annotations

import click
import pytest

from stepgraph.cli.main import commands

WIDTH = 80
NAMES = [
    "check",
    "completion",
    "diff",
    "graph",
    "instance",
    "list",
    "lsp",
    "render",
    "replay",
    "rules",
    "schema",
    "serve",
    "why",
]


def command_of(name: str) -> click.Command:
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    return command


def context_of(command: click.Command) -> click.Context:
    """Return a context in a terminal of 80 columns. click caches the help option, so its names are the real ones."""
    return click.Context(command, help_option_names=["-h", "--help"], terminal_width=WIDTH)


def help_text(name: str) -> list[str]:
    """Return the lines of the help of a command in a terminal of 80 columns."""
    command = command_of(name)
    return command.get_help(context_of(command)).splitlines()


def counts_by_option(lines: list[str]) -> dict[str, int]:
    """Return the number of lines in the right column for each option."""
    column = next(line.index("Show this message") for line in lines if "Show this message" in line)
    counts: dict[str, int] = {}
    for line in lines[lines.index("Options:") + 1 :]:
        if not line.strip():
            break
        if line.startswith("  -"):
            option = line.split()[0]
            counts[option] = 0
        counts[option] += line[column - 2 : column] == "  " and len(line) > column
    return counts


def test_all_commands_are_tested() -> None:
    assert commands.list_commands(click.Context(commands)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_an_option_has_at_most_two_lines(name: str) -> None:
    assert {option: count for option, count in counts_by_option(help_text(name)).items() if count not in (1, 2)} == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_first_paragraph_of_a_command_is_one_sentence(name: str) -> None:
    first = " ".join((command_of(name).help or "").split("\n\n")[0].split())
    assert first.count(".") == 1
    assert first.endswith(".")


def test_the_list_of_commands_truncates_no_help() -> None:
    assert "..." not in commands.get_help(context_of(commands)).partition("Commands:")[2]


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_the_terminal(name: str) -> None:
    assert max(map(len, help_text(name))) <= WIDTH

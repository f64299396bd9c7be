"""The page on the command line says what the command says of itself."""

from __future__ import annotations

import re

import click
import pytest

from docs.generate.commands import commands_page
from stepgraph.cli.main import commands

CONTEXT = click.Context(commands)


@pytest.mark.parametrize("name", commands.list_commands(CONTEXT))
def test_each_command_has_a_section_with_its_options(name: str) -> None:
    _, _, section = commands_page().partition(f"## stepgraph {name}\n")
    rows = re.findall(r"^\| `([^`]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    told = {word.rstrip(",") for row in rows for word in row.split() if word.startswith("-")}
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert told == {option for option in options if option.startswith("-")} | {"-h", "--help"}

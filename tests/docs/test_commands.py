"""The page on the command line matches the help of the commands."""

from __future__ import annotations

import re

import click
import pytest

from docs.generate.commands import commands_page
from docs.generate.files import ROOT
from stepgraph.cli.main import commands

CONTEXT = click.Context(commands)


@pytest.mark.parametrize("name", commands.list_commands(CONTEXT))
def test_each_command_has_a_section_with_its_options(name: str) -> None:
    _, _, section = commands_page().partition(f"## stepgraph {name}\n")
    rows = re.findall(r"^\| `([^`]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    documented = {word.rstrip(",") for row in rows for word in row.split() if word.startswith("-")}
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    shown = (parameter for parameter in command.params if not getattr(parameter, "hidden", False))
    options = {option for parameter in shown for option in (*parameter.opts, *parameter.secondary_opts)}
    assert documented == {option for option in options if option.startswith("-")} | {"-h", "--help"}


def test_the_security_guarantees_name_existing_options() -> None:
    named = set(re.findall(r"(?<=`)--[a-z-]+", (ROOT / "SECURITY.md").read_text(encoding="utf-8")))
    all_commands = [commands.get_command(CONTEXT, name) for name in commands.list_commands(CONTEXT)]
    parameters = [parameter for command in all_commands if command for parameter in command.params]
    assert named <= {option for parameter in parameters for option in parameter.opts}

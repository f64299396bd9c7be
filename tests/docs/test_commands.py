"""The page on the command line matches the help of the commands."""

from __future__ import annotations

import re

import pytest

from docs.generate.commands import commands_page
from stepgraph.cli.main import commands


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_each_command_has_a_section_with_its_options(name: str) -> None:
    _, _, section = commands_page().partition(f"## stepgraph {name}\n")
    rows = re.findall(r"^\| `([^`]+)` \|", section.partition("\n## ")[0], re.MULTILINE)
    documented = {word.rstrip(",") for row in rows for word in row.split() if word.startswith("-")}
    options = {
        option
        for parameter in commands.commands[name].params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert documented == {option for option in options if option.startswith("-")} | {"-h", "--help"}

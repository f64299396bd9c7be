"""The page on the command line says what the command says of itself."""

from __future__ import annotations

import pytest

from docs.generate.commands import commands_page
from stepgraph.cli.main import commands


@pytest.mark.parametrize("name", sorted(commands.commands))
def test_each_command_has_a_section_with_its_options(name: str) -> None:
    _, _, section = commands_page().partition(f"## stepgraph {name}\n")
    section = section.partition("\n## ")[0]
    options = [option for one in commands.commands[name].params for option in one.opts if option.startswith("--")]
    assert all(option in section for option in options)

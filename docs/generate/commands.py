"""The page on the command line, from the command itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from docs.generate.tables import cell
from stepgraph.cli.main import commands

PAGE = "docs/reference/commands.md"

_INTRODUCTION = """\
# The command line

What `stepgraph --help` and the help of each command say, from which this page is made.
"""


def commands_files() -> dict[str, str]:
    """Return the page."""
    return {PAGE: commands_page()}


def commands_page() -> str:
    """Return the page, in Markdown."""
    parts = [_INTRODUCTION, *_described(commands, "stepgraph")]
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        if command is not None:
            parts += [f"## stepgraph {name}\n", *_described(command, f"stepgraph {name}")]
    return "\n".join(parts)


def _described(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, **commands.context_settings)
    yield f"```text\n{' '.join([name, *command.collect_usage_pieces(context)])}\n```\n"
    yield _paragraphs(command.help or "")
    options = (parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option))
    rows = [record for option in options if (record := option.get_help_record(context))]
    if rows:
        yield "| option | |\n| --- | --- |"
        yield from (f"| {_code(option)} | {_cell(meaning)} |" for option, meaning in rows)
        yield ""
    if command.epilog:
        yield _paragraphs(command.epilog)


def _paragraphs(text: str) -> str:
    """Return text of a help page as Markdown: what keeps its lines there is a block."""
    found = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        kept = paragraph.startswith("\b\n")
        found.append(f"```text\n{paragraph[2:]}\n```\n" if kept else f"{' '.join(paragraph.split())}\n")
    return "\n".join(found)


def _code(option: str) -> str:
    return f"`{cell(option)}`"


def _cell(meaning: str) -> str:
    """Return the help of an option for a cell, with names of options and variables as code."""
    return re.sub(r"(?<![\w`])(--?[a-z][a-z-]*|[A-Z]+_[A-Z_]+)", r"`\1`", cell(meaning))

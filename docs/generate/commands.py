"""Generate the page on the command line from the help of the commands."""

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

The output of `stepgraph --help` and of the help of each command.
"""


def commands_files() -> dict[str, str]:
    """Return the page by its path."""
    return {PAGE: commands_page()}


def commands_page() -> str:
    """Return the page in Markdown."""
    parts = [_INTRODUCTION, *_section(commands, "stepgraph")]
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        if command is not None:
            parts += [f"## stepgraph {name}\n", *_section(command, f"stepgraph {name}")]
    return "\n".join(parts)


def _section(command: click.Command, name: str) -> Iterator[str]:
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
    """Return a help text as Markdown. Paragraphs that keep their line breaks become blocks."""
    paragraphs = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        is_preformatted = paragraph.startswith("\b\n")
        prose = _with_code(" ".join(paragraph.split()))
        paragraphs.append(f"```text\n{paragraph[2:]}\n```\n" if is_preformatted else f"{prose}\n")
    return "\n".join(paragraphs)


def _code(option: str) -> str:
    return f"`{cell(option)}`"


def _cell(meaning: str) -> str:
    """Return the help of an option as the text of a cell."""
    return _with_code(cell(meaning))


def _with_code(text: str) -> str:
    """Return text with options and variables as code."""
    code = r"`[^`]*`|(?<!\w)(--?[a-z][a-z-]*|[A-Z]+_[A-Z_]+)"
    return re.sub(code, lambda match: f"`{match[1]}`" if match[1] else match[0], text)

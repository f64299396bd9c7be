"""Names of commands and options in other tools that mean the same here. Help does not show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import click

COMMAND_ALIASES: Final = {
    "describe": "instance",
    "draw": "graph",
    "explain": "rules",
    "instances": "instance",
    "lint": "check",
    "ls": "list",
    "rule": "rules",
}
"""The command that each alias stands for."""

OPTION_ALIASES: Final = {
    "--collapse": "--fold",
    "--colour": "--color",
    "--extend-ignore": "--ignore",
    "--no-color": "--color=never",
    "--no-colors": "--color=never",
    "--no-colour": "--color=never",
    "--out": "--output",
    "--output-file": "--output",
    "--output-format": "--format",
    "--stdin-display-name": "--stdin-filename",
}
"""The option that each alias stands for, in commands that have it."""

_END_OF_OPTIONS: Final = "--"


def expand_option_aliases(command: click.Command, arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command with its own options in place of aliases.

    Like Terraform, it accepts long options with one dash (`-output`), which click would read as `-o utput`.
    """
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return list(_expand(options, arguments))


def _expand(options: set[str], arguments: Sequence[str]) -> Iterator[str]:
    for position, argument in enumerate(arguments):
        if argument == _END_OF_OPTIONS:
            yield from arguments[position:]
            return
        yield _expand_argument(options, argument) if argument.startswith("-") else argument


def _expand_argument(options: set[str], argument: str) -> str:
    name, equals, value = argument.partition("=")
    long_name = name if name.startswith("--") else f"-{name}"
    expanded = OPTION_ALIASES.get(long_name, long_name)
    if name in options or expanded.partition("=")[0] not in options:
        return argument
    return f"{expanded}{equals}{value}"

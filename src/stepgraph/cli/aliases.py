"""Names of commands and options in other tools that mean the same here. Help does not show them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    """Return the arguments of a command with its own long options in place of aliases and short options.

    Like Terraform, it accepts long options with one dash (`-output`), which click would read as `-o utput`. For each
    short option, click searches for similar long options, which takes longer than all other parsing of arguments.
    """
    options = {name: parameter for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return list(_expand(options, arguments))


def _expand(options: Mapping[str, click.Parameter], arguments: Sequence[str]) -> Iterator[str]:
    previous: click.Parameter | None = None
    for position, argument in enumerate(arguments):
        if argument == _END_OF_OPTIONS:
            yield from arguments[position:]
            return
        parameter = options.get(argument) if argument.startswith("-") else None
        is_last = position + 1 == len(arguments)  # an error about its missing value names it as the user wrote it
        if parameter is not None and not is_last and not _takes_value(previous):
            yield _long_name(parameter, argument)
        else:
            yield _expand_argument(options, argument) if argument.startswith("-") else argument
        previous = parameter


def _long_name(parameter: click.Parameter, name: str) -> str:
    """Return the long name of an option in place of its short one."""
    return name if name.startswith("--") else next((each for each in parameter.opts if each.startswith("--")), name)


def _takes_value(parameter: click.Parameter | None) -> bool:
    """Return whether an option takes the next argument as its value, even one that looks like an option."""
    return parameter is not None and not getattr(parameter, "is_flag", False)


def _expand_argument(options: Collection[str], argument: str) -> str:
    name, equals, value = argument.partition("=")
    long_name = name if name.startswith("--") else f"-{name}"
    expanded = OPTION_ALIASES.get(long_name, long_name)
    if name in options or expanded.partition("=")[0] not in options:
        return argument
    return f"{expanded}{equals}{value}"

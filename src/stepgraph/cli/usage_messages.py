"""Messages of usage errors.

Only runs that end in a usage error import this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

import click

from stepgraph.cli.main import COMMAND_ALIASES, OPTION_ALIASES
from stepgraph.cli.synonyms import COMMAND_ADVICE, advice_on_option
from stepgraph.phrases import quoted

_SHORT_OPTION: Final = 2
"""The length of a short option."""


def usage_message(error: click.ClickException) -> str:
    """Return the message of a usage error in one line, with the command whose help to read."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = "stepgraph" if context is None else context.command_path
    if isinstance(error, click.NoSuchOption) and context is not None:
        message = _unknown_option_message(error, context)
    else:
        message = error.format_message()
    message = message if message.endswith("?") else f"{message.removesuffix('.')}."
    return f"stepgraph: {message} Try `{command} --help`."


def unknown_command_message(name: str, commands: Sequence[str]) -> str:
    """Return the message for a command that is none of the `commands`."""
    if name in COMMAND_ADVICE:
        advice = COMMAND_ADVICE[name]
    elif similar := get_close_matches(name, [*commands, *COMMAND_ALIASES], 1):
        advice = f"Did you mean `{COMMAND_ALIASES.get(similar[0], similar[0])}`?"
    else:
        advice = f"Available: {', '.join(commands)}."
    return f"unknown command `{name}`. {advice}"


def _unknown_option_message(error: click.NoSuchOption, context: click.Context) -> str:
    option, argument = error.option_name, _argument_of(error.option_name, context)
    available = _options(context.command)
    formats = _formats(context.command)
    advice = (
        advice_on_option(f"-{argument}" if argument != option else option, available, formats)
        or (advice_on_option(option, available, formats) if _begins_with_option(argument) else None)
        or _advice_on_other_commands(option, context)
        or _similar_option(option, available)
    )
    return f"unknown option `{argument}`. {advice}" if advice else f"unknown option `{argument}`"


def _argument_of(option: str, context: click.Context) -> str:
    """Return the argument that contains an unknown option: `-json` for `-j`, but `-j` for `-j4`."""
    if len(option) == _SHORT_OPTION:
        for argument in context.find_root().obj or ():
            name = str(argument).partition("=")[0]
            if name.startswith(option) and name[1:].replace("-", "").isalpha():
                return name
    return option


def _begins_with_option(argument: str) -> bool:
    """Return whether an argument is an option (`-v`), a repeated one (`-vv`) or one with a value (`-Tsvg`).

    An argument such as `-json` is the name of an option of another tool instead.
    """
    return argument.startswith("--") or len(set(argument[1:])) == 1 or not argument[1:].islower()


def _options(command: click.Command) -> set[str]:
    """Return the options of a command that its help shows."""
    shown = (each for each in command.params if isinstance(each, click.Option) and not each.hidden)
    return {name for option in shown for name in (*option.opts, *option.secondary_opts)}


def _formats(command: click.Command) -> Sequence[str]:
    types = (option.type for option in command.params if "--format" in option.opts)
    return next((each.choices for each in types if isinstance(each, click.Choice)), ())


def _advice_on_other_commands(option: str, context: click.Context) -> str | None:
    """Return the commands that have the option, or None."""
    target = OPTION_ALIASES.get(option, option).partition("=")[0]
    names = quoted(f"stepgraph {name}" for name, command in _commands(context) if target in _options(command))
    return f"It is an option of {' and '.join(filter(None, (', '.join(names[:-1]), *names[-1:])))}." if names else None


def _commands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    root = context.find_root()
    group = root.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        if command is not None:
            yield name, command


def _similar_option(option: str, available: set[str]) -> str | None:
    similar = get_close_matches(option, sorted(available), 1)
    return f"Did you mean `{similar[0]}`?" if similar else None

"""What the commands that draw share: in what format, where to, and whether that is only checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Protocol, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.formats import Format

R = TypeVar("R")


class Suffixed(Protocol):
    """Anything with an end of the names of its files."""

    @property
    def suffix(self) -> str:
        """The end of the names of its files."""


Form = TypeVar("Form", bound=Suffixed)

_FORMAT_HELP = "What to make: by default what the name after -o ends with (.svg, .dot), else text."
_OUTPUT_HELP = (
    "Write to FILE, whole or not at all, or a file for each workflow to a folder: one that is there, or FILE/, which"
    " is made; - is standard output."
)
_CHECK_HELP = "Write nothing, and fail if what -o names is not what would be written."
_QUIET_HELP = "Neither notes nor names of written files on standard error."
_CHECK = "--check"


class Output(Struct, frozen=True):
    """What is to be made and where it goes: to the file or folder of that name, None for standard output.

    With `check` nothing is written, and `command` is how it would be.
    """

    form: Format
    name: str | None
    check: bool
    quiet: bool
    command: str


def output_options(formats: Mapping[str, Format]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return what gives a command the options -f, for one of these formats, -o, --check and -q, as `output`."""
    names = click.Choice(list(formats))

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @click.option("-f", "--format", "form", type=names, help=_FORMAT_HELP)
        @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
        @click.option(_CHECK, is_flag=True, help=_CHECK_HELP)
        @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
        @wraps(command)
        def with_output(*, form: str | None, name: str | None, check: bool, quiet: bool, **others: object) -> R:
            target = None if name == "-" else name
            if check and target is None:
                raise click.UsageError("--check needs -o with the file or folder that is to be checked.")
            chosen = by_suffix(target, formats) if form is None else formats[form]
            return command(output=Output(chosen, target, check, quiet, _command() if check else ""), **others)

        return with_output

    return decorate


def by_suffix(target: str | None, formats: Mapping[str, Form]) -> Form:
    """Return the format of files that end as this one does, in the longest way; the first for all others."""
    first, *others = formats.values()
    fitting = [form for form in others if target is not None and target.endswith(form.suffix)]
    return max(fitting, key=lambda form: len(form.suffix), default=first)


def _command() -> str:
    """Return the command line of this run without `--check`, as one would type it."""
    import shlex

    arguments: tuple[str, ...] = click.get_current_context().find_root().obj or ()
    return shlex.join(["stepgraph", *(argument for argument in arguments if argument != _CHECK)])

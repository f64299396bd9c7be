"""The output options of `stepgraph graph` and `stepgraph render`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TypeVar

import click
from msgspec import Struct

from stepgraph.cli.formats import MARKDOWN, Format
from stepgraph.cli.subject import Subject

R = TypeVar("R")


Content = TypeVar("Content")

_OUTPUT_HELP = (
    "Write to FILE, which is replaced only if all goes well, or a file for each workflow to a folder: one that is"
    " there, or FILE/, which is made; - is standard output."
)
_CHECK_HELP = "Write nothing, and fail if what -o names is not what would be written."
_QUIET_HELP = "Neither notes nor names of written files on standard error."
_CHECK = "--check"
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_NO_SUFFIXES: Mapping[str, str] = {}
# Suffixes that exclude the default format, text.
_UNSUPPORTED_SUFFIXES = (
    *(".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".html", ".htm"),
    *(".json", ".md", ".mmd", ".mermaid", ".dot", ".gv", ".sarif", ".xml", ".yaml", ".yml", ".csv"),
)
# Markdown files contain Mermaid diagrams.
_EXTRA_SUFFIXES = {MARKDOWN: "mermaid"}


class Output(Struct, frozen=True):
    """The format and destination of drawings."""

    format: Format[Sequence[Subject]]
    name: str | None
    """The output file or directory; None for standard output."""
    check: bool
    """Whether files are compared, not written."""
    quiet: bool
    command: str
    """The command line that writes the files; empty without `check`."""


def output_options(formats: Mapping[str, Format[Sequence[Subject]]]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds -f, -o, --check and -q to a command, as one argument `output`."""
    names = click.Choice(list(formats))
    ends = ", ".join(each.suffix for each in formats.values())
    help_on_format = (
        f"What to make: by default what the name after -o ends with ({ends}, or .md for Mermaid), else text."
    )

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @click.option("-f", "--format", "format_name", type=names, help=help_on_format)
        @click.option("-o", "--output", "name", metavar="FILE", help=_OUTPUT_HELP)
        @click.option(_CHECK, is_flag=True, help=_CHECK_HELP)
        @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
        @wraps(command)
        def with_output(*, format_name: str | None, name: str | None, check: bool, quiet: bool, **others: object) -> R:
            target = None if name == "-" else name
            if check and target is None:
                raise click.UsageError("--check needs -o with the file or folder that is to be checked.")
            selected = (
                format_by_suffix(target, formats, _EXTRA_SUFFIXES) if format_name is None else formats[format_name]
            )
            return command(output=Output(selected, target, check, quiet, _command() if check else ""), **others)

        return with_output

    return decorate


def format_by_suffix(
    target: str | None, formats: Mapping[str, Format[Content]], others: Mapping[str, str] = _NO_SUFFIXES
) -> Format[Content]:
    """Return the format with the longest matching suffix, or the first format for unknown suffixes.

    `others` are further suffixes with names of formats. Raises UsageError for suffixes of unsupported formats, such as
    `.png`.
    """
    first, *_ = formats.values()
    if target is None or os.path.isdir(target) or target.endswith(_SEPARATORS):
        return first
    by_suffix = {each.suffix: each for each in formats.values()}
    by_suffix |= {suffix: formats[name] for suffix, name in others.items()}
    matching = [suffix for suffix in by_suffix if target.endswith(suffix)]
    if matching:
        return by_suffix[max(matching, key=len)]
    if target.lower().endswith(_UNSUPPORTED_SUFFIXES):
        suffix = os.path.splitext(target)[1]
        raise click.UsageError(
            f"`{suffix}` is no format of this command. Name the file {_list_suffixes(by_suffix)}, or give -f."
        )
    return first


def _list_suffixes(suffixes: Iterable[str]) -> str:
    *others, last = (suffix for suffix in suffixes if suffix.rfind(".") == 0)
    return f"{', '.join(others)} or {last}"


def _command() -> str:
    """Return the command line of this run without `--check`, quoted for a shell."""
    import shlex

    arguments: tuple[str, ...] = click.get_current_context().find_root().obj or ()
    return shlex.join(["stepgraph", *(argument for argument in arguments if argument != _CHECK)])

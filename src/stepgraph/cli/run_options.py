"""The options that decide how a command runs: --no-cache and --watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Final, TypeVar

import click
from msgspec import Struct

from stepgraph.cli.analysis import Cache, cache_option
from stepgraph.project.reading import has_unsaved_files
from stepgraph.project.sources import STANDARD_INPUT

R = TypeVar("R")

_WATCH_HELP = "Run again after each change, until Ctrl-C. Requires stepgraph[watch]."

_REASONS: Final = {
    "--check": "compares files once",
    "--diff": "prints a single patch",
    "--fix": "would change files while you edit them",
    "--update-baseline": "would record each new finding",
}
"""Why options cannot be combined with --watch."""


class RunOptions(Struct, frozen=True):
    """The options --no-cache and --watch."""

    cache: Cache
    watching: bool
    """Whether the command runs again after each change."""


def run_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --no-cache and --watch to a command, as one argument `running`."""

    @cache_option
    @click.option("-w", "--watch", "watching", is_flag=True, help=_WATCH_HELP)
    @wraps(command)
    def with_running(*, cache: Cache, watching: bool, **others: object) -> R:
        return command(running=RunOptions(cache, watching), **others)

    return with_running


def reject_with_watch(paths: Sequence[str], options: Mapping[str, bool]) -> None:
    """Raise UsageError for standard input and for options that contradict --watch.

    `options` are the options with a reason in `_REASONS`, and whether they are used.
    """
    for option, is_used in options.items():
        if is_used:
            raise click.UsageError(f"--watch cannot be combined with {option}, which {_REASONS[option]}.")
    if STANDARD_INPUT in paths or has_unsaved_files():
        raise click.UsageError("--watch cannot read standard input again. Name files or directories.")

"""The options that name revisions, and nothing else, as the sides of a diff."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import click
from msgspec import Struct

R = TypeVar("R")

_FROM_HELP = "The old version is this revision (main, or main... for the merge base with HEAD), never a path."
_TO_HELP = "The new version is this revision, never a path."


class Revisions(Struct, frozen=True):
    """The names of the old and the new revision, None for what is not named so."""

    old: str | None
    new: str | None


def revision_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options --from and --to, as one argument `revisions`."""

    @click.option("--from", "old", metavar="REV", help=_FROM_HELP)
    @click.option("--to", "new", metavar="REV", help=_TO_HELP)
    @wraps(command)
    def with_revisions(*, old: str | None, new: str | None, **others: object) -> R:
        return command(revisions=Revisions(old, new), **others)

    return with_revisions

"""The argument that commands share: what to analyse."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


def paths_argument(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the argument PATHS: files, folders and `-`; the current folder if there are none."""
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(command)

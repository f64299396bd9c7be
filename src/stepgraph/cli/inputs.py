"""What commands share: what to analyse, and for which environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

_ENVIRONMENT_HELP = "Take the configuration's part for this environment."


def inputs(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the argument PATHS (files, folders and `-`) and the option --env."""
    command = click.option(
        "--env", "environment", metavar="NAME", envvar="CLOUDFLARE_ENV", help=_ENVIRONMENT_HELP, show_envvar=True
    )(command)
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(command)

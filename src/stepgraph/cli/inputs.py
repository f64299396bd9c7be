"""What commands share: what to analyse, and for which environment."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import click
from click.core import ParameterSource
from msgspec import Struct

R = TypeVar("R")

_ENVIRONMENT_HELP = "Take the configuration's part for this environment."


class Environment(Struct, frozen=True):
    """The environment of the configuration that a command is to use."""

    # None for the top level of the configuration.
    name: str | None
    # Whether it was named by --env. CLOUDFLARE_ENV may be set for other programs, and needs no configuration.
    is_option: bool


def environment_option(help_text: str = _ENVIRONMENT_HELP) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the option --env, as an argument `environment`."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @click.option("--env", "environment", metavar="NAME", envvar="CLOUDFLARE_ENV", help=help_text, show_envvar=True)
        @wraps(command)
        def with_environment(*, environment: str | None, **others: object) -> R:
            is_option = click.get_current_context().get_parameter_source("environment") is ParameterSource.COMMANDLINE
            return command(environment=Environment(environment or None, is_option), **others)

        return with_environment

    return decorate


def inputs(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the argument PATHS (files, folders and `-`) and the option --env."""
    return click.argument("paths", nargs=-1, metavar="[PATHS]...")(environment_option()(command))

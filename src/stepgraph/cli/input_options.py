"""The options that select inputs and workflows: PATHS, --stdin-filename, --config, --env and --workflow."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import wraps
from typing import TYPE_CHECKING, Protocol, TypeVar

import click
from click.core import ParameterSource
from msgspec import Struct

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode
from stepgraph.phrases import suggest_names, workflow_title
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from stepgraph.project.sources import ExternalWorkflow


R = TypeVar("R")

_ENVIRONMENT_HELP = "Use this environment from the wrangler configuration."


class Environment(Struct, frozen=True):
    """The environment of the configuration."""

    name: str | None
    """The name, or None for the top level of the configuration."""
    is_option: bool
    """Whether --env selected it. Other environments come from CLOUDFLARE_ENV and may be missing from configurations."""


def environment_option(help_text: str = _ENVIRONMENT_HELP) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add the option --env to a command, as the argument `environment`."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @click.option("--env", "environment", metavar="NAME", envvar="CLOUDFLARE_ENV", help=help_text, show_envvar=True)
        @wraps(command)
        def with_environment(*, environment: str | None, **values: object) -> R:
            is_option = click.get_current_context().get_parameter_source("environment") is ParameterSource.COMMANDLINE
            return command(environment=Environment(environment or None, is_option), **values)

        return with_environment

    return decorate


_CONFIGURATION_HELP = "Select the workflows of this wrangler configuration, instead of PATHS."
_STDIN_FILENAME_HELP = "Read this file from standard input, and all other files from disk."

configuration_option = click.option(
    "--config", "configuration", metavar="FILE", shell_complete=complete_files, help=_CONFIGURATION_HELP
)


def inputs(command: Callable[..., R]) -> Callable[..., R]:
    """Add the argument PATHS (files, directories and `-`) and the options that change its meaning to a command."""

    @click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_files)
    @environment_option()
    @configuration_option
    @click.option("--stdin-filename", metavar="FILE", shell_complete=complete_files, help=_STDIN_FILENAME_HELP)
    @wraps(command)
    def with_inputs(
        *, paths: tuple[str, ...], configuration: str | None, stdin_filename: str | None, **values: object
    ) -> R:
        if configuration is not None:
            paths = (configuration_path(configuration, paths),)
        if stdin_filename is not None:
            paths = _read_unsaved_file(stdin_filename, paths)
        return command(paths=paths, **values)

    return with_inputs


def configuration_path(configuration: str, paths: Sequence[str]) -> str:
    """Return the path of --config. Raises UsageError if it is not a configuration, or if PATHS are used as well."""
    if paths:
        raise click.UsageError("--config selects the workflows of a configuration, so omit PATHS.")
    if not is_configuration_name(os.path.basename(configuration)):
        message = "expected a name that begins with `wrangler.` or ends in .jsonc or .toml, except `pyproject.toml`."
        raise click.UsageError(f"`{configuration}` is not a wrangler configuration: {message}")
    return configuration


def _read_unsaved_file(filename: str, paths: Sequence[str]) -> tuple[str, ...]:
    """Read an unsaved file from standard input, for the rest of the command.

    Returns PATHS with its name instead of `-`, or only its name by default.
    """
    if os.path.isdir(filename or "."):
        raise click.UsageError("--stdin-filename requires the name of a file, not of a directory.")
    # Imported here because most commands read only files, and start-up time counts.
    from stepgraph.project.reading import read_standard_input, unsaved_files

    content = read_standard_input(filename)
    click.get_current_context().with_resource(unsaved_files({filename: content}))
    return tuple(filename if path == STANDARD_INPUT else path for path in paths) or (filename,)


class WorkflowNames(Protocol):
    """An object with the names of a workflow and its class."""

    @property
    def name(self) -> str:
        """The configured name of the workflow."""

    @property
    def class_name(self) -> str:
        """The name of the workflow class."""


NamedWorkflow = TypeVar("NamedWorkflow", bound=WorkflowNames)

workflow_option = click.option(
    "--workflow",
    "workflows",
    multiple=True,
    metavar="NAME",
    help="Select workflows by name or class. * matches any text, ? one character. Repeatable.",
)


def select(
    subjects: Sequence[NamedWorkflow], names: Sequence[str], external: Sequence[ExternalWorkflow] = ()
) -> Sequence[NamedWorkflow]:
    """Return the workflows whose name or class name matches one of the patterns, in the original order.

    Without patterns, return all. Raises CommandError, with similar names, for a pattern without matches.
    """
    if not names:
        return subjects
    for name in names:
        if not any(_matches(subject, name) for subject in subjects):
            raise _unknown_name_error(subjects, name, external)
    return [subject for subject in subjects if any(_matches(subject, name) for name in names)]


def _matches(subject: WorkflowNames, pattern: str) -> bool:
    """Return whether a pattern equals or matches the name or class of a workflow. A name may itself contain `*`."""
    return any(name == pattern or fnmatchcase(name, pattern) for name in (subject.name, subject.class_name))


def _unknown_name_error(
    subjects: Sequence[WorkflowNames], name: str, external: Sequence[ExternalWorkflow]
) -> CommandError:
    for workflow in external:
        if name in (workflow.configured.name, workflow.configured.class_name):
            worker = workflow.configured.script_name
            return CommandError(ExitCode.ERROR, f"the class of `{name}` is in another Worker, `{worker}`.")
    names = [each for subject in subjects for each in (subject.name, subject.class_name)]
    titles = [workflow_title(subject.name, subject.class_name) for subject in subjects]
    advice = suggest_names(name, names, titles=titles)
    return CommandError(ExitCode.ERROR, f"no workflow named `{name}`. {advice}")


_FROM_HELP = "Read the old version from this revision; main... is the merge base of main and HEAD."
_TO_HELP = "Read the new version from this revision."


class Revisions(Struct, frozen=True):
    """The revisions of --from and --to, or None for options that were not used."""

    old: str | None
    new: str | None


def revision_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --from and --to to a command, as one argument `revisions`."""

    @click.option("--from", "old", metavar="REV", help=_FROM_HELP)
    @click.option("--to", "new", metavar="REV", help=_TO_HELP)
    @wraps(command)
    def with_revisions(*, old: str | None, new: str | None, **values: object) -> R:
        return command(revisions=Revisions(old, new), **values)

    return with_revisions

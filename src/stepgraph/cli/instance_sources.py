"""The sources of instance logs for commands: files, standard input, `wrangler dev`, and a Cloudflare account."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import wraps
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode
from stepgraph.cli.input_options import select
from stepgraph.limits import LOG_BYTES
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import quoted
from stepgraph.project.reading import read_named, read_standard_input, shown_path
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME

if TYPE_CHECKING:
    from stepgraph.execution.log import InstanceLog
    from stepgraph.remote.instance_source import InstanceSource, RemoteLog

R = TypeVar("R")

# A copy of `remote.local_api.DEFAULT_ADDRESS`, because importing it would slow down every run.
LOCAL_URL: Final = "http://localhost:8787"
"""The default address of `wrangler dev`."""

_LOCAL: Final = "--local"
_SCHEMES: Final = ("http://", "https://")
_LOCAL_HELP: Final = f"Read from `wrangler dev`, by default at {LOCAL_URL}."
_ACCOUNT_HELP: Final = "Read from this Cloudflare account, with CLOUDFLARE_API_TOKEN. Requires stepgraph[api]."


class LoadedLog(Struct, frozen=True):
    """The log of an instance with its origin."""

    log: InstanceLog
    title: str
    """The name in messages: the path of the file, or the id of the instance."""
    id: str = ""
    """The id of an instance from a remote source."""
    workflow_name: str = ""
    """The configured name of its workflow. Files lack it."""
    class_name: str = ""
    """The name of the workflow class. Files lack it."""
    path: str | None = None
    """The file, or None for standard input and remote sources."""


class RemoteOptions(Struct, frozen=True):
    """The values of --local and --account."""

    local: str | None = None
    """The address of `wrangler dev`, or None if the option was not used."""
    account: str | None = None
    """The id of the account, or None if the option was not used."""

    @property
    def is_used(self) -> bool:
        """Whether instances are read from a remote source, not from files."""
        return self.local is not None or self.account is not None

    def open(self) -> InstanceSource:
        """Return the source. Raises InputError if it cannot be used."""
        # Imported here because most runs read files, and start-up time counts.
        if self.local is not None:
            from stepgraph.remote.local_api import local_api

            return local_api(self.local)
        from stepgraph.remote.account_api import account_api

        return account_api(self.account or "")


class InstanceCommand(click.Command):
    """A command with `instance_source_options`.

    click would read the argument after a bare `--local` as its value, such as the PATHS in `--local src`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, in which a bare `--local` has its default value unless a URL follows."""
        return super().parse_args(ctx, _with_default_url(args))


def _with_default_url(arguments: Sequence[str]) -> list[str]:
    return [
        f"{_LOCAL}={LOCAL_URL}" if argument == _LOCAL and not after.startswith(_SCHEMES) else argument
        for argument, after in zip_longest(arguments, arguments[1:], fillvalue="")
    ]


def log_argument(command: Callable[..., R]) -> Callable[..., R]:
    """Add the argument LOG to a command with `instance_source_options`. With a remote source, it may be missing."""

    @click.argument("log", required=False, metavar="[LOG]", shell_complete=complete_files)
    @wraps(command)
    def with_log(*, log: str | None, remote: RemoteOptions, **values: object) -> R:
        if log is None and not remote.is_used:
            raise click.UsageError("missing LOG. Name a file, or use --local or --account for the newest instance.")
        if log is not None and remote.is_used and (os.path.isdir(log) or log.endswith(".py")):
            raise click.UsageError(f"`{log}` is a path, not an instance. Write `latest {log}` for the newest instance.")
        if log is not None and remote.is_used and log.endswith(".json"):
            raise click.UsageError(f"`{log}` is a file, not an instance. To read it, omit --local or --account.")
        return command(log="latest" if log is None else log, remote=remote, **values)

    return with_log


def instance_source_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --local and --account to an `InstanceCommand`, as one argument `remote`."""

    @click.option(_LOCAL, metavar="[=URL]", help=_LOCAL_HELP)
    @click.option("--account", metavar="ID", help=_ACCOUNT_HELP)
    @wraps(command)
    def with_remote(*, local: str | None, account: str | None, **values: object) -> R:
        if local is not None and account is not None:
            raise click.UsageError("--local and --account select different sources. Use one of them.")
        return command(remote=RemoteOptions(local, account), **values)

    return with_remote


def load_log(
    name: str, remote: RemoteOptions, patterns: Sequence[str] = (), preferred: Collection[str] = ()
) -> LoadedLog:
    """Return the log of a file or, with a remote source, of the instance with an id. `latest` is the newest instance.

    `patterns` select workflows of a remote source by name. Without patterns, workflows with a `preferred` name or class
    are searched or, if the source has none of these, all workflows. Raises InputError for unreadable logs, UsageError
    for standard input with a remote source, and CommandError if no such instance exists.
    """
    if not remote.is_used:
        return read_log_file(name)
    from stepgraph.remote.instance_source import LATEST, NoInstanceError, UnknownInstanceError, fetch_log

    if name == STANDARD_INPUT:
        raise click.UsageError(f"`-` is standard input. With {_LOCAL} or --account, name an instance, or `{LATEST}`.")
    source = remote.open()
    try:
        return _loaded(fetch_log(source, name, _remote_name(source, patterns), preferred))
    except (NoInstanceError, UnknownInstanceError) as error:
        raise CommandError(ExitCode.NOTHING, str(error)) from None


def load_logs_in_flight(remote: RemoteOptions, patterns: Sequence[str]) -> Iterator[LoadedLog]:
    """Yield the logs of the instances of a remote source that have not ended.

    With `patterns`, only instances of workflows that match one of them are included. Raises CommandError
    without a workflow.
    """
    from stepgraph.remote.instance_source import NoInstanceError, fetch_running_logs

    source = remote.open()
    names = [workflow.name for workflow in select(source.workflows(), patterns)] if patterns else [None]
    try:
        for name in names:
            yield from map(_loaded, fetch_running_logs(source, name))
    except NoInstanceError as error:
        raise CommandError(ExitCode.NOTHING, str(error)) from None


def read_log_file(path: str) -> LoadedLog:
    """Return the log in a file. `-` is standard input. Raises InputError for anything else than a log."""
    if path == STANDARD_INPUT:
        content = read_standard_input(STANDARD_INPUT_NAME, LOG_BYTES)
        return LoadedLog(_parse(content, STANDARD_INPUT_NAME), "standard input")
    require_log_path(path)
    name = shown_path(path)
    return LoadedLog(_parse(read_named(path, LOG_BYTES), name), name, path=path)


def require_log_path(path: str) -> None:
    """Raise InputError for a path that cannot be a log, such as a Python file."""
    if (problem := _wrong_kind(path, shown_path(path))) is not None:
        raise InputError(problem)


def _wrong_kind(path: str, name: str) -> Problem | None:
    """Return the problem of a path that is evidently not a log."""
    if os.path.isdir(path):
        return Problem(name, "a directory, not the log of an instance.", "The log comes first, then the PATHS of code.")
    if path.endswith(".py"):
        return Problem(name, "Python code, not the log of an instance.", "The log comes first, then the PATHS of code.")
    if not os.path.lexists(path) and os.path.basename(path) == path and not os.path.splitext(path)[1]:
        return Problem(name, "file not found.", f"For the id of an instance, add {_LOCAL} or --account ID.")
    return None


def _parse(content: bytes, name: str) -> InstanceLog:
    # Imported here because usage errors need no log, and start-up time counts.
    from stepgraph.execution.log import read_instance_log

    return read_instance_log(content, name)


def _remote_name(source: InstanceSource, patterns: Sequence[str]) -> str | None:
    """Return the name of the only workflow of a remote source that matches, or None without patterns."""
    if not patterns:
        return None
    names = [workflow.name for workflow in select(source.workflows(), patterns)]
    if len(names) == 1:
        return names[0]
    message = f"--workflow selects {len(names)} workflows of {source.title}: {', '.join(quoted(names))}."
    raise CommandError(ExitCode.ERROR, f"{message} Select one.")


def _loaded(remote: RemoteLog) -> LoadedLog:
    log = replace(_parse(remote.content, remote.instance_id), id=remote.instance_id)
    return LoadedLog(log, remote.instance_id, remote.instance_id, remote.workflow.name, remote.workflow.class_name)

"""The group of all commands, and the process of the command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final, NoReturn

import click

from stepgraph.cli.aliases import COMMAND_ALIASES, expand_option_aliases
from stepgraph.cli.completion import complete_directories
from stepgraph.cli.console import ExitCode, report_error
from stepgraph.cli.recording import RunRecorder
from stepgraph.large_stack import keep_thread
from stepgraph.version import __version__

_EXIT_CODES = """\b
Exit codes:
  0  success
  1  failed check, breaking changes, a log that does not fit, a workflow without
     a graph, or outdated files
  2  usage error, or an unreadable or invalid input
  3  no workflow found
  4  internal error"""

# Imported on first use, because importing all of these modules takes 3 ms, and a run needs only one.
_COMMANDS: Final = {
    "check": ("check", "check"),
    "completion": ("completion", "completion"),
    "diff": ("diff", "diff"),
    "graph": ("graph", "graph"),
    "instance": ("instance", "instance"),
    "list": ("list_", "list_workflows"),
    "lsp": ("lsp", "lsp"),
    "render": ("graph", "render"),
    "replay": ("replay", "replay"),
    "rules": ("reference", "rules"),
    "schema": ("reference", "schema"),
    "serve": ("serve", "serve"),
    "why": ("why", "why"),
}
"""The module and function of each command, by name."""


class _Commands(click.Group):
    """The group of all commands. A path in place of a command is an error with advice."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is that of click
        """Return the names of the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return the command with a name, or None for an unknown name."""
        if cmd_name not in _COMMANDS:
            return None
        module, function = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"stepgraph.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command in the arguments. Raises UsageError for unknown commands.

        `help` and `version` stand for the options --help and --version.
        """
        name = COMMAND_ALIASES.get(args[0], args[0])
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, expand_option_aliases(command, args[1:])
        if ctx.resilient_parsing:
            return None, None, args[1:]
        if name == "help":
            return self._resolve_help(ctx, args[1:])
        if name == "version":
            click.echo(f"stepgraph {__version__}")
            ctx.exit()
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        if os.path.exists(name):
            ctx.fail(f"unknown command `{name}`. Did you mean `stepgraph graph {name}`?")
        # Imported here because most runs name a command.
        from stepgraph.cli.usage_errors import unknown_command_message

        raise click.UsageError(unknown_command_message(name, tuple(_COMMANDS)), ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options of the group. Usage errors from its parser get its context, which click omits."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command in the arguments. Usage errors from its parser get its context, which click omits."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            command = None if name is None else self.get_command(ctx, name)
            if error.ctx is None and command is not None:
                error.ctx = click.Context(command, ctx, name)
            raise

    def _resolve_help(
        self, ctx: click.Context, args: Sequence[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command in the arguments with --help. Without one, print the help of the group and exit."""
        topic = next((argument for argument in args if not argument.startswith("-")), None)
        if topic is None:
            click.echo(ctx.get_help())
            ctx.exit()
        return self.resolve_command(ctx, [topic, "--help"])


def _change_directory(context: click.Context, _option: click.Parameter, directory: str | None) -> None:
    """Change the working directory to the value of -C. Raises UsageError if this fails."""
    if directory is None:
        return
    try:
        os.chdir(directory)
    except (OSError, ValueError) as error:
        # Imported here because only errors need it.
        from stepgraph.phrases import system_reason

        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"cannot change to the directory `{directory}`: {reason}.", context) from None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "-C",
    metavar="DIR",
    callback=_change_directory,
    expose_value=False,
    help="Change to the directory DIR first.",
    shell_complete=complete_directories,
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
@click.pass_context
def commands(context: click.Context) -> ExitCode | None:
    """Visualize and check Cloudflare Python Workflows before you deploy them.

    Your code is never imported or run. Without a command, stepgraph prints the outline of every workflow in the
    current directory.
    """
    if context.invoked_subcommand is not None:
        return None
    from stepgraph.cli.graph import graph

    result: ExitCode = context.invoke(graph)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. `arguments` default to the command line of the process."""
    # Messages of --check show the command line without the option.
    command_line = tuple(sys.argv[1:] if arguments is None else arguments)
    try:
        with keep_thread():
            code: int | None = commands.main(arguments, prog_name="stepgraph", standalone_mode=False, obj=command_line)
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every error becomes a one-line message
        return report_error(error)
    return code or ExitCode.CLEAN


_TRACERS = frozenset({"cProfile", "coverage", "profile", "trace"})


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command in this process, record its output, and exit with its exit code.

    `arguments` default to those of the process, for scripts of installations before `stepgraph.start`.

    The process exits without freeing its objects, because freeing them can take longer than the analysis.
    """
    command_line = sys.argv[1:] if arguments is None else arguments
    recorder = _recorder(command_line)
    code = int(main(command_line))
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):  # the pipe may be closed
                stream.flush()
    if recorder is not None:
        recorder.store(code)
    if not _TRACERS.isdisjoint(sys.modules):
        sys.exit(code)  # profilers write their results at exit
    os._exit(code)


def _recorder(arguments: Sequence[str]) -> RunRecorder | None:
    try:
        return RunRecorder(arguments)
    except OSError:
        return None  # the working directory was removed

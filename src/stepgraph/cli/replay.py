"""`stepgraph replay`: predict the effect of new code on running instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode
from stepgraph.cli.formats import REPLAY_FORMATS
from stepgraph.cli.instance_graphs import GraphOptions, graph_options
from stepgraph.cli.instance_sources import InstanceCommand, RemoteOptions, instance_source_options
from stepgraph.cli.output_options import DocumentOutput, document_options
from stepgraph.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stepgraph.cli.diff_sides import ComparedVersion
    from stepgraph.cli.instance_sources import LoadedLog
    from stepgraph.cli.replay_inputs import ReplayedCode
    from stepgraph.report.replay.replay_report import ReplayReport

# A copy of the values of `report.replay.replay_report.ReplayFailOn`, because importing it would slow down every run.
FAIL_ON: Final = ("any", "unknown", "reruns", "stuck", "none")

_EXIT_CODES = """\b
Examples:
  stepgraph replay logs/                all logs in a directory, on the code
                                        in the current directory
  stepgraph replay a.json b.json src    two logs, on the code in a directory
  stepgraph replay --local --from main  the instances in `wrangler dev`, which
                                        run the code of the revision main
  stepgraph replay --account ACCOUNT --from HEAD~1 -f markdown
                                        the deployed instances, as a comment
                                        for a pull request

\b
Exit codes:
  0  no effect that --fail-on selects
  1  an effect that --fail-on selects, or no workflow with a graph
  2  usage error, or an unreadable log or code
  3  no instance in flight, or no workflow
  4  internal error"""
_SHORT_HELP = "Predict what new code does to running instances."
_FROM_HELP = "The version that the instances run: a revision, a path, or a saved graph."
_FAIL_ON_HELP = "Exit with 1 on this effect or a worse one (default: unknown). any: all but resumes."


@click.command("replay", cls=InstanceCommand, short_help=_SHORT_HELP, epilog=_EXIT_CODES)
@click.argument("arguments", nargs=-1, metavar="[LOGS]... [PATHS]...", shell_complete=complete_files)
@instance_source_options
@graph_options
@click.option("--from", "deployed", metavar="REV|PATH", help=_FROM_HELP, shell_complete=complete_files)
@click.option("--fail-on", type=click.Choice(FAIL_ON), default=FAIL_ON[1], help=_FAIL_ON_HELP)
@document_options(REPLAY_FORMATS)
def replay(
    *,
    arguments: tuple[str, ...],
    remote: RemoteOptions,
    graphs: GraphOptions,
    deployed: str | None,
    fail_on: str,
    output: DocumentOutput[ReplayReport],
) -> ExitCode:
    """Predict what new code does to the instances that are running when you deploy it.

    LOGS are responses of the API for instances: .json files, directories with such files and without code, and - for
    standard input. --local and --account read the logs of all instances that have not ended. PATHS are the files or
    directories with the new code, by default the current directory.

    The engine resumes an instance by running the new code from the start, and finds stored results by name and count.
    Effects, from best to worst: resumes, out of order (a step runs after steps that now follow it), unknown, reruns
    (finished work runs again), stuck (waits for something that never happens), fails.
    """
    from stepgraph.cli.replay_inputs import LogReader, ReplayedCode, missing_logs_message, split_arguments

    logs, paths = split_arguments(arguments)
    if not logs and not remote.is_used:
        raise click.UsageError(missing_logs_message(paths))
    candidates = graphs.load(paths)
    version = None if deployed is None else _deployed_version(deployed, paths, graphs)
    files = (*candidates.files, *logs, *(version.files if version is not None else ()))
    output.prepare(files)
    reader = LogReader()
    loaded = reader.read(logs, remote, candidates)
    has_saved_graph = candidates.is_saved or (version is not None and version.is_saved)
    code = ReplayedCode(candidates, version)
    report = _report(loaded, code, version, fail_on, has_saved_graph=has_saved_graph)
    return _deliver(report, output, files, has_errors=reader.has_failed or candidates.failed)


def _deployed_version(name: str, paths: list[str], graphs: GraphOptions) -> ComparedVersion:
    from stepgraph.cli.diff_sides import ReadOptions, parse_side, read_version

    if len(paths) > 1:
        raise click.UsageError("--from allows at most one of PATHS, which is read in the revision, too.")
    return read_version(parse_side(name, paths[0] if paths else "."), "deployed", ReadOptions(graphs.environment.name))


def _report(
    logs: Iterable[LoadedLog],
    code: ReplayedCode,
    version: ComparedVersion | None,
    fail_on: str,
    *,
    has_saved_graph: bool,
) -> ReplayReport:
    from stepgraph.report.replay.replay_report import ReplayedInstance, ReplayFailOn, ReplayReport

    instances: list[ReplayedInstance] = []
    ended = 0
    for loaded in logs:
        if loaded.log.has_ended:
            ended += 1
        else:
            instances.append(code.replay(loaded))
    title = None if version is None else version.title
    return ReplayReport(tuple(instances), ended, title, ReplayFailOn(fail_on), __version__, has_saved_graph)


def _deliver(
    report: ReplayReport, output: DocumentOutput[ReplayReport], files: tuple[str, ...], *, has_errors: bool
) -> ExitCode:
    from stepgraph.report.replay.replay_report import count_line

    if report.instances:
        output.deliver(report, files, count_line)
    if has_errors:
        return ExitCode.ERROR
    if not report.instances:
        ended = f"{report.ended} ended" if report.ended else "none"
        raise CommandError(ExitCode.NOTHING, f"no instance in flight ({ended}), so new code affects none.")
    return ExitCode.FINDINGS if report.fails else ExitCode.CLEAN

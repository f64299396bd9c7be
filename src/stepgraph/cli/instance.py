"""`stepgraph instance`: show an instance on the graph of its workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import ExitCode
from stepgraph.cli.instance_graphs import GraphOptions, InstanceInputs, graph_options, locate_instance
from stepgraph.cli.instance_sources import InstanceCommand, RemoteOptions, instance_source_options, log_argument
from stepgraph.cli.output_options import DocumentOutput, instance_output_options

if TYPE_CHECKING:
    from stepgraph.drawing.workflow import DrawnWorkflow

_EXIT_CODES = """\b
Examples:
  stepgraph instance log.json           a log that the API returned
  stepgraph instance - src < log.json   a log on standard input, and the
                                        directory with the code
  stepgraph instance latest --local     the newest instance in `wrangler dev`
  stepgraph instance ID --account ACCOUNT --graph saved.json
                                        a deployed instance on a saved graph,
                                        for example of a JavaScript workflow

\b
Exit codes:
  0  the log fits the graph
  1  the log does not fit, or the workflow has no graph
  2  usage error, or an unreadable log or code
  3  no such instance, or no workflow
  4  internal error"""
_SHORT_HELP = "Show how far an instance got, and what it does next."


@click.command("instance", cls=InstanceCommand, short_help=_SHORT_HELP, epilog=_EXIT_CODES)
@instance_source_options
@log_argument
@click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_files)
@graph_options
@instance_output_options
def instance(
    *,
    log: str,
    paths: tuple[str, ...],
    remote: RemoteOptions,
    graphs: GraphOptions,
    output: DocumentOutput[DrawnWorkflow],
) -> ExitCode:
    """Show how far an instance got on the graph of its workflow, and what it does next.

    LOG is a file with the response of the API for an instance, - for standard input, or with --local or --account the
    id of an instance, by default `latest`, the newest one. PATHS are the files or directories with the code of the
    workflow, by default the current directory.

    If there are several workflows, the log selects the only workflow that it fits.
    """
    inputs = InstanceInputs(log, paths, remote, graphs)
    candidates = inputs.candidates(with_locations=output.format.shows_locations)
    files = inputs.files(candidates)
    output.prepare(files)
    located = locate_instance(inputs.load(candidates), candidates, quiet=output.quiet)
    status = located.instance.log.status
    output.deliver(located.drawn, files, lambda drawn: f"{drawn.title}, {status}")
    if candidates.failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if located.instance.fits else ExitCode.FINDINGS

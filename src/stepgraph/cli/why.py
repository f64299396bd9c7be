"""`stepgraph why`: explain why an instance failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode
from stepgraph.cli.formats import FAILURE_FORMATS
from stepgraph.cli.instance_graphs import GraphOptions, InstanceInputs, LocatedInstance, graph_options, locate_instance
from stepgraph.cli.instance_sources import (
    InstanceCommand,
    LoadedLog,
    RemoteOptions,
    instance_source_options,
    log_argument,
)
from stepgraph.cli.output_options import DocumentOutput, document_options
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.execution.instance import Instance
    from stepgraph.report.failure.report import FailureReport

_EXIT_CODES = """\b
Examples:
  stepgraph why log.json              a log that the API returned
  stepgraph why latest --local        the newest instance in `wrangler dev`
  stepgraph why ID --account ACCOUNT --graph saved.json
                                      a deployed instance on a saved graph,
                                      for example of a JavaScript workflow

\b
Exit codes:
  0  the failure is explained
  1  the log does not fit the graph, or the workflow has no graph
  2  usage error, or an unreadable log or code
  3  the instance has not failed, or there is no instance or workflow
  4  internal error"""
_SHORT_HELP = "Explain why an instance failed, and from which steps to restart it."


@click.command("why", cls=InstanceCommand, short_help=_SHORT_HELP, epilog=_EXIT_CODES)
@instance_source_options
@log_argument
@click.argument("paths", nargs=-1, metavar="[PATHS]...", shell_complete=complete_files)
@graph_options
@document_options(FAILURE_FORMATS)
def why(
    *,
    log: str,
    paths: tuple[str, ...],
    remote: RemoteOptions,
    graphs: GraphOptions,
    output: DocumentOutput[FailureReport],
) -> ExitCode:
    """Explain why an instance failed, or why a step is retried, and from which steps to restart the instance.

    Shows the error, the failed step with its attempts, the steps before it, and the handlers that did not stop the
    error. For each step from which the instance can be restarted, shows the steps that run again, and the command.

    LOG is a file with the response of the API for an instance, - for standard input, or with --local or --account the
    id of an instance, by default `latest`, the newest one. PATHS are the files or directories with the code of the
    workflow, by default the current directory.
    """
    inputs = InstanceInputs(log, paths, remote, graphs)
    candidates = inputs.candidates()
    files = inputs.files(candidates)
    output.prepare(files)
    loaded = inputs.load(candidates)
    located = locate_instance(loaded, candidates, quiet=output.quiet)
    report = _report(located, loaded, remote)
    # Imported here because most of the start-up time of usage errors would be spent on it.
    from stepgraph.report.failure.sentences import verdict

    output.deliver(report, files, verdict)
    if candidates.failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if located.instance.fits else ExitCode.FINDINGS


def _report(located: LocatedInstance, loaded: LoadedLog, remote: RemoteOptions) -> FailureReport:
    """Return the report of a failure. Raises CommandError if the instance has not failed."""
    from stepgraph.execution.failures.failure import failure_of
    from stepgraph.large_stack import run_with_large_stack
    from stepgraph.model.walk import paths_of
    from stepgraph.report.failure.report import FailureReport, InstanceAddress

    instance, drawn = located.instance, located.subject.drawn
    failure = run_with_large_stack(lambda: failure_of(instance, located.graph, drawn.comparable_details()))
    if failure is None:
        raise CommandError(ExitCode.NOTHING, _no_failure_message(instance, loaded))
    # A log without a single entry that fits is probably from another workflow.
    name = loaded.workflow_name or (instance.name if instance.entries or instance.misfit is None else "")
    address = InstanceAddress(name, loaded.id or instance.log.id, remote.local or "")
    return FailureReport(
        failure=failure,
        nodes=dict(paths_of(located.graph["workflow"])),
        address=address,
        version=__version__,
        is_incomplete=bool(drawn.state),
        span_of=drawn.node_span,
        code_of=drawn.code,
    )


def _no_failure_message(instance: Instance, loaded: LoadedLog) -> str:
    # Imported here because most runs end without this message, and start-up time counts.
    from stepgraph.render.instance_text import status_words

    log = instance.log
    open_names = [entry.log_name for entry in log.entries if entry.outcome == "open"]
    state = (
        f" It is at {', '.join(f'`{name}`' for name in open_names[:3])}." if open_names and not log.has_ended else ""
    )
    failed = [entry.log_name for entry in log.entries if entry.outcome == "failed"]
    words = "Failures that the program handled" if log.status == "complete" else "Failures so far"
    failures = f" {words}: {', '.join(f'`{name}`' for name in failed[:3])}." if failed else ""
    advice = "`stepgraph instance` shows its progress."
    return f"{loaded.title} has not failed: its status is {status_words(log)}.{state}{failures} {advice}"

"""`stepgraph graph`: the version graph of every workflow found, or of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.api import make_ready
from stepgraph.cli.analysed import analysed, demand_workflows
from stepgraph.cli.command_error import CommandError
from stepgraph.cli.dates import Dates, look_ahead
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.formats import FORMATS, as_dot, as_json, as_text
from stepgraph.cli.inputs import inputs
from stepgraph.cli.notes import tell_notes
from stepgraph.cli.selection import select
from stepgraph.cli.streams import write_result
from stepgraph.cli.terminal import Look, look_of_standard_output
from stepgraph.project.module_dates import DateLookup
from stepgraph.project.sources import Sources, find_sources

if TYPE_CHECKING:
    from stepgraph.cli.output_file import OutputFile


@click.command("graph")
@inputs
@click.option("--workflow", metavar="NAME", help="Only the workflow, or workflow class, of this name.")
@click.option(
    "-f", "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print."
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all; - is standard output.")
@click.option("-q", "--quiet", is_flag=True, help="No notes on standard error.")
def graph(
    *, paths: tuple[str, ...], environment: str | None, workflow: str | None, form: str, output: str | None, quiet: bool
) -> ExitCode:
    """Print the version graph of Python Workflows.

    PATHS are files, folders, or - for standard input; without any, the current folder. A folder stands for the
    workflows that the configurations in it name or, where there are none, for all workflow classes below it.

    JSON is what the Workflows API answers for a version: one object, or an array if there are several workflows and
    --workflow does not name one of them. Notes stand below the outline in text, on standard error otherwise.
    """
    sources = find_sources(paths or (".",), environment or None, make_ready)
    file = _output_file(output, sources)
    with DateLookup() as lookup:
        if form == "json":
            look_ahead(sources, lookup)
        analysis = analysed(sources)
        demand_workflows(analysis, sources, paths or (".",))
        if file is not None:
            file.check(analysis.files)
        chosen = select(analysis, workflow)
        for one in chosen:
            if form != "text" or not one.has_dag:
                tell_notes(one, quiet=quiet)
        text = _text(form, chosen, Dates(lookup, sources), to_file=file is not None)
    _write(text, file, failed=bool(analysis.problems))
    return _exit_code(chosen, failed=bool(analysis.problems))


def _output_file(name: str | None, sources: Sources) -> OutputFile | None:
    """Return the file to write, None for standard output."""
    if name is None or name == "-":
        return None
    # Imported here for start-up: most runs write none.
    from stepgraph.cli.output_file import prepare_output

    return prepare_output(name, sources.files)


def _text(form: str, workflows: Sequence[WorkflowAnalysis], dates: Dates, *, to_file: bool) -> str:
    if form == "json":
        return as_json(workflows, dates)
    if form == "dot":
        return as_dot(workflows)
    return as_text(workflows, Look() if to_file else look_of_standard_output())


def _write(text: str, file: OutputFile | None, *, failed: bool) -> None:
    if file is None:
        write_result(text)
    elif failed:
        raise CommandError(ExitCode.ERROR, f"{file.name} was not written, for not every input could be read.")
    elif not text:
        raise CommandError(ExitCode.NO_GRAPH, f"{file.name} was not written, for there is no graph.")
    else:
        file.write(text)


def _exit_code(workflows: Sequence[WorkflowAnalysis], *, failed: bool) -> ExitCode:
    if failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if all(workflow.has_dag for workflow in workflows) else ExitCode.NO_GRAPH

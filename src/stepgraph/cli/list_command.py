"""`stepgraph list`: the workflows that were found."""

from __future__ import annotations

from collections.abc import Sequence

import click

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.analysed import analysed
from stepgraph.cli.exit_code import ExitCode
from stepgraph.cli.paths_argument import paths_argument
from stepgraph.cli.streams import write_result
from stepgraph.project.sources import find_sources

_FORMATS = ("text", "json")
_FORMAT_HELP = "A table, or an array of objects."
_HEADINGS = ("NAME", "CLASS", "WHERE", "STEPS", "HAS_DAG", "COMPLETE")


@click.command("list")
@paths_argument
@click.option(
    "-f", "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help=_FORMAT_HELP
)
def list_workflows(*, paths: tuple[str, ...], form: str) -> ExitCode:
    """List the workflows found: name, class, place, steps, whether there is a graph, and whether it is complete.

    PATHS are files, folders to search, or - for standard input; without any, the current folder.
    """
    analysis = analysed(find_sources(paths or (".",)), paths or (".",))
    write_result(_as_json(analysis.workflows) if form == "json" else _as_table(analysis.workflows))
    return ExitCode.ERROR if analysis.problems else ExitCode.CLEAN


def _as_table(workflows: Sequence[WorkflowAnalysis]) -> str:
    from stepgraph.cli.table import table

    return table(_HEADINGS, [_row(workflow) for workflow in workflows])


def _row(workflow: WorkflowAnalysis) -> tuple[str, ...]:
    return (
        workflow.name,
        workflow.class_name,
        f"{workflow.span.path}:{workflow.span.line}",
        str(workflow.steps),
        "yes" if workflow.has_dag else "no",
        "yes" if workflow.complete else "no",
    )


def _as_json(workflows: Sequence[WorkflowAnalysis]) -> str:
    from stepgraph.json_text import pretty_json

    return pretty_json(
        [
            {
                "name": workflow.name,
                "class_name": workflow.class_name,
                "path": workflow.span.path,
                "line": workflow.span.line,
                "steps": workflow.steps,
                "has_dag": workflow.has_dag,
                "complete": workflow.complete,
            }
            for workflow in workflows
        ]
    )

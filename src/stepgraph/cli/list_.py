"""`stepgraph list`: list workflows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from stepgraph.analysis import Analysis, DetailLevel, WorkflowAnalysis
from stepgraph.cli.analysis import Cache, analyze_inputs, cache_option, load_sources, require_workflows
from stepgraph.cli.console import ExitCode, write_result
from stepgraph.cli.input_options import Environment, WorkflowNames, inputs, select, workflow_option
from stepgraph.project.sources import ExternalWorkflow
from stepgraph.subject import Dates, start_date_lookups

_FORMATS = ("text", "json")
_FORMAT_HELP = "Output format."
_SHORT_HELP = "List workflows with their step counts and graph status."
_HEADINGS = ("NAME", "CLASS", "WHERE", "STEPS", "GRAPH", "COMPLETE")


@click.command("list", short_help=_SHORT_HELP)
@inputs
@workflow_option
@click.option(
    "-f", "--format", "output_format", type=click.Choice(_FORMATS), default="text", show_default=True, help=_FORMAT_HELP
)
@cache_option
def list_workflows(
    *, paths: tuple[str, ...], environment: Environment, workflows: tuple[str, ...], output_format: str, cache: Cache
) -> ExitCode:
    """List workflows with location, number of steps, and graph status.

    PATHS are files, directories (by default the current one), or - for standard input. A directory selects the
    workflows that its wrangler configurations name, or all its workflow classes if no configuration names any.
    """
    selected_paths = paths or (".",)
    sources = load_sources(selected_paths, environment, cache)
    with cache.date_lookup(selected_paths) as lookup:
        if output_format == "json":
            start_date_lookups(sources, lookup)
        analysis = _select(analyze_inputs(sources, selected_paths, cache, details=DetailLevel.NONE), workflows)
        if analysis.workflows or analysis.external:
            write_result(
                _render_json(analysis, Dates(lookup, sources)) if output_format == "json" else _render_table(analysis)
            )
        require_workflows(analysis, sources, selected_paths)
    cache.record(selected_paths, sources, analysis)
    return ExitCode.ERROR if analysis.problems else ExitCode.CLEAN


def _select(analysis: Analysis, patterns: Sequence[str]) -> Analysis:
    """Return the analysis with only the workflows that match a pattern. Raises CommandError like `select`."""
    if not patterns:
        return analysis
    named: list[WorkflowNames] = [*analysis.workflows, *(external.configured for external in analysis.external)]
    selected = {id(workflow) for workflow in select(named, patterns)}
    return replace(
        analysis,
        workflows=tuple(workflow for workflow in analysis.workflows if id(workflow) in selected),
        external=tuple(external for external in analysis.external if id(external.configured) in selected),
    )


def _render_table(analysis: Analysis) -> str:
    from stepgraph.render.terminal import table

    rows = [*map(_table_row, analysis.workflows), *map(_external_table_row, analysis.external)]
    return table(_HEADINGS, rows)


def _table_row(workflow: WorkflowAnalysis) -> tuple[str, ...]:
    return (
        workflow.name,
        workflow.class_name,
        f"{workflow.path}:{workflow.span.line}",
        str(workflow.step_count),
        "yes" if workflow.has_dag else "no",
        "yes" if workflow.complete else "no",
    )


def _external_table_row(external: ExternalWorkflow) -> tuple[str, ...]:
    from stepgraph.render.terminal import MISSING

    configured = external.configured
    return (configured.name, configured.class_name, f"Worker {configured.script_name}", *[MISSING] * 3)


def _render_json(analysis: Analysis, dates: Dates) -> str:
    from stepgraph.json_text import pretty_json

    objects = [
        {
            "name": workflow.name,
            "class_name": workflow.class_name,
            "script_name": None,
            "path": workflow.path,
            "line": workflow.span.line,
            "steps": workflow.step_count,
            "has_dag": workflow.has_dag,
            "complete": workflow.complete,
            "version": workflow.version(dates=dates.of(workflow)),
        }
        for workflow in analysis.workflows
    ]
    return pretty_json([*objects, *map(_external_json, analysis.external)])


def _external_json(external: ExternalWorkflow) -> dict[str, object]:
    return {
        "name": external.configured.name,
        "class_name": external.configured.class_name,
        "script_name": external.configured.script_name,
        "path": external.path,
        "line": external.configured.line,
        "steps": None,
        "has_dag": None,
        "complete": None,
        "version": None,
    }

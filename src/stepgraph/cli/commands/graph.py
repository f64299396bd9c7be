"""`stepgraph graph`: draw the version graphs of workflows."""

from __future__ import annotations

import click

from stepgraph.cli.analysis import Cache, analyze_inputs, cache_option, load_sources, require_workflows
from stepgraph.cli.delivery import deliver, prepare_destination
from stepgraph.cli.errors import ExitCode
from stepgraph.cli.formats import FORMATS
from stepgraph.cli.options.drawing import DrawingOptions, drawing_options
from stepgraph.cli.options.inputs import Environment, inputs, select, workflow_option
from stepgraph.cli.options.output import Output, output_options
from stepgraph.cli.subject import Dates, analyzed_subject, start_date_lookups, write_notes
from stepgraph.project.module_dates import DateLookup


@click.command("graph")
@inputs
@workflow_option
@output_options(FORMATS)
@drawing_options
@cache_option
def graph(
    *,
    paths: tuple[str, ...],
    environment: Environment,
    workflows: tuple[str, ...],
    output: Output,
    drawing: DrawingOptions,
    cache: Cache,
) -> ExitCode:
    """Print the version graph of Python Workflows.

    PATHS are files, folders, or - for standard input; without any, the current folder. A folder stands for the
    workflows that the configurations in it name or, where there are none, for all workflow classes below it.

    JSON is what the Workflows API answers for a version: one object, or an array if there are several workflows and
    --workflow does not name one of them. An SVG holds one workflow. Notes stand below the outline in text, on standard
    error otherwise.
    """
    options = drawing.format_options(output)
    selected_paths = paths or (".",)
    sources = load_sources(selected_paths, environment, cache)
    prepare_destination(output, sources.files)
    with DateLookup() as lookup:
        if output.format.is_api_response:
            start_date_lookups(sources, lookup)
        analysis = analyze_inputs(sources, selected_paths, cache, with_locations=output.format.shows_locations)
        require_workflows(analysis, sources, selected_paths)
        dates = Dates(lookup, sources)
        subjects = [analyzed_subject(workflow, dates) for workflow in analysis.workflows]
        selected = select(subjects, workflows, analysis.external)
        for subject in selected:
            if subject.graph is None or not output.format.shows_notes:
                write_notes(subject, quiet=output.quiet)
        return deliver(selected, output, options, sources=analysis.files, failed=bool(analysis.problems))

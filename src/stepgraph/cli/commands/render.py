"""`stepgraph render`: draw saved graphs."""

from __future__ import annotations

import click

from stepgraph.cli.delivery import deliver, prepare_destination
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.formats import DRAWINGS
from stepgraph.cli.options.drawing import DrawingOptions, drawing_options
from stepgraph.cli.options.inputs import select, workflow_option
from stepgraph.cli.options.output import Output, output_options
from stepgraph.cli.subject import read_saved_files, write_notes


@click.command("render")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@workflow_option
@output_options(DRAWINGS)
@drawing_options
def render(*, files: tuple[str, ...], workflows: tuple[str, ...], output: Output, drawing: DrawingOptions) -> ExitCode:
    """Draw version graphs that were saved as JSON, those of JavaScript workflows too.

    FILES hold what the Workflows API answers for the graph of a version, or what `stepgraph graph -f json` prints; - is
    standard input. What a later version of the API may add is drawn as far as it can be. A saved graph knows the name
    of its class alone, not that of the workflow.
    """
    options = drawing.format_options(output)
    prepare_destination(output, files)
    subjects, failed = read_saved_files(files)
    if not subjects and not failed:
        raise CommandError(ExitCode.NOTHING, f"no graph found in {', '.join(files)}: nothing but an empty array.")
    if not subjects:
        return ExitCode.ERROR
    selected = select(subjects, workflows)
    for subject in selected:
        write_notes(subject, quiet=output.quiet)
    return deliver(selected, output, options, sources=files, failed=failed)

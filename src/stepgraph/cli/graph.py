"""`stepgraph graph` and `stepgraph render`: draw version graphs, and print, write or check the drawings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, DetailLevel
from stepgraph.cli.analysis import (
    Cache,
    RunOptions,
    analyze_inputs,
    load_sources,
    reject_with_watch,
    require_workflows,
    run_options,
)
from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode, write_bytes, write_message
from stepgraph.cli.formats import DRAWINGS, FORMATS, FormatOptions, Rendering
from stepgraph.cli.input_options import Environment, inputs, select, workflow_option
from stepgraph.cli.output_options import (
    DrawingOptions,
    DrawingOutput,
    drawing_options,
    output_options,
    source_url_option,
)
from stepgraph.model.note import InputError
from stepgraph.model.walk import count_steps
from stepgraph.phrases import counted, quoted
from stepgraph.subject import Dates, Subject, analyzed_subject, read_saved_subjects, start_date_lookups

if TYPE_CHECKING:
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.cli.checking import Criteria

_RENDER_SHORT_HELP = "Draw saved graphs of workflows in any language."

R = TypeVar("R")

_FINDINGS_HELP: Final = "In text, svg, png, html: show findings of `stepgraph check`. On by default in html."


def findings_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the option --findings to a command. Below `drawing_options`, it is a field of the argument `drawing`."""
    return click.option("--findings/--no-findings", default=None, help=_FINDINGS_HELP)(command)


def project_criteria(paths: Sequence[str]) -> Criteria:
    """Return the settings and the baseline of the project, before the analysis.

    Raises InputError for an unreadable baseline.
    """
    # Imported here and below because most drawings show no findings, and start-up time counts.
    from stepgraph.cli.checking import CheckOptions, FailureOptions, read_criteria

    # A drawing fails for no finding, so a setting for new findings needs no baseline.
    return read_criteria(CheckOptions(failure=FailureOptions(fail_on="error")), paths)


def filtered_findings(analysis: Analysis, criteria: Criteria) -> Sequence[Finding]:
    """Return the findings that `stepgraph check` reports for an analysis."""
    from stepgraph.api import check_analysis
    from stepgraph.source_analysis import apply_settings

    return apply_settings(analysis, check_analysis(analysis), criteria.settings, criteria.baseline).findings


def with_findings(subjects: Sequence[Subject], findings: Sequence[Finding]) -> list[Subject]:
    """Return the workflows with their findings. The first one has those about no workflow, as in configurations."""
    checked = [replace(subject, drawn=subject.drawn.with_findings(findings)) for subject in subjects]
    general = tuple(finding for finding in findings if not finding.workflow)
    if not checked or not general:
        return checked
    first = checked[0].drawn
    return [replace(checked[0], drawn=replace(first, findings=(*general, *(first.findings or ())))), *checked[1:]]


@click.command("graph")
@inputs
@workflow_option
@output_options(FORMATS)
@drawing_options
@source_url_option
@findings_option
@run_options
def graph(
    *,
    paths: tuple[str, ...],
    environment: Environment,
    workflows: tuple[str, ...],
    output: DrawingOutput,
    drawing: DrawingOptions,
    running: RunOptions,
) -> ExitCode:
    """Draw the graphs of workflows.

    PATHS are files, directories (by default the current one), or - for standard input. A directory selects the
    workflows that its wrangler configurations name, or all its workflow classes if no configuration names any.

    JSON output is the version graph of the Workflows API or, for several workflows, an array of version graphs. An SVG
    or PNG shows a single workflow. PNG output requires `pip install 'stepgraph[png]'`. Text and HTML output contains
    the notes on each graph. For other formats, notes are printed to standard error, unless -o names a file or
    directory.
    """
    options = drawing.format_options(output)
    selected_paths = paths or (".",)
    request = _Request(selected_paths, environment, workflows, drawing.shows_findings(output))

    def run(cache: Cache) -> ExitCode:
        return _draw(request, output, options, cache)

    if not running.watching:
        return run(running.cache)
    reject_with_watch(selected_paths, {"--check": output.check})
    # Imported here because most runs watch nothing, and start-up time counts.
    from stepgraph.cli.watching import WatchedCommand, watch

    return watch(WatchedCommand(run, selected_paths, output.name, is_text=output.format.is_text, quiet=output.quiet))


class _Request(Struct, frozen=True):
    """The workflows to draw."""

    paths: Sequence[str]
    environment: Environment
    workflows: Sequence[str]
    """The patterns of the names of the workflows. Without patterns, all are drawn."""
    checked: bool
    """Whether the drawing shows findings."""


def _draw(request: _Request, output: DrawingOutput, options: FormatOptions, cache: Cache) -> ExitCode:
    """Analyze the inputs and draw the selected workflows. Return the exit code."""
    paths, checked = request.paths, request.checked
    criteria = project_criteria(paths) if checked else None
    sources = load_sources(paths, request.environment, cache)
    other_files = () if criteria is None else criteria.files
    _prepare_destination(output, (*sources.files, *other_files))
    with cache.date_lookup(paths) as lookup:
        if output.format.is_api_response:
            start_date_lookups(sources, lookup)
        with_locations = output.format.shows_locations or options.source_links is not None
        details = DetailLevel.NONE if output.format.is_api_response else DetailLevel.DRAWING
        analysis = analyze_inputs(
            sources, paths, cache, with_locations=with_locations, checked=checked, details=details
        )
        require_workflows(analysis, sources, paths)
        dates = Dates(lookup, sources)
        subjects = [analyzed_subject(workflow, dates) for workflow in analysis.workflows]
        selected = select(subjects, request.workflows, analysis.external)
        if criteria is not None:
            selected = with_findings(selected, filtered_findings(analysis, criteria))
        shows_notes = output.format.shows_notes or output.name is not None
        for subject in selected:
            if subject.graph is None or not shows_notes:
                _write_notes(subject, quiet=output.quiet)
        if output.name is None and options.engine != "dot":  # an update of Graphviz may change its drawings
            cache.record(paths, sources, analysis, other_files)
        files = (*analysis.files, *other_files)
        return _deliver(selected, output, options, sources=files, failed=bool(analysis.problems))


@click.command("render", short_help=_RENDER_SHORT_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", shell_complete=complete_files)
@workflow_option
@output_options(DRAWINGS)
@drawing_options
def render(
    *, files: tuple[str, ...], workflows: tuple[str, ...], output: DrawingOutput, drawing: DrawingOptions
) -> ExitCode:
    """Draw saved graphs of Python, JavaScript or TypeScript workflows.

    Each FILE contains a Workflows API response with the graph of a workflow version, or the output of
    `stepgraph graph -f json`; - is standard input. Unknown node types of later API versions are drawn as plain boxes.
    Saved graphs contain no workflow names, so --workflow selects by class.
    """
    options = drawing.format_options(output)
    _prepare_destination(output, files)
    subjects, failed = _read_saved_files(files)
    if not subjects and not failed:
        raise CommandError(ExitCode.NOTHING, f"no graph found in {', '.join(files)}: the array is empty.")
    if not subjects:
        return ExitCode.ERROR
    selected = select(subjects, workflows)
    for subject in selected:
        _write_notes(subject, quiet=output.quiet)
    return _deliver(selected, output, options, sources=files, failed=failed)


def _read_saved_files(paths: Iterable[str]) -> tuple[list[Subject], bool]:
    """Return the workflows in saved files, and whether a file failed. Problems are written to standard error."""
    subjects: list[Subject] = []
    failed = False
    for path in dict.fromkeys(paths):
        try:
            subjects += read_saved_subjects(path)
        except InputError as error:
            write_message(str(error.problem))
            failed = True
    return subjects, failed


def _write_notes(subject: Subject, *, quiet: bool) -> None:
    """Write the notes of a workflow to standard error, after a message if its graph is missing."""
    if subject.graph is None:
        write_message(subject.missing_graph_message())
    if quiet:
        return
    for note in subject.notes:
        write_message(note.labeled_text)


# Code for writing files is imported inside functions, because most runs write none and start-up time counts.


def _prepare_destination(output: DrawingOutput, sources: Collection[str]) -> None:
    """Raise CommandError if the format is unavailable, or the output cannot or must not be written."""
    output.format.prepare(to_file=output.name is not None)
    if output.name is None or output.check:
        return
    from stepgraph.cli.output_files import is_folder_name, prepare_folder, prepare_output

    if is_folder_name(output.name):
        prepare_folder(output.name)
    else:
        prepare_output(output.name, sources)


def _deliver(
    subjects: Sequence[Subject],
    output: DrawingOutput,
    options: FormatOptions,
    *,
    sources: Collection[str],
    failed: bool,
) -> ExitCode:
    """Print the workflows, write them to files, or check these files. Return the exit code.

    `sources` are never overwritten. If an input `failed`, no file is written. Raises CommandError if files cannot be
    written, or if a checked file is out of date.
    """
    if output.name is None:
        write_bytes(_render(_renderable(subjects, output), output, options).content)
    elif failed:
        raise _not_written_error(output, ExitCode.ERROR, "because an input is unreadable or invalid")
    else:
        _deliver_files(output.name, subjects, output, options, sources)
    if failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if all(subject.graph is not None for subject in subjects) else ExitCode.FINDINGS


def _deliver_files(
    name: str, subjects: Sequence[Subject], output: DrawingOutput, options: FormatOptions, sources: Collection[str]
) -> None:
    from stepgraph.cli.output_files import (
        ContentComparison,
        check_up_to_date,
        is_folder_name,
        path_in,
        prepare_output,
        write_folder,
    )

    if is_folder_name(name):
        files = {path_in(name, file): content for file, content in _render_files(subjects, output, options).items()}
    else:
        files = {name: _render_file(subjects, output, options)}
    contents = {path: content for path, (content, _) in files.items()}
    comparison = ContentComparison.BYTES if output.format.is_binary else ContentComparison.TEXT
    if output.check:
        without_dates = ContentComparison.TEXT_WITHOUT_DATES
        check_up_to_date(contents, output.command, without_dates if output.format.is_api_response else comparison)
        return

    def report(path: str) -> None:
        if not output.quiet:
            write_message(f"wrote {path} ({files[path][1]})")

    if is_folder_name(name):
        write_folder(name, contents, sources, comparison, report)
    else:
        prepare_output(name, sources).write(contents[name])
        report(name)


def _render_file(subjects: Sequence[Subject], output: DrawingOutput, options: FormatOptions) -> tuple[bytes, str]:
    """Return the content of a single output file, with a summary."""
    drawable = _renderable(subjects, output)
    if not drawable:
        raise _not_written_error(output, ExitCode.FINDINGS, "because the workflow has no graph")
    return _render(drawable, output, options).content, _summary(drawable)


def _render_files(
    subjects: Sequence[Subject], output: DrawingOutput, options: FormatOptions
) -> dict[str, tuple[bytes, str]]:
    """Return the content and the summary of each file in an output directory, by file name."""
    from stepgraph.cli.output_files import file_stems

    drawable = _renderable(subjects, output)
    if len(drawable) < len(subjects):
        name = next(subject.name for subject in subjects if subject.graph is None)
        advice = ". Select the other workflows with --workflow" if drawable else ""
        raise _not_written_error(output, ExitCode.FINDINGS, f"because `{name}` has no graph{advice}")
    files: dict[str, tuple[bytes, str]] = {}
    for stem, subject in zip(file_stems(drawable), drawable, strict=True):
        rendering = _render([subject], output, options)
        files[stem + (rendering.suffix or output.format.suffix)] = rendering.content, _summary([subject])
    return files


def _summary(subjects: Sequence[Subject]) -> str:
    """Summarize the contents of a file: `37 steps, incomplete: 2 notes, see `stepgraph check``."""
    steps = sum(count_steps(subject.graph["workflow"]) for subject in subjects if subject.graph is not None)
    parts = [counted(len(subjects), "workflow")] if len(subjects) > 1 else []
    parts.append(counted(steps, "step"))
    if notes := sum(note.incomplete for subject in subjects for note in subject.notes):
        parts += [f"incomplete: {counted(notes, 'note')}", "see `stepgraph check`"]
    return ", ".join(parts)


def _renderable(subjects: Sequence[Subject], output: DrawingOutput) -> Sequence[Subject]:
    """Return the workflows that the format can show: those with a graph, or all for API responses."""
    return subjects if output.format.is_api_response else [subject for subject in subjects if subject.graph is not None]


def _render(drawable: Sequence[Subject], output: DrawingOutput, options: FormatOptions) -> Rendering:
    """Return the workflows in the output format, after writing warnings to standard error."""
    output_format = output.format
    if not drawable:
        return Rendering("")
    if len(drawable) > 1 and not output_format.allows_multiple_workflows:
        message = (
            f"{output_format.name} output holds a single workflow, not {len(drawable)}. {_selection_advice(drawable)}"
        )
        raise CommandError(ExitCode.ERROR, f"{message}, or write a file for each with -f {output_format.name} -o DIR/.")
    rendering = output_format.write(drawable, options)
    for warning in () if output.quiet else rendering.warnings:
        write_message(warning)
    return rendering


def _selection_advice(drawable: Sequence[Subject]) -> str:
    """Return advice for selecting one workflow: by name, or by class or path if all names are equal."""
    if len({subject.name for subject in drawable}) > 1:
        return "Choose one with --workflow NAME"
    classes = list(dict.fromkeys(subject.class_name for subject in drawable))
    if len(classes) == 1:
        return f"All are named `{drawable[0].name}`: pass the path of one"
    return f"All are named `{drawable[0].name}`: choose one by its class ({', '.join(quoted(classes))})"


def _not_written_error(output: DrawingOutput, code: ExitCode, reason: str) -> CommandError:
    return CommandError(code, f"{output.name} was not {'checked' if output.check else 'written'} {reason}.")

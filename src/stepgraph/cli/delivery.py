"""The last step of commands that draw: rendering, and printing, writing or checking the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stepgraph.cli.console import write_message, write_result
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.formats import FormatOptions, Rendering
from stepgraph.cli.options.output import Output
from stepgraph.cli.subject import Subject
from stepgraph.phrases import quoted

# Code for writing files is imported inside functions, because most runs write none and start-up time counts.


def prepare_destination(output: Output, sources: Collection[str]) -> None:
    """Raise CommandError if the output file or directory cannot or must not be written."""
    if output.name is None or output.check:
        return
    from stepgraph.cli.output_files import is_folder_name, prepare_folder, prepare_output

    if is_folder_name(output.name):
        prepare_folder(output.name)
    else:
        prepare_output(output.name, sources)


def deliver(
    subjects: Sequence[Subject], output: Output, options: FormatOptions, *, sources: Collection[str], failed: bool
) -> ExitCode:
    """Print the workflows, write them to files, or check these files. Return the exit code.

    `sources` are never overwritten. If an input `failed`, no file is written. Raises CommandError if files cannot be
    written, or if a checked file is out of date.
    """
    if output.name is None:
        write_result(_render(_renderable(subjects, output), output, options).text)
    elif failed:
        raise _not_written_error(output, ExitCode.ERROR, "for not every input could be read")
    else:
        _deliver_files(output.name, subjects, output, options, sources)
    if failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if all(subject.graph is not None for subject in subjects) else ExitCode.FINDINGS


def _deliver_files(
    name: str, subjects: Sequence[Subject], output: Output, options: FormatOptions, sources: Collection[str]
) -> None:
    from stepgraph.cli.output_files import check_up_to_date, is_folder_name, path_in, prepare_output, write_folder

    if is_folder_name(name):
        texts = {path_in(name, file): text for file, text in _render_files(subjects, output, options).items()}
    else:
        texts = {name: _render_file(subjects, output, options)}
    if output.check:
        check_up_to_date(texts, output.command, with_dates=not output.format.is_api_response)
    elif is_folder_name(name):
        write_folder(name, texts, sources, quiet=output.quiet)
    else:
        prepare_output(name, sources).write(texts[name])


def _render_file(subjects: Sequence[Subject], output: Output, options: FormatOptions) -> str:
    """Return the text of a single output file."""
    drawable = _renderable(subjects, output)
    if not drawable:
        raise _not_written_error(output, ExitCode.FINDINGS, "for there is no graph")
    return _render(drawable, output, options).text


def _render_files(subjects: Sequence[Subject], output: Output, options: FormatOptions) -> dict[str, str]:
    """Return the texts for a directory, by file name."""
    from stepgraph.cli.output_files import file_stems

    drawable = _renderable(subjects, output)
    if len(drawable) < len(subjects):
        name = next(subject.name for subject in subjects if subject.graph is None)
        raise _not_written_error(output, ExitCode.FINDINGS, f"for `{name}` has no graph")
    texts: dict[str, str] = {}
    for stem, subject in zip(file_stems(drawable), drawable, strict=True):
        rendering = _render([subject], output, options)
        texts[stem + (rendering.suffix or output.format.suffix)] = rendering.text
    return texts


def _renderable(subjects: Sequence[Subject], output: Output) -> Sequence[Subject]:
    """Return the workflows that the format can show: those with a graph, or all for API responses."""
    return subjects if output.format.is_api_response else [subject for subject in subjects if subject.graph is not None]


def _render(drawable: Sequence[Subject], output: Output, options: FormatOptions) -> Rendering:
    """Return the workflows in the output format, after writing warnings to standard error."""
    output_format = output.format
    if not drawable:
        return Rendering("")
    if len(drawable) > 1 and not output_format.allows_multiple_workflows:
        message = (
            f"{output_format.name} holds one workflow, and there are {len(drawable)}. {_selection_advice(drawable)}"
        )
        raise CommandError(ExitCode.ERROR, f"{message}, or write a file for each with -o FOLDER/.")
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
        return f"All are called `{drawable[0].name}`: give the path of one"
    return f"All are called `{drawable[0].name}`: choose one by its class ({', '.join(quoted(classes))})"


def _not_written_error(output: Output, code: ExitCode, reason: str) -> CommandError:
    return CommandError(code, f"{output.name} was not {'checked' if output.check else 'written'}, {reason}.")

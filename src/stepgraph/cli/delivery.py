"""What the commands that draw do last: draw, and print, write or check what was drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stepgraph.cli.console import tell, write_result
from stepgraph.cli.errors import CommandError, ExitCode
from stepgraph.cli.formats import Rendering, Style
from stepgraph.cli.options.output import Output
from stepgraph.cli.subject import Subject
from stepgraph.phrases.near_names import quoted

# What takes part in writing files is imported where it is needed, for start-up: most runs write none.


def prepare(output: Output, sources: Collection[str]) -> None:
    """Raise CommandError, before there is anything to write, if it must not be written or evidently cannot be."""
    if output.name is None or output.check:
        return
    from stepgraph.cli.output_files import means_folder, prepare_folder, prepare_output

    if means_folder(output.name):
        prepare_folder(output.name)
    else:
        prepare_output(output.name, sources)


def deliver(
    subjects: Sequence[Subject], output: Output, style: Style, *, sources: Collection[str], failed: bool
) -> ExitCode:
    """Print the workflows, or write them to files, or check these; return what the run comes to.

    `sources` are not written over. Where an input `failed`, no file is written. Raises CommandError for what cannot be
    done, and where a file that was to be checked is out of date.
    """
    if output.name is None:
        write_result(_drawn(_shown(subjects, output), output, style).text)
    elif failed:
        raise _undone(output, ExitCode.ERROR, "for not every input could be read")
    else:
        _deliver_files(output.name, subjects, output, style, sources)
    if failed:
        return ExitCode.ERROR
    return ExitCode.CLEAN if all(subject.graph is not None for subject in subjects) else ExitCode.FINDINGS


def _deliver_files(
    name: str, subjects: Sequence[Subject], output: Output, style: Style, sources: Collection[str]
) -> None:
    from stepgraph.cli.output_files import check_files, means_folder, path_in, prepare_output, write_folder

    if means_folder(name):
        texts = {path_in(name, file): text for file, text in _texts(subjects, output, style).items()}
    else:
        texts = {name: _text(subjects, output, style)}
    if output.check:
        check_files(texts, output.command, with_dates=not output.form.answer)
    elif means_folder(name):
        write_folder(name, texts, sources, quiet=output.quiet)
    else:
        prepare_output(name, sources).write(texts[name])


def _text(subjects: Sequence[Subject], output: Output, style: Style) -> str:
    """Return what is written to the one file that there is to be."""
    shown = _shown(subjects, output)
    if not shown:
        raise _undone(output, ExitCode.FINDINGS, "for there is no graph")
    return _drawn(shown, output, style).text


def _texts(subjects: Sequence[Subject], output: Output, style: Style) -> dict[str, str]:
    """Return what is written to a folder, by names of files."""
    from stepgraph.cli.output_files import file_stems

    shown = _shown(subjects, output)
    if len(shown) < len(subjects):
        name = next(subject.name for subject in subjects if subject.graph is None)
        raise _undone(output, ExitCode.FINDINGS, f"for `{name}` has no graph")
    texts: dict[str, str] = {}
    for stem, subject in zip(file_stems(shown), shown, strict=True):
        drawn = _drawn([subject], output, style)
        texts[stem + (drawn.suffix or output.form.suffix)] = drawn.text
    return texts


def _shown(subjects: Sequence[Subject], output: Output) -> Sequence[Subject]:
    """Return the workflows that the format can show: an answer of the API says also that there is no graph."""
    return subjects if output.form.answer else [subject for subject in subjects if subject.graph is not None]


def _drawn(shown: Sequence[Subject], output: Output, style: Style) -> Rendering:
    """Return the workflows in the format, and tell what is to be said about them."""
    form = output.form
    if not shown:
        return Rendering("")
    if len(shown) > 1 and not form.holds_several:
        message = f"{form.name} holds one workflow, and there are {len(shown)}. {_choice(shown)}"
        raise CommandError(ExitCode.ERROR, f"{message}, or write a file for each with -o FOLDER/.")
    drawn = form.write(shown, style)
    for warning in () if output.quiet else drawn.warnings:
        tell(warning)
    return drawn


def _choice(shown: Sequence[Subject]) -> str:
    """Return how to choose one of several workflows: by its name or, where all have the same, in another way."""
    if len({subject.name for subject in shown}) > 1:
        return "Choose one with --workflow NAME"
    classes = list(dict.fromkeys(subject.class_name for subject in shown))
    if len(classes) == 1:
        return f"All are called `{shown[0].name}`: give the path of one"
    return f"All are called `{shown[0].name}`: choose one by its class ({', '.join(quoted(classes))})"


def _undone(output: Output, code: ExitCode, why: str) -> CommandError:
    return CommandError(code, f"{output.name} was not {'checked' if output.check else 'written'}, {why}.")

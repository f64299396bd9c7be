"""The options for the format and the destination of output, and for the look of drawings."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

import click
from msgspec import Struct, convert
from msgspec.structs import replace

from stepgraph.cli.completion import complete_files, complete_values
from stepgraph.cli.console import COLORS, Look, choose_color, look_of_standard_output, write_bytes, write_message
from stepgraph.cli.formats import (
    DEFAULT_FIT,
    DIFF_FORMATS,
    FORMATS,
    INSTANCE_FORMATS,
    MARKDOWN,
    OTHER_PICTURES,
    REPORT_FORMATS,
    STATISTICS,
    SUFFIXES,
    SUFFIXES_OF_VIEWERS,
    UNSUPPORTED_SUFFIXES,
    Content,
    Format,
    FormatOptions,
)

if TYPE_CHECKING:
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.project.source_links import SourceLinks
    from stepgraph.render.folding import FoldedKind
    from stepgraph.render.view import Expansion, Theme, View
    from stepgraph.subject import Subject

R = TypeVar("R")

_FORMAT_HELP = "Output format. Defaults to the extension of --output, or text."
_FILE_OR_FOLDER_HELP = "File to write (- for standard output), or directory for one file per workflow."
_CHECK_HELP = "Write nothing; fail if the files that -o names are out of date."
_DRAWING_QUIET_HELP = "Do not print notes and the names of written files."
_COLOR_HELP = "Color text output. auto colors terminals only; NO_COLOR and FORCE_COLOR override it."
_CHECK = "--check"
# Snapshot settings call the text format an outline, so both names are accepted.
_TEXT, _OUTLINE = "text", "outline"
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_NO_SUFFIXES: Mapping[str, str] = {}
# Markdown files contain Mermaid diagrams.
_EXTRA_SUFFIXES = {MARKDOWN: "mermaid"}


class DrawingOutput(Struct, frozen=True):
    """The format and destination of drawings."""

    format: Format[Sequence[Subject]]
    name: str | None
    """The output file or directory, or None for standard output."""
    check: bool
    """Whether files are compared, not written."""
    quiet: bool
    command: str
    """The command line that writes the files, or an empty string without `check`."""


def output_options(formats: Mapping[str, Format[Sequence[Subject]]]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds -f, -o, --check, -q and --color to a command, as one argument `output`."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @_format_option([*formats, _OUTLINE])
        @click.option(
            "-o", "--output", "name", metavar="FILE|DIR/", help=_FILE_OR_FOLDER_HELP, shell_complete=complete_files
        )
        @color_option
        @click.option(_CHECK, is_flag=True, help=_CHECK_HELP)
        @click.option("-q", "--quiet", is_flag=True, help=_DRAWING_QUIET_HELP)
        @wraps(command)
        def with_output(*, format_name: str | None, name: str | None, check: bool, quiet: bool, **values: object) -> R:
            target = _target(name)
            if check and target is None:
                raise click.UsageError("--check requires -o with the file or directory to compare.")
            selected = _select_format(format_name, target, formats, _EXTRA_SUFFIXES)
            return command(output=DrawingOutput(selected, target, check, quiet, _command() if check else ""), **values)

        return with_output

    return decorate


def color_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the option --color to a command."""
    color = click.Choice(COLORS)
    return click.option(
        "--color", type=color, default="auto", callback=choose_color, expose_value=False, help=_COLOR_HELP
    )(command)


def _format_option(names: Iterable[str]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds the case-insensitive option --format to a command, as the argument `format_name`."""
    choice = click.Choice(list(names), case_sensitive=False)
    return click.option("-f", "--format", "format_name", type=choice, help=_FORMAT_HELP)


def _target(name: str | None) -> str | None:
    """Return the file or directory of --output, or None for standard output."""
    return None if name == "-" else name


def _select_format(
    format_name: str | None,
    target: str | None,
    formats: Mapping[str, Format[Content]],
    extra_suffixes: Mapping[str, str] = _NO_SUFFIXES,
) -> Format[Content]:
    """Return the format of --format.

    The default is the format with the longest suffix that the target ends with, or else the first format.

    `extra_suffixes` are further suffixes with names of formats. Raises UsageError for suffixes of unsupported formats,
    and for a picture or page whose suffix is that of another one.
    """
    if format_name is not None:
        selected = formats[_TEXT if format_name == _OUTLINE else format_name]
        _require_matching_suffix(selected, target)
        return selected
    first, *_ = formats.values()
    if target is not None and target in formats and not os.path.exists(target):
        # mypy's --output selects the format.
        raise click.UsageError(f"`{target}` is a format. Use `-f {target}`, or `-o ./{target}` for a file.")
    if target is None or os.path.isdir(target) or target.endswith(_SEPARATORS):
        return first
    by_suffix = {each.suffix: each for each in formats.values()}
    by_suffix |= {suffix: formats[name] for suffix, name in extra_suffixes.items()}
    matching = [suffix for suffix in by_suffix if target.endswith(suffix)]
    if matching:
        return by_suffix[max(matching, key=len)]
    if target.lower().endswith(UNSUPPORTED_SUFFIXES):
        suffix = os.path.splitext(target)[1]
        print_advice = " For a PDF, write an SVG, and print it from a browser." if suffix.lower() == ".pdf" else ""
        format_advice = "" if suffix.lower() in OTHER_PICTURES else ", or set the format with -f"
        raise click.UsageError(
            f"unsupported file extension `{suffix}`. Use {_list_suffixes(by_suffix)}{format_advice}."
            f"{print_advice if '.svg' in by_suffix else ''}"
        )
    return first


def _require_matching_suffix(selected: Format[Content], target: str | None) -> None:
    """Raise UsageError if the suffix of a file belongs to another format, so that other programs cannot open it."""
    suffix = "" if target is None or os.path.isdir(target) else os.path.splitext(target)[1]
    if target is None or suffix == selected.suffix:
        return
    is_other_picture = suffix.lower() in OTHER_PICTURES
    if suffix in SUFFIXES_OF_VIEWERS or is_other_picture or (selected.is_binary and suffix in SUFFIXES):
        name = f"{target.removesuffix(suffix)}{selected.suffix}"
        raise click.UsageError(
            f"`{target}` would contain {selected.name} output, and programs would not open it. "
            f"Write to `{name}`{'' if is_other_picture else f', or omit `-f {selected.name}`'}."
        )


def _list_suffixes(suffixes: Iterable[str]) -> str:
    *leading, last = (suffix for suffix in suffixes if suffix.rfind(".") == 0)
    return f"{', '.join(leading)} or {last}"


def _command() -> str:
    """Return the command line of this run without `--check`, quoted for a shell."""
    import shlex

    arguments: tuple[str, ...] = click.get_current_context().find_root().obj or ()
    return shlex.join(["stepgraph", *(argument for argument in arguments if argument != _CHECK)])


# Copies of constants of the renderers, because importing them would slow down every run.
FOLDABLE: Final = ("loop", "parallel", "try", "if", "switch", "block", "function", "step")
EXPANSIONS: Final = ("first", "all", "none")
THEMES: Final = ("auto", "light", "dark")
ENGINES: Final = ("structured", "dot")
# Options that Graphviz does not support.
_STRUCTURED_ONLY: Final = frozenset({"--theme", "--legend", "--fit", "--source-url", "--findings"})
_NO_FIT = "none"
_MIN_FIT, _MAX_FIT = 200, 10_000
_VIEW_OPTIONS: Final = frozenset({"--depth", "--fold", "--expand", "--theme", "--legend"})

_DEPTH_HELP = "Draw N levels of nested nodes, and fold deeper ones."
_FOLD_HELP = f"Fold nodes of these kinds: {', '.join(FOLDABLE)}."
_EXPAND_HELP = "Draw a function at its first call (default), at each call, or separately; not in text."
_FIT_HELP = "Fold parts of a picture until names are legible at WIDTH pixels. Default: 800."
_THEME_HELP = "Colors of a picture or page. auto (default) follows the viewer, and is light in a PNG."
_FULL_HELP = "Draw unchanged parts in full. By default, they are folded."
_LEGEND_HELP = "Add a legend of the symbols to a picture or HTML page."
_SOURCE_URL_HELP = "Link steps to their code: a URL with {path} and {line}, or auto for permalinks."
_ENGINE_HELP = "Layout engine of an SVG or PNG: stepgraph's own (default), or Graphviz."


class DrawingOptions(Struct, frozen=True):
    """The values of the options. Options that were not used are None or False."""

    depth: int | None
    fold: tuple[str, ...] | None
    expand: str | None
    fit: str | int | None
    """The width in pixels, or `none`."""

    theme: str | None
    legend: bool
    engine: str | None = None
    """The layout engine. The options of instances lack it."""
    source_url: str | None = None
    """A URL with placeholders, or `auto`. The options of saved graphs lack it."""
    findings: bool | None = None
    """Whether findings are shown, or None for the default of the format."""

    def shows_findings(self, output: DrawingOutput) -> bool:
        """Return whether the drawing shows findings."""
        return output.format.checks_by_default if self.findings is None else self.findings

    def format_options(self, output: DrawingOutput) -> FormatOptions:
        """Return the options of the format. Raises UsageError for options that it does not support."""
        return self.options_of(output.format, FORMATS, output.name)

    def options_of(
        self, selected: Format[Content], formats: Mapping[str, Format[Content]], name: str | None
    ) -> FormatOptions:
        """Return the options of one of several formats, for an output file or standard output.

        Raises UsageError for options that the format does not support.
        """
        for option in self._explicit_options():
            if option not in selected.options:
                supporting = ", ".join(each.name for each in formats.values() if option in each.options)
                message = f"{option} does not apply to the format {selected.name}, only to {supporting}."
                raise click.UsageError(message)
            if self.engine == "dot" and option in _STRUCTURED_ONLY:
                raise click.UsageError(f"{option} does not apply to the engine dot.")
        view = self._view() if _VIEW_OPTIONS & set(self._explicit_options()) else None
        look = Look() if name else look_of_standard_output()
        fit = DEFAULT_FIT if self.fit is None else self.fit
        return FormatOptions(
            look,
            view=view,
            fit=fit if isinstance(fit, int) else None,
            engine=self.engine or ENGINES[0],
            source_links=self._source_links(),
            in_markdown=name is not None and name.endswith(MARKDOWN),
        )

    def _explicit_options(self) -> list[str]:
        values = {
            "--depth": self.depth,
            "--fold": self.fold,
            "--expand": self.expand,
            "--fit": self.fit,
            "--theme": self.theme,
            "--legend": self.legend or None,
            "--engine": self.engine,
            "--source-url": self.source_url,
            "--findings": self.findings,
        }
        return [option for option, value in values.items() if value is not None]

    def _source_links(self) -> SourceLinks | None:
        if self.source_url is None:
            return None
        from stepgraph.project.source_links import SourceLinks

        return SourceLinks(self.source_url)

    def _view(self) -> View:
        from stepgraph.render.folding import Folding
        from stepgraph.render.view import View

        return View(
            Folding(self.depth, cast("tuple[FoldedKind, ...]", self.fold or ())),
            cast("Expansion", self.expand or EXPANSIONS[0]),
            cast("Theme", self.theme or THEMES[0]),
            self.legend,
        )


def drawing_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the drawing options to a command, as one argument `drawing`."""
    return picture_options(click.option("--engine", type=click.Choice(ENGINES), help=_ENGINE_HELP)(command))


def picture_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the drawing options of stepgraph's own layout to a command, as one argument `drawing`."""

    @click.option("--depth", type=click.IntRange(min=1), metavar="N", help=_DEPTH_HELP)
    @click.option(
        "--fold",
        callback=_fold,
        metavar="KIND,...",
        help=_FOLD_HELP,
        shell_complete=complete_values(FOLDABLE),
    )
    @click.option("--expand", type=click.Choice(EXPANSIONS), help=_EXPAND_HELP)
    @click.option("--fit", callback=_fit, metavar="WIDTH|none", help=_FIT_HELP)
    @click.option("--theme", type=click.Choice(THEMES), help=_THEME_HELP)
    @click.option("--legend", is_flag=True, help=_LEGEND_HELP)
    @wraps(command)
    def with_drawing(**values: object) -> R:
        names = [name for name in DrawingOptions.__struct_fields__ if name in values]
        drawing = convert({name: values.pop(name) for name in names}, DrawingOptions)
        return command(drawing=drawing, **values)

    return with_drawing


def source_url_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the option --source-url to a command with `drawing_options`, whose graphs have source locations."""
    complete = complete_values(("auto",))
    return click.option(
        "--source-url", callback=_source_url, metavar="URL", help=_SOURCE_URL_HELP, shell_complete=complete
    )(command)


def _source_url(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the template of links or `auto`. Raises BadParameter for other text."""
    if value is None:
        return None
    from stepgraph.project.source_links import AUTO, SCHEMES, is_template

    if value == AUTO or is_template(value):
        return value
    raise click.BadParameter(
        f"`{value}` is not a URL with {{path}} or {{file}}, such as https://example.com/{{path}}#L{{line}}. "
        f"Schemes: {', '.join(SCHEMES)}."
    )


def _fold(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Return the kinds in a comma-separated string, in the order of `FOLDABLE`."""
    if value is None:
        return None
    named = [kind.strip() for kind in value.split(",") if kind.strip()]
    for kind in named:
        if kind not in FOLDABLE:
            # Imported here because only errors need it.
            from stepgraph.phrases import near_names

            similar = near_names(kind, FOLDABLE)
            advice = f"Did you mean `{similar[0]}`?" if similar else f"Available: {', '.join(FOLDABLE)}."
            raise click.BadParameter(f"unknown kind `{kind}`. {advice}")
    if not named:
        raise click.BadParameter(f"missing kind. Available: {', '.join(FOLDABLE)}.")
    return tuple(kind for kind in FOLDABLE if kind in named)


def _fit(_context: click.Context, _option: click.Parameter, value: str | None) -> str | int | None:
    """Return the width in pixels, or `none`."""
    if value is None or value == _NO_FIT:
        return value
    if not value.isdecimal() or not _MIN_FIT <= int(value) <= _MAX_FIT:
        raise click.BadParameter(f"`{value}` is neither `none` nor a width from {_MIN_FIT} to {_MAX_FIT} pixels.")
    return int(value)


_REPORT_QUIET_HELP = "Print the findings without a summary."
_STATISTICS_HELP = "Print the number of findings of each rule instead of the findings."
_TEXT_REPORTS: Final = ("text", "concise")
_QUIET_HELP = "Print only errors on standard error."
_FILE_HELP = "File to write (- for standard output). It is replaced only by complete output."


_file_option = click.option("-o", "--output", "name", metavar="FILE", help=_FILE_HELP, shell_complete=complete_files)


class DocumentOutput(Struct, Generic[Content], frozen=True):
    """The format and destination of a report or a diff."""

    format: Format[Content]
    name: str | None
    """The output file, or None for standard output."""
    quiet: bool
    options: FormatOptions = FormatOptions()
    """The options of the format, except for the look and `quiet`."""

    def prepare(self, sources: Collection[str]) -> None:
        """Raise CommandError if the format is unavailable, or the output file cannot or must not be written."""
        self.format.prepare(to_file=self.name is not None)
        if self.name is not None:
            from stepgraph.cli.output_files import prepare_output

            prepare_output(self.name, sources)

    def deliver(self, content: Content, sources: Collection[str], summarize: Callable[[Content], str]) -> None:
        """Print the document, or write it to its file and print its summary. Raises CommandError if writing fails."""
        if self.name is None:
            write_bytes(self._content(content, look_of_standard_output()))
            return
        from stepgraph.cli.output_files import prepare_output

        prepare_output(self.name, sources).write(self._content(content, Look()))
        if not self.quiet:
            write_message(f"wrote {self.name}: {summarize(content)}")

    def _content(self, content: Content, look: Look) -> bytes:
        rendering = self.format.write(content, replace(self.options, look=look, quiet=self.quiet))
        for warning in () if self.quiet else rendering.warnings:
            write_message(warning)
        return rendering.content


def report_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options -f, -o, -q, --statistics and --color to a command, as one argument `output`."""

    @_format_option(REPORT_FORMATS)
    @_file_option
    @click.option("-q", "--quiet", is_flag=True, help=_REPORT_QUIET_HELP)
    @color_option
    @click.option("--statistics", is_flag=True, help=_STATISTICS_HELP)
    @wraps(command)
    def with_output(*, format_name: str | None, name: str | None, quiet: bool, statistics: bool, **values: object) -> R:
        target = _target(name)
        selected = _select_format(format_name, target, REPORT_FORMATS)
        if statistics:
            if selected.name not in _TEXT_REPORTS:
                formats = ", ".join(_TEXT_REPORTS)
                raise click.UsageError(f"--statistics does not apply to the format {selected.name}, only to {formats}.")
            selected = STATISTICS
        return command(output=DocumentOutput(selected, target, quiet), **values)

    return with_output


def diff_output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options -f, -o, -q, --theme, --full and --color to a command, as one argument `output`."""

    @_format_option(DIFF_FORMATS)
    @_file_option
    @color_option
    @click.option("--theme", type=click.Choice(THEMES), help=_THEME_HELP)
    @click.option("--full", is_flag=True, help=_FULL_HELP)
    @click.option("-q", "--quiet", is_flag=True, help=_DRAWING_QUIET_HELP)
    @wraps(command)
    def with_output(
        *, format_name: str | None, name: str | None, quiet: bool, theme: str | None, full: bool, **values: object
    ) -> R:
        target = _target(name)
        selected = _select_format(format_name, target, DIFF_FORMATS)
        for option, is_used in (("--theme", theme is not None), ("--full", full)):
            if is_used and option not in selected.options:
                formats = ", ".join(each.name for each in DIFF_FORMATS.values() if option in each.options)
                raise click.UsageError(f"{option} does not apply to the format {selected.name}, only to {formats}.")
        view = None if theme is None else _themed_view(cast("Theme", theme))
        options = FormatOptions(view=view, full=full)
        return command(output=DocumentOutput(selected, target, quiet, options), **values)

    return with_output


def _themed_view(theme: Theme) -> View:
    from stepgraph.render.view import View

    return View(theme=theme)


def instance_output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options -f, -o, -q, --color and those of drawings to a command, as one argument `output`."""

    @document_options(INSTANCE_FORMATS, _OUTLINE)
    @picture_options
    @wraps(command)
    def with_output(*, output: DocumentOutput[DrawnWorkflow], drawing: DrawingOptions, **values: object) -> R:
        options = drawing.options_of(output.format, INSTANCE_FORMATS, output.name)
        return command(output=replace(output, options=options), **values)

    return with_output


def document_options(
    formats: Mapping[str, Format[Content]], *aliases: str
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Return a decorator that adds the options -f, -o, -q and --color to a command, as one argument `output`.

    `aliases` are further names of the text format.
    """

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @_format_option([*formats, *aliases])
        @_file_option
        @color_option
        @click.option("-q", "--quiet", is_flag=True, help=_QUIET_HELP)
        @wraps(command)
        def with_output(*, format_name: str | None, name: str | None, quiet: bool, **values: object) -> R:
            target = _target(name)
            return command(output=DocumentOutput(_select_format(format_name, target, formats), target, quiet), **values)

        return with_output

    return decorate

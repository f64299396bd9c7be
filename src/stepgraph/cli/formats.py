"""The registry of output formats for graphs, check reports, diffs, instances, failures and replays.

To add a format, add an entry with the function that writes it to `_GRAPHS`, `_REPORTS`, `_DIFFS`, `_INSTANCES`,
`_FAILURES` or `_REPLAYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.cli.console import CommandError, ExitCode, Look, encode, writes_to_terminal

if TYPE_CHECKING:
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.model.payload import Node
    from stepgraph.project.source_links import SourceLinks
    from stepgraph.render.view import View
    from stepgraph.report.diff.comparison import VersionComparison
    from stepgraph.report.failure.report import FailureReport
    from stepgraph.report.replay.replay_report import ReplayReport
    from stepgraph.report.report import Report
    from stepgraph.subject import Subject

Content = TypeVar("Content")

TEXT_FILE: Final = ".txt"
"""The suffix of files in the default format."""

MARKDOWN: Final = ".md"
"""The suffix of Markdown files, which may contain Mermaid diagrams."""

DEFAULT_FIT: Final = 800
"""The width in pixels at which GitHub shows pictures in a README or a pull request."""


class FormatOptions(Struct, frozen=True):
    """The options of a run that formats may use."""

    look: Look = Look()
    """The color and width of the terminal."""

    quiet: bool = False
    """Whether reports omit their summary."""

    full: bool = False
    """Whether a diff shows unchanged parts in full."""

    view: View | None = None
    """The folding, expansion, colors and legend of a drawing or a diff, or None for the default view."""

    fit: int | None = DEFAULT_FIT
    """The width in pixels at which a picture is shown, or None to draw everything."""

    engine: str = "structured"
    """The layout engine of SVG: `structured` or `dot`."""

    source_links: SourceLinks | None = None
    """The links to source code, or None for a drawing without links."""

    in_markdown: bool = False
    """Whether the output file is Markdown, even for a single Mermaid diagram."""


class Rendering(Struct, frozen=True):
    """Output text or the bytes of a picture, with warnings to show."""

    text: str

    warnings: tuple[str, ...] = ()
    """The warnings, one line each."""

    suffix: str = ""
    """The suffix of the file if it differs from the suffix of the format."""

    picture: bytes = b""
    """The content of a binary format, which has no text."""

    @property
    def content(self) -> bytes:
        """The bytes of the output."""
        return self.picture or encode(self.text)


class Format(Struct, Generic[Content], frozen=True):
    """An output format: `write` turns content into text."""

    name: str

    suffix: str
    """The suffix of file names in this format."""

    write: Callable[[Content, FormatOptions], Rendering]
    """The content of a graph format is a sequence of workflows: all of them for an API response, otherwise those with a
    graph.
    """

    options: frozenset[str] = frozenset()
    """The drawing options that the format uses. Each drawing supports `_FOLDING`, and describes folded nodes with
    `folded_node_text` of `render/folding.py`.
    """

    allows_multiple_workflows: bool = True
    """Whether one document may contain several workflows."""

    shows_notes: bool = False
    """Whether the document contains the notes of a workflow."""

    is_api_response: bool = False
    """Whether the format is the API response, which contains dates and includes workflows without a graph."""

    shows_locations: bool = False
    """Whether the document shows the source locations of nodes."""

    shows_details: bool = False
    """Whether the report of a check contains graphs with their details."""

    checks_by_default: bool = False
    """Whether the document shows findings unless an option excludes them."""

    is_binary: bool = False
    """Whether the content is bytes for other programs, which must not be written to a terminal."""

    require: Callable[[], None] | None = None
    """Raises CommandError if the packages that the format requires are not installed."""

    def prepare(self, *, to_file: bool) -> None:
        """Raise CommandError if the format is unavailable, or is binary and standard output is a terminal.

        Commands call this before the analysis.
        """
        if self.is_binary and not to_file and writes_to_terminal():
            raise CommandError(
                ExitCode.ERROR,
                f"{self.name} output is binary, so it is not written to a terminal. "
                f"Name a file with -o FILE{self.suffix}, or redirect standard output.",
            )
        if self.require is not None:
            self.require()

    @property
    def is_text(self) -> bool:
        """Whether the document is plain text for people and logs."""
        return self.suffix.endswith(TEXT_FILE)


_FOLDING: Final = frozenset({"--depth", "--fold"})
_CHART: Final = _FOLDING | {"--expand"}
_PAGE: Final = _CHART | {"--theme", "--legend", "--findings"}
_DIFF_PICTURE: Final = frozenset({"--theme", "--full"})
_PICTURE: Final = _PAGE | {"--fit", "--engine"}
_INSTANCE_PAGE: Final = _CHART | {"--theme", "--legend"}
_INSTANCE_PICTURE: Final = _INSTANCE_PAGE | {"--fit"}
_LINKED: Final = frozenset({"--source-url"})

_DRAW_LESS: Final = "Draw less with `--depth 2` or `--fold loop,if,function`, or write an SVG."

# Renderers are imported when they are called, because a run needs only one and start-up time counts.


def _view(options: FormatOptions) -> View:
    from stepgraph.render.view import DEFAULT_VIEW

    return options.view or DEFAULT_VIEW


_ARGUMENTS: Final[Mapping[str, Callable[[FormatOptions], object]]] = {
    "color": lambda options: options.look.color,
    "full": lambda options: options.full,
    "quiet": lambda options: options.quiet,
    "theme": lambda options: _view(options).theme,
    "view": _view,
    "width": lambda options: options.look.width,
}
"""The arguments of renderers that come from options, by name."""


def _rendered(function: str, *arguments: str) -> Callable[[object, FormatOptions], Rendering]:
    """Return the writer of a format whose text is the result of a function with these arguments.

    The function is named by its module in `stepgraph` and its name: `report.text:render_text`.
    """
    module, _, name = function.partition(":")

    def write(content: object, options: FormatOptions) -> Rendering:
        render = getattr(import_module(f"stepgraph.{module}"), name)
        return Rendering(render(content, **{argument: _ARGUMENTS[argument](options) for argument in arguments}))

    return write


def _graph_text(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    color, width = options.look.color, options.look.width
    outlines = [drawn.outline(_view(options), color=color, width=width) for drawn in _drawable(subjects)]
    return Rendering("\n".join(outlines))


def _graph_json(subjects: Sequence[Subject], _options: FormatOptions) -> Rendering:
    """Return an API response, or an array of responses for several workflows."""
    from stepgraph.json_text import pretty_json

    responses = [subject.api_response() for subject in subjects if subject.api_response is not None]
    return Rendering(pretty_json(responses[0] if len(responses) == 1 else responses))


def _graph_dot(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    return Rendering("".join(drawn.dot(_view(options)) for drawn in _drawable(subjects)))


def _graph_svg(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    if options.engine == "dot":
        return Rendering(_svg_of_dot(_graph_dot(subjects, options).text))
    (drawn,) = _drawable(subjects)
    return _drawn_svg(drawn, options)


def _drawn_svg(drawn: DrawnWorkflow, options: FormatOptions) -> Rendering:
    view = replace(_view(options), fit=options.fit, url_of=_url_lookup(drawn, options.source_links))
    picture = drawn.svg(view)
    warnings = [f"{drawn.name}: {warning}" for warning in picture.warnings]
    return Rendering(picture.text, (*warnings, *_link_warnings(options.source_links)))


def _url_lookup(drawn: DrawnWorkflow, links: SourceLinks | None) -> Callable[[Node], str] | None:
    """Return a function that returns the URL of the source code of a node or an empty string, or None without links."""
    if links is None:
        return None

    def url_of(node: Node) -> str:
        code = drawn.code(node)
        return "" if code is None else links.url(code)

    return url_of


def _link_warnings(links: SourceLinks | None) -> tuple[str, ...]:
    """Return a warning if links were requested and no file has one."""
    return (links.warning,) if links is not None and links.warning else ()


def _svg_of_dot(source: str) -> str:
    from stepgraph.render.flow.dot import DotEngineError, svg_of

    try:
        return svg_of(source)
    except DotEngineError as error:
        raise CommandError(ExitCode.ERROR, f"{error}.") from None


def _graph_png(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    drawing = _graph_svg(subjects, _with_fixed_theme(options))
    names = ", ".join(drawn.name for drawn in _drawable(subjects))
    return Rendering("", drawing.warnings, picture=_png_of(drawing.text, names, _DRAW_LESS))


def _with_fixed_theme(options: FormatOptions) -> FormatOptions:
    """Return options with the colors of a picture that cannot follow its viewer."""
    view = _view(options)
    return replace(options, view=replace(view, theme="light")) if view.theme == "auto" else options


def _png_of(svg: str, name: str, advice: str) -> bytes:
    """Return an SVG as PNG. Raises CommandError with `advice` if the picture is too large."""
    from stepgraph.render.png import PictureTooLargeError, PngError, png_of

    try:
        return png_of(svg)
    except PictureTooLargeError as error:
        raise CommandError(ExitCode.ERROR, f"{name}: {error}. {advice}") from None
    except PngError as error:
        raise CommandError(ExitCode.ERROR, f"{error}.") from None


def _require_png() -> None:
    from stepgraph.render.png import PngError, require_converter

    try:
        require_converter()
    except PngError as error:
        raise CommandError(ExitCode.ERROR, f"{error}.") from None


def _graph_mermaid(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    """Return one diagram, or Markdown if several diagrams are needed."""
    from stepgraph.render.flow.mermaid_document import is_one_diagram, mermaid_document

    drawings = [drawn.mermaid(_view(options)) for drawn in _drawable(subjects)]
    pieces = [piece for drawing in drawings for piece in drawing.pieces]
    messages = tuple(message for drawing in drawings for message in drawing.messages)
    text = mermaid_document(pieces, in_markdown=options.in_markdown)
    return Rendering(text, messages, "" if is_one_diagram(pieces) else MARKDOWN)


def _graph_html(subjects: Sequence[Subject], options: FormatOptions) -> Rendering:
    from stepgraph.render.html.page import render_page

    links = options.source_links
    pages = [subject.drawn.page() for subject in subjects]
    page = render_page(pages, _view(options), None if links is None else links.of)
    return Rendering(page, _link_warnings(links))


def _drawable(subjects: Sequence[Subject]) -> list[DrawnWorkflow]:
    return [subject.drawn for subject in subjects if subject.graph is not None]


def _diff_svg(report: VersionComparison, options: FormatOptions) -> Rendering:
    from stepgraph.report.diff.svg import render_svg

    return Rendering(render_svg(report, _view(options).theme, full=options.full).text)


def _diff_png(report: VersionComparison, options: FormatOptions) -> Rendering:
    svg = _diff_svg(report, _with_fixed_theme(options)).text
    return Rendering("", picture=_png_of(svg, "diff", "Write an SVG, or compare one workflow with --workflow NAME."))


def _instance_json(drawn: DrawnWorkflow, _options: FormatOptions) -> Rendering:
    from stepgraph.report.instance.json_report import render_json

    return Rendering("" if drawn.instance is None else render_json(drawn.instance))


def _instance_png(drawn: DrawnWorkflow, options: FormatOptions) -> Rendering:
    drawing = _drawn_svg(drawn, _with_fixed_theme(options))
    return Rendering("", drawing.warnings, picture=_png_of(drawing.text, drawn.name, _DRAW_LESS))


def _instance_html(drawn: DrawnWorkflow, options: FormatOptions) -> Rendering:
    from stepgraph.render.html.page import render_page

    return Rendering(render_page([drawn.page()], _view(options)))


_GRAPHS: Final[tuple[Format[Sequence[Subject]], ...]] = (
    Format("text", TEXT_FILE, _graph_text, _FOLDING | {"--findings"}, shows_notes=True),
    Format("json", ".json", _graph_json, is_api_response=True),
    Format("dot", ".dot", _graph_dot, _CHART),
    Format("svg", ".svg", _graph_svg, _PICTURE | _LINKED, allows_multiple_workflows=False),
    Format("png", ".png", _graph_png, _PICTURE, allows_multiple_workflows=False, is_binary=True, require=_require_png),
    Format(
        "html",
        ".html",
        _graph_html,
        _PAGE | _LINKED,
        shows_notes=True,
        shows_locations=True,
        checks_by_default=True,
    ),
    Format("mermaid", ".mmd", _graph_mermaid, _CHART),
)
_REPORTS: Final[tuple[Format[Report], ...]] = (
    Format("text", TEXT_FILE, _rendered("report.text:render_text", "color", "width", "quiet")),
    Format("concise", ".concise.txt", _rendered("report.text:render_concise", "color", "quiet")),
    Format("json", ".json", _rendered("report.json_report:render_json")),
    Format("jsonl", ".jsonl", _rendered("report.json_report:render_json_lines")),
    Format("junit", ".xml", _rendered("report.junit:render_junit")),
    Format("sarif", ".sarif", _rendered("report.sarif:render_sarif")),
    Format("github", ".github.txt", _rendered("report.annotations:render_github", "quiet")),
    Format("gitlab", "gl-code-quality-report.json", _rendered("report.annotations:render_gitlab")),
    Format("markdown", MARKDOWN, _rendered("report.markdown:render_markdown", "quiet"), shows_details=True),
)
_DIFFS: Final[tuple[Format[VersionComparison], ...]] = (
    Format("text", TEXT_FILE, _rendered("report.diff.text:render_text", "color")),
    Format("markdown", MARKDOWN, _rendered("report.diff.markdown:render_markdown", "full"), frozenset({"--full"})),
    Format("json", ".json", _rendered("report.diff.json_report:render_json")),
    Format("svg", ".svg", _diff_svg, _DIFF_PICTURE),
    Format(
        "html", ".html", _rendered("report.diff.page:render_html", "theme", "full"), _DIFF_PICTURE, shows_locations=True
    ),
    Format("png", ".png", _diff_png, _DIFF_PICTURE, is_binary=True, require=_require_png),
)
_INSTANCES: Final[tuple[Format[DrawnWorkflow], ...]] = (
    Format(
        "text",
        TEXT_FILE,
        _rendered("report.instance.text:render_text", "view", "color", "width"),
        _FOLDING,
        shows_locations=True,
    ),
    Format("json", ".json", _instance_json),
    Format("markdown", MARKDOWN, _rendered("report.instance.markdown:render_markdown"), shows_locations=True),
    Format("svg", ".svg", _drawn_svg, _INSTANCE_PICTURE),
    Format("png", ".png", _instance_png, _INSTANCE_PICTURE, is_binary=True, require=_require_png),
    Format("html", ".html", _instance_html, _INSTANCE_PAGE, shows_locations=True),
)
_FAILURES: Final[tuple[Format[FailureReport], ...]] = (
    Format("text", TEXT_FILE, _rendered("report.failure.text:render_text", "color", "width")),
    Format("markdown", MARKDOWN, _rendered("report.failure.markdown:render_markdown")),
    Format("json", ".json", _rendered("report.failure.json_report:render_json")),
)
_REPLAYS: Final[tuple[Format[ReplayReport], ...]] = (
    Format("text", TEXT_FILE, _rendered("report.replay.text:render_text", "color")),
    Format("markdown", MARKDOWN, _rendered("report.replay.markdown:render_markdown")),
    Format("json", ".json", _rendered("report.replay.json_report:render_json")),
)


STATISTICS: Final[Format[Report]] = Format("statistics", TEXT_FILE, _rendered("report.text:render_statistics", "quiet"))
"""The report of `stepgraph check --statistics`."""


def _by_name(formats: Iterable[Format[Content]]) -> Mapping[str, Format[Content]]:
    return {each.name: each for each in formats}


FORMATS: Final[Mapping[str, Format[Sequence[Subject]]]] = _by_name(_GRAPHS)
"""The formats of `stepgraph graph`. The first format of each table is the default."""

DRAWINGS: Final[Mapping[str, Format[Sequence[Subject]]]] = _by_name(
    each for each in _GRAPHS if not each.is_api_response
)
"""The formats of `stepgraph render`."""

REPORT_FORMATS: Final[Mapping[str, Format[Report]]] = _by_name(_REPORTS)
"""The formats of `stepgraph check`."""

DIFF_FORMATS: Final[Mapping[str, Format[VersionComparison]]] = _by_name(_DIFFS)
"""The formats of `stepgraph diff`."""

INSTANCE_FORMATS: Final[Mapping[str, Format[DrawnWorkflow]]] = _by_name(_INSTANCES)
"""The formats of `stepgraph instance`."""

FAILURE_FORMATS: Final[Mapping[str, Format[FailureReport]]] = _by_name(_FAILURES)
"""The formats of `stepgraph why`."""

REPLAY_FORMATS: Final[Mapping[str, Format[ReplayReport]]] = _by_name(_REPLAYS)
"""The formats of `stepgraph replay`."""

SUFFIXES: Final = (
    {each.suffix for each in _GRAPHS} | {each.suffix for each in _REPORTS} | {each.suffix for each in _DIFFS}
)
"""The suffixes of the formats of all commands."""

SUFFIXES_OF_VIEWERS: Final = (".svg", ".png", ".html")
"""The suffixes by which viewers choose how they read a file."""

OTHER_PICTURES: Final = (".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".eps", ".pdf")
"""The suffixes of pictures and pages that no command writes."""

UNSUPPORTED_SUFFIXES: Final = (
    *(suffix for suffix in SUFFIXES if not suffix.endswith(TEXT_FILE)),
    *OTHER_PICTURES,
    *(".htm", ".markdown", ".mermaid", ".puml", ".gv", ".yaml", ".yml", ".csv"),
)
"""The suffixes of other formats, also of other programs. Files with them must not contain text, the default format."""

"""An output format, the options that it may use, and the output that it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import Struct

from stepgraph.cli.console import CommandError, ExitCode, Look, encode, writes_to_terminal

if TYPE_CHECKING:
    from stepgraph.project.source_links import SourceLinks
    from stepgraph.render.view import View

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

"""A failure to report, independent of the output format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from stepgraph.execution.failures.errors import TracebackLine, traceback_lines
from stepgraph.execution.failures.failure import Failure
from stepgraph.execution.parts import Path
from stepgraph.model.details import Part
from stepgraph.model.payload import Node
from stepgraph.model.span import Code, Span
from stepgraph.phrases import workflow_title
from stepgraph.report.report import SourceFile
from stepgraph.report.text import Excerpt, excerpt_of


def _has_name(line: TracebackLine, path: str) -> bool:
    return line.path.rpartition("/")[2] == path.rpartition("/")[2]


def _is_line_of(line: TracebackLine, content: Sequence[str]) -> bool:
    """Return whether a file has the line in a traceback."""
    return 1 <= line.line <= len(content) and content[line.line - 1].strip() == line.source


class InstanceAddress(Struct, frozen=True):
    """The instance that the commands for a restart name."""

    workflow_name: str
    """The configured name, or an empty string if it is unknown."""
    instance_id: str = ""
    """The id, or an empty string if the log lacks it."""
    local_url: str = ""
    """The URL of `wrangler dev`, or an empty string for production."""


class FailureReport(Struct, frozen=True, kw_only=True):
    """The failure of an instance, with the code of its workflow."""

    failure: Failure
    nodes: Mapping[Path, Node]
    """The nodes of the graph, by path."""
    address: InstanceAddress
    version: str
    """The version of stepgraph."""
    is_incomplete: bool = False
    """Whether the graph may lack steps."""
    span_of: Callable[[Part], Span | None] = lambda _: None
    """Returns the source location of a part of the graph, or None if it is unknown."""
    code_of: Callable[[Node], Code | None] = lambda _: None
    """Returns the lines of code of a node, or None if they are unknown."""

    @property
    def title(self) -> str:
        """The title of the workflow: `orders (Orders)`."""
        instance = self.failure.instance
        return workflow_title(instance.name, instance.class_name)

    @property
    def step(self) -> Node | None:
        """The step that failed or that the engine refused to run, or None if the log does not determine it."""
        failure = self.failure
        paths = failure.rejected if failure.entry is None else [place.path for place in failure.entry.places]
        return self.nodes.get(paths[0]) if len(set(paths)) == 1 else None

    @property
    def raised_at(self) -> tuple[str, TracebackLine] | None:
        """The location `path:line` at which Python code raised the error, or None without a traceback.

        The last location in a module of the workflow is preferred to locations in packages. If the user's file has the
        same line, its path replaces the path in the Worker.
        """
        entry = self.failure.entry
        lines = traceback_lines(self.failure.error if entry is None else entry.log.error)
        if not lines:
            return None
        files = {code.path: code.lines for node in self.nodes.values() if (code := self.code_of(node)) is not None}
        line = next((line for line in reversed(lines) if any(_has_name(line, path) for path in files)), lines[-1])
        same = (path for path, content in files.items() if _has_name(line, path) and _is_line_of(line, content))
        return f"{next(same, line.path)}:{line.line}", line

    @property
    def span(self) -> Span | None:
        """The source location of `step`, or None if it is unknown."""
        return None if self.step is None else self.span_of(self.step)

    def excerpt(self, width: int) -> Excerpt | None:
        """Return the first line of the code of `step`, clipped to a width, or None if it is unknown."""
        step, span = self.step, self.span
        code = None if step is None else self.code_of(step)
        if span is None or code is None:
            return None
        return excerpt_of(SourceFile(tuple(code.lines)), span, width - len(str(span.line)) - len(" | "))

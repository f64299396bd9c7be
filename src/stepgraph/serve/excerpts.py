"""Problems and findings with the source code at their locations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.model.note import Problem
from stepgraph.model.span import Code, Span
from stepgraph.project.encoding import source_lines
from stepgraph.render.html.finding_list import ListedFinding
from stepgraph.render.html.live import LiveProblem
from stepgraph.render.html.live_pages import ExcerptedFinding
from stepgraph.render.html.source import FileExcerpt, excerpt_at


class SourceExcerpts(Struct):
    """Reads source code from the contents of files, and makes links to it."""

    contents: Mapping[str, bytes]
    """The contents of files by path."""
    link_of: Callable[[Code], Sequence[str]] | None = None
    """Returns the parts of the URL that opens a file in an editor, between its line numbers."""
    _lines: dict[str, Sequence[str]] = field(default_factory=dict)

    def problem(self, problem: Problem) -> LiveProblem:
        """Return a problem for a page."""
        message = f"{problem.message} {problem.advice}".rstrip()
        if problem.line is None:
            url = self._url(problem.path, 1) if problem.path in self.contents else ""
            return LiveProblem(problem.location, message, url)
        column = problem.column or 1
        span = Span(problem.path, problem.line, column, problem.line, column + 1)
        return LiveProblem(problem.location, message, self._url(span.path, span.line), self._excerpt(span))

    def finding(self, listed: ListedFinding, page_url: str) -> ExcerptedFinding:
        """Return a finding for a page. `page_url` is the URL of the page with its picture."""
        span = listed.finding.span
        excerpt, url = (None, "") if span is None else (self._excerpt(span), self._url(span.path, span.line))
        step_url = f"{page_url}#{listed.identity}" if listed.identity else ""
        return ExcerptedFinding(listed.finding, excerpt, url, listed.name, step_url)

    def _excerpt(self, span: Span) -> FileExcerpt | None:
        return excerpt_at(self._lines_of(span.path), span)

    def _lines_of(self, path: str) -> Sequence[str]:
        if path not in self._lines:
            self._lines[path] = source_lines(self.contents.get(path, b""))
        return self._lines[path]

    def _url(self, path: str, line: int) -> str:
        if self.link_of is None:
            return ""
        return str(line).join(self.link_of(Code(path, self.contents.get(path, b""), (), line, line, line)))

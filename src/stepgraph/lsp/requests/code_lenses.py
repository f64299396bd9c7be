"""The code lenses of workflows above `run`: the number of steps, the graph, and the findings, with their commands.

The graph is the live page of the workflow, or without `stepgraph[serve]` a picture in a private temporary directory.
The editor is asked to open only URLs made here.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote

from lsprotocol.types import CodeLens, Command, Range, ShowDocumentParams
from msgspec import Struct
from pygls.exceptions import JsonRpcInvalidParams

from stepgraph.checks.diagnostic import Finding, fold_findings
from stepgraph.escaping.file_names import safe_stem
from stepgraph.escaping.plain_text import brief_line
from stepgraph.live.live_project import LiveWorkflow, ProjectState
from stepgraph.lsp.protocol.documents import uri_of
from stepgraph.lsp.sessions.page_servers import PageServers, ServedProject
from stepgraph.lsp.sessions.session import Session
from stepgraph.lsp.sessions.views import DocumentView, FolderView
from stepgraph.model.note import missing_graph_reason
from stepgraph.model.span import Span
from stepgraph.phrases import counted, system_reason
from stepgraph.project.temporary import TemporaryFolder, temporary_folder
from stepgraph.render.view import DEFAULT_VIEW

SHOW_GRAPH: Final = "stepgraph.showGraph"
"""The command that opens the graph of a workflow. Its arguments are the URI of a document and the name."""
SHOW_FINDINGS: Final = "stepgraph.showFindings"
"""The command that selects the first finding of a workflow, then the next one. Its arguments are the same."""

_GRAPH: Final = "show graph"
_NO_FINDINGS: Final = "no findings"
"""The code of the note on an analysis that exceeds a limit."""


def code_lenses(view: DocumentView) -> list[CodeLens]:
    """Return the lenses of the workflows of a document: above `run`, or above the class if it inherits `run`."""
    lenses: list[CodeLens] = []
    findings = WorkflowFindings.of(view.folder.state)
    for workflow in view.workflows():
        line = _line_of(workflow, view)
        if line is not None:
            arguments = [view.document.uri, workflow.slug]
            titles = _titles(workflow, findings)
            lenses += (CodeLens(line, Command(title, command, arguments=arguments)) for title, command in titles)
    return lenses


class WorkflowFindings(Struct, frozen=True):
    """The findings that an editor shows, by the names of their workflows."""

    by_name: Mapping[str, Sequence[Finding]]

    @classmethod
    def of(cls, state: ProjectState) -> WorkflowFindings:
        """Return the findings of all workflows."""
        by_name: dict[str, list[Finding]] = {}
        for finding in fold_findings(state.filtered.findings):
            for name in dict.fromkeys((finding.workflow, *finding.other_workflows)):
                by_name.setdefault(name, []).append(finding)
        return cls(by_name)

    def about(self, workflow: LiveWorkflow) -> list[Finding]:
        """Return the findings of a workflow. One of the same name in another Worker has other files."""
        files = frozenset(workflow.inputs.files)
        return [finding for finding in self.by_name.get(workflow.name, ()) if finding.span.path in files]


def _titles(workflow: LiveWorkflow, findings: WorkflowFindings) -> Iterator[tuple[str, str]]:
    """Yield the title and the command of each lens."""
    yield _summary(workflow), SHOW_GRAPH
    if workflow.analysis.graph is not None:
        yield _GRAPH, SHOW_GRAPH
    if not workflow.is_old:
        count = len(findings.about(workflow))
        yield counted(count, "finding") if count else _NO_FINDINGS, SHOW_FINDINGS


def _summary(workflow: LiveWorkflow) -> str:
    """Return the number of steps, or the reason for a missing graph."""
    analysis = workflow.analysis
    if analysis.graph is None:
        return f"no graph: {missing_graph_reason(workflow.analysis.notes)}"
    steps = counted(analysis.step_count, "step")
    if workflow.is_old:
        return f"{steps}, last valid state"
    return steps if analysis.complete else f"{steps}, incomplete"


def _line_of(workflow: LiveWorkflow, view: DocumentView) -> Range | None:
    """Return the empty range for the lenses, or None if another file defines the class."""
    subject = workflow.analysis.subject
    if subject is None or subject.program.place.module.path != view.path:
        return None
    class_span, run = subject.program.place.span, subject.program.run.span
    shown = run if class_span.encloses(run) else workflow.analysis.span
    start = view.code(workflow).nearest_range(shown).start
    return Range(start, start)


class GraphTarget(Struct, frozen=True):
    """The workflow that a command is about."""

    view: FolderView
    workflow: LiveWorkflow
    served: ServedProject
    """The project whose pages include the workflow."""


class Window(Protocol):
    """The windows of the editor."""

    async def show_document(self, document: ShowDocumentParams) -> bool:
        """Show a document, and return whether the editor has shown it."""

    def show_information(self, message: str) -> None:
        """Show a message."""


Draw: TypeAlias = Callable[[Callable[[], str]], Awaitable[str]]
"""Returns the result of a function that draws, without blocking other requests."""


class GraphCommands:
    """The commands, and the pages and pictures that they opened. `close` must be called at the end of the session."""

    def __init__(self, window: Window, draw: Draw) -> None:
        """Prepare the commands."""
        self._window = window
        self._draw = draw
        self._servers = PageServers()
        self._pictures = ExitStack()
        self._folder: TemporaryFolder | None = None
        self._shown: dict[tuple[str, str], Finding] = {}
        """The finding that was shown last, by directory and workflow."""

    async def show_graph(self, target: GraphTarget) -> None:
        """Open the live page of a workflow or, without the server, its picture."""
        workflow = target.workflow
        server = await self._servers.url(target.served)
        if server is not None:
            await self._open(f"{server}workflows/{quote(workflow.slug, safe='')}", workflow)
        elif workflow.drawn.graph is None:
            name = brief_line(workflow.name)
            self._window.show_information(f"`{name}` has no graph: {missing_graph_reason(workflow.analysis.notes)}.")
        else:
            picture = await self._draw(lambda: workflow.drawn.svg(DEFAULT_VIEW).text)
            try:
                url = self._write(workflow.slug, picture)
            except OSError as error:
                self._window.show_information(f"The picture cannot be written: {system_reason(error)}.")
            else:
                await self._open(url, workflow)

    async def show_findings(self, target: GraphTarget) -> None:
        """Select the first finding of a workflow or, if one was selected before, the next one."""
        view, workflow = target.view, target.workflow
        findings = WorkflowFindings.of(view.state).about(workflow)
        if not findings:
            remark = "is not checked, because a file has an error" if workflow.is_old else "has no findings"
            self._window.show_information(f"`{brief_line(workflow.name)}` {remark}.")
            return
        key = (view.analyzed.path, workflow.slug)
        finding = _next_finding(findings, self._shown.get(key))
        self._shown[key] = finding
        selection = view.code(view.state.contents, finding.span.path).nearest_range(finding.span)
        document = ShowDocumentParams(view.uri_of(finding.span.path), take_focus=True, selection=selection)
        if not await self._window.show_document(document):
            self._window.show_information(brief_line(str(finding)))

    def close(self) -> None:
        """End the servers, and remove the pictures."""
        self._servers.close()
        self._pictures.close()
        self._folder = None

    async def _open(self, url: str, workflow: LiveWorkflow) -> None:
        if not await self._window.show_document(ShowDocumentParams(url, external=True)):
            self._window.show_information(f"The graph of `{brief_line(workflow.name)}` is at {url}")

    def _write(self, slug: str, picture: str) -> str:
        """Write a picture, and return its URI. Raises OSError if it cannot be written."""
        # Another process removes the directory if it is a day old.
        if self._folder is None or not os.path.isdir(self._folder.path):
            self._folder = self._pictures.enter_context(temporary_folder())
        name = f"{safe_stem(slug)}.svg"
        self._folder.remove_file(name)
        self._folder.write_file(name, [picture.encode()])
        return uri_of(os.path.join(self._folder.path, name))


async def find_target(session: Session, uri: str, name: str) -> GraphTarget:
    """Return a workflow of an open document by its name, or by its name in URLs. Raises JsonRpcInvalidParams."""
    if not uri or not name:
        raise JsonRpcInvalidParams("the arguments are the URI of a document and the name of a workflow")
    view = await session.view(uri)
    folder = None if view is None else session.workspace.folder_of(view.document)
    if view is None or folder is None:
        raise JsonRpcInvalidParams(f"no open document of a project at `{brief_line(uri)}`")
    workflows = tuple(view.workflows())
    by_slug = (each for each in workflows if each.slug == name)
    by_name = (each for each in workflows if each.name == name)
    workflow = next(by_slug, None) or next(by_name, None)
    if workflow is None:
        raise JsonRpcInvalidParams(f"no workflow `{brief_line(name)}` in {brief_line(view.path)}")
    path = "." if folder.is_searched else workflow.analysis.path
    return GraphTarget(view.folder, workflow, ServedProject(folder.path, path, folder.environment))


def _next_finding(findings: Sequence[Finding], shown: Finding | None) -> Finding:
    """Return the finding after the one that was shown last, or the first one."""
    ordered = sorted(findings, key=_order)
    after = (each for each in ordered if shown is not None and _order(each) > _order(shown))
    return next(after, ordered[0])


def _order(finding: Finding) -> tuple[Span, str, str]:
    return finding.span, finding.code, finding.message

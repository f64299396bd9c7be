"""The pages of the server: the list of workflows, and the views of each workflow, with excerpts of their code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.analysis import DetailLevel, without_modules
from stepgraph.drawing.placement import place_findings
from stepgraph.live.live_project import LiveWorkflow, ProjectState
from stepgraph.model.note import Problem, missing_graph_reason
from stepgraph.model.span import Code, Span
from stepgraph.phrases import counted
from stepgraph.project.encoding import source_lines
from stepgraph.project.folders import folder_of
from stepgraph.render.findings import LEVEL_WORDS, LEVELS, FindingLevel
from stepgraph.render.html.live import LivePage, LiveProblem, PageLink
from stepgraph.render.html.live_pages import (
    ExcerptedFinding,
    ListedItem,
    ListPage,
    render_findings,
    render_list,
    render_message,
    render_text,
)
from stepgraph.render.html.page import listed_findings, render_page
from stepgraph.render.html.section import ListedFinding
from stepgraph.render.html.source import FileExcerpt, excerpt_at
from stepgraph.render.view import DEFAULT_VIEW, View
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.report.diff.page import render_html
from stepgraph.serve.envelopes import ApiError
from stepgraph.serve.instance_pages import InstancePages
from stepgraph.serve.versions import ProjectVersions, compare_with_earlier

EVENTS: Final = "/events"

_FINDINGS: Final = "findings"
_INSTANCES: Final = "instances"
_VIEWS: Final = (
    ("", "Picture"),
    (_FINDINGS, "Findings"),
    ("outline", "Outline"),
    ("changes", "Changes in this branch"),
    ("edit", "Last edit"),
    (_INSTANCES, "Instances"),
)
"""The last part of the URL of each view, and the text of its link."""

_LAST_EDIT: Final = "before the last edit"
_NO_BASE: Final = (
    "No version to compare with.\n\nThis page compares your working tree with the merge base of the current commit and"
    " the default branch, `origin/HEAD`, `main` or `master`. The project has no such commit."
)
_NO_EDIT: Final = (
    "No change of the graph since `stepgraph serve` started.\n\nThis page shows what your last edit has changed, and"
    " its effect on running instances. Edit the workflow and save the file."
)
_NO_CHANGE: Final = (
    "No structural change.\n\nBoth versions have the same graph. The code inside of steps is not compared: running"
    " instances execute it in its new version."
)
_NO_WORKFLOW: Final = (
    "No workflow found.\n\nA workflow is a class with a method `run` that derives from `workers.WorkflowEntrypoint`."
    " This page shows it as soon as the file is saved.\n\nTo find the reason why a class is missing, run"
    " `stepgraph list`."
)


class _SourceExcerpts(Struct):
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


class PageResponse(Struct, frozen=True):
    """A page with its HTTP status."""

    text: str
    status: int = 200


class ProjectPages(Struct, frozen=True):
    """The pages of a project."""

    title: str
    """The name of the project."""
    identity: str
    """The identity of the process, so that a page of an earlier process is loaded again."""
    state: Callable[[], ProjectState]
    """Returns the current state of the project."""
    versions: ProjectVersions
    instances: InstancePages
    link_of: Callable[[Code], Sequence[str]] | None = None
    """Returns the parts of the URL that opens a file in an editor, between its line numbers."""

    def index(self) -> PageResponse:
        """Return the page with all workflows."""
        state = self.state()
        excerpts = _SourceExcerpts(state.contents, self.link_of)
        placed = place_findings(state.general_findings, (), lambda _: None)
        findings = [excerpts.finding(ListedFinding(each), "") for each in placed]
        items = [_listed(workflow) for workflow in state.workflows]
        page = ListPage("workflow", items, _NO_WORKFLOW, findings=findings)
        return PageResponse(render_list(page, self._live(state, self.title)))

    def view(self, slug: str, name: str) -> PageResponse:
        """Return a view of a workflow."""
        state = self.state()
        workflow = state.workflow_at(slug)
        if workflow is None or name not in dict(_VIEWS):
            return self.missing(f"/workflows/{slug}/{name}".rstrip("/"))
        live = self._live_view(state, workflow, name)
        return self._guarded(lambda: self._view(workflow, name, live), live)

    def instance(self, slug: str, instance_id: str) -> PageResponse:
        """Return the page of an instance."""
        state = self.state()
        workflow = state.workflow_at(slug)
        if workflow is None:
            return self.missing(f"/workflows/{slug}/{_INSTANCES}/{instance_id}")
        live = self._following(self._live_view(state, workflow, _INSTANCES), workflow, instance_id)
        return self._guarded(lambda: self.instances.view(workflow, instance_id, live), live)

    def instance_state(self, slug: str, instance_id: str) -> str:
        """Return the identity of the state of the project and of an instance or, without an id, of all instances.

        Raises ApiError if the development server does not answer.
        """
        state = self.state()
        workflow = state.workflow_at(slug)
        identity = self._identity_of(state)
        return identity if workflow is None else f"{identity}.{self.instances.state(workflow, instance_id)}"

    def missing(self, path: str) -> PageResponse:
        """Return the page for an unknown path, which may be that of a workflow whose class was just renamed."""
        state = self.state()
        message = f"No page `{path}`.\n\nIf you have renamed a workflow, open it from the list of workflows."
        return PageResponse(render_message(message, self._live(state, "Page not found", home=True)), 404)

    def state_identity(self) -> str:
        """Return the identity of the current state."""
        return self._identity_of(self.state())

    def _guarded(self, render: Callable[[], str], live: LivePage) -> PageResponse:
        """Return a page, or a message with a connection to the server if a bug prevents the page."""
        try:
            return PageResponse(render())
        except Exception as error:  # noqa: BLE001 - the next edit may avoid the bug
            name = type(error).__name__
            message = f"This page cannot be drawn because of a bug in stepgraph ({name}).\n\nPlease report it."
            return PageResponse(render_message(message, live), 500)

    def _view(self, workflow: LiveWorkflow, name: str, live: LivePage) -> str:
        match name:
            case "findings":
                return self._findings(workflow, live)
            case "outline":
                drawn = workflow.drawn
                missing = f"This workflow has no graph, because {missing_graph_reason(drawn.notes)}."
                return render_text(missing if drawn.graph is None else drawn.outline(View()), live)
            case "changes":
                return self._changes(workflow, live)
            case "edit":
                return self._edit(workflow, live)
            case "instances":
                return self.instances.list(workflow, self._following(live, workflow, ""))
            case _:
                return render_page([workflow.drawn.page()], DEFAULT_VIEW, self.link_of, live=live)

    def _findings(self, workflow: LiveWorkflow, live: LivePage) -> str:
        excerpts, path = _SourceExcerpts(workflow.contents, self.link_of), _path(workflow)
        findings = listed_findings(workflow.drawn.page())
        return render_findings([excerpts.finding(each, path) for each in findings], live)

    def _changes(self, workflow: LiveWorkflow, live: LivePage) -> str:
        compared = self.versions.changes_since_base(workflow)
        return render_message(_NO_BASE, live) if compared is None else _comparison_page(compared, live)

    def _edit(self, workflow: LiveWorkflow, live: LivePage) -> str:
        if workflow.before is None:
            return render_message(_NO_EDIT, live)
        earlier = without_modules(workflow.before, DetailLevel.COMPARISON)  # its locations are outdated
        return _comparison_page(compare_with_earlier(earlier, _LAST_EDIT, workflow.analysis), live)

    def _following(self, live: LivePage, workflow: LiveWorkflow, instance_id: str) -> LivePage:
        """Return the connection of a page that also follows an instance or, without an id, all instances."""
        events = f"{EVENTS}?{urlencode({'workflow': workflow.slug, 'instance': instance_id})}"
        try:
            state = self.instance_state(workflow.slug, instance_id)
        except ApiError:
            state = f"{live.state}.unreachable"
        return replace(live, state=state, events=events)

    def _identity_of(self, state: ProjectState) -> str:
        return f"{self.identity}.{state.number}"

    def _live_view(self, state: ProjectState, workflow: LiveWorkflow, view: str) -> LivePage:
        base, count = _path(workflow), _finding_count(workflow)
        links = [
            PageLink(f"{base}/{name}" if name else base, text, name == view, count if name == _FINDINGS else None)
            for name, text in _VIEWS
        ]
        live = self._live(state, workflow.drawn.title, home=True)
        return replace(live, links=links, is_old=workflow.is_old)

    def _live(self, state: ProjectState, title: str, *, home: bool = False) -> LivePage:
        excerpts = _SourceExcerpts(state.contents, self.link_of)
        problems = [excerpts.problem(problem) for problem in state.problems]
        link = PageLink("/", self.title) if home else None
        return LivePage(self._identity_of(state), EVENTS, title, link, problems=problems)


def _comparison_page(compared: VersionComparison, live: LivePage) -> str:
    live = replace(live, remark=f"{compared.old} → {compared.new}")
    return render_html(compared, live=live) if compared.changed_workflows else render_message(_NO_CHANGE, live)


def _path(workflow: LiveWorkflow) -> str:
    return f"/workflows/{quote(workflow.slug, safe='')}"


def _finding_count(workflow: LiveWorkflow) -> int:
    return len(workflow.drawn.findings or ())


def _listed(workflow: LiveWorkflow) -> ListedItem:
    analysis, drawn = workflow.analysis, workflow.drawn
    return ListedItem(
        url=_path(workflow),
        name=analysis.name,
        detail="" if analysis.name == analysis.class_name else analysis.class_name,
        facts=counted(analysis.step_count, "step"),
        levels=list(_levels(workflow)),
        place=drawn.location(),
        state="old" if workflow.is_old else "" if analysis.complete else "incomplete",
        group=analysis.project or folder_of(analysis.path).rstrip("/"),
    )


def _levels(workflow: LiveWorkflow) -> Iterator[tuple[FindingLevel, str]]:
    """Yield the numbers of findings of each level."""
    counts = Counter(finding.severity.value for finding in workflow.drawn.findings or ())
    for level in LEVELS:
        if counts[level]:
            yield level, counted(counts[level], LEVEL_WORDS[level])

"""The code lenses of workflows: the number of steps, the graph, and the findings, above `run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lsprotocol.types import CodeLens, Command, Range
from msgspec import Struct

from stepgraph.checks.diagnostic import Finding, fold_findings
from stepgraph.live.live_project import LiveWorkflow, ProjectState
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.model.note import missing_graph_reason
from stepgraph.phrases import counted

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

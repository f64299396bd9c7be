"""The comparison as a page: for each changed workflow, a list of changes beside both versions in one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.diff.diff import StructuralChange
from stepgraph.diff.script import TreeVersion
from stepgraph.model.payload import Node
from stepgraph.model.span import Code
from stepgraph.render.findings import ShownFinding
from stepgraph.render.html.comparison import ListedChange
from stepgraph.render.html.live import LivePage
from stepgraph.render.html.page import PageComparison, render_page
from stepgraph.render.html.section import Page, VersionPage
from stepgraph.render.view import Theme, View
from stepgraph.report.diff.comparison import (
    INCOMPLETE,
    ComparedWorkflow,
    VersionComparison,
    VersionedWorkflow,
    assumption,
    summary_line,
)
from stepgraph.report.diff.marks import EFFECT_LABELS, MARK_KINDS, MarkedGraph, Origin, marked_graph, marked_version
from stepgraph.report.diff.unchanged import fold_unchanged


def render_html(
    report: VersionComparison, theme: Theme = "auto", *, full: bool = False, live: LivePage | None = None
) -> str:
    """Return the page. Unchanged parts are initially folded, unless `full`. `live` connects it to a server."""
    pages = [_page(workflow, report, full=full) for workflow in report.changed_workflows]
    comparison = PageComparison(f"{report.old} → {report.new}", summary_line(report))
    return render_page(pages, View(theme=theme), comparison=comparison, live=live)


def _page(workflow: ComparedWorkflow, report: VersionComparison, *, full: bool) -> Page:
    """Return the page of both versions in one, with the pages of the versions if both can be compared."""
    merged = marked_graph(workflow.diff, workflow.title, *workflow.details)
    page = _marked_page(workflow, merged, workflow.title, full=full)
    return replace(page, versions=list(_versions(workflow, report, full=full)), assumption=assumption(report))


def _versions(workflow: ComparedWorkflow, report: VersionComparison, *, full: bool) -> Iterator[VersionPage]:
    matching = workflow.diff.matching
    if matching is None:
        return
    sides: Sequence[tuple[Literal["before", "after"], TreeVersion, str]] = (
        ("before", TreeVersion.OLD, report.old),
        ("after", TreeVersion.NEW, report.new),
    )
    for (name, version, title), details in zip(sides, workflow.details, strict=True):
        marked = marked_version(workflow.diff, matching, version, workflow.title, details)
        page = _marked_page(workflow, marked, f"{workflow.title} {name}: {title}", full=full)
        compared = workflow.old if version is TreeVersion.OLD else workflow.new
        yield VersionPage(name, replace(page, changes=(), source="" if compared is None else compared.location))


def _marked_page(workflow: ComparedWorkflow, marked: MarkedGraph, name: str, *, full: bool) -> Page:
    sources = _NodeSources(workflow, {id(origin.part): origin for origin in marked.origins})
    shown = marked if full else fold_unchanged(marked)
    return Page(
        graph=shown.graph,
        name=name,
        places=sources.location,
        findings=_notes(workflow),
        complete=False if workflow.is_incomplete else None,
        source=workflow.location,
        details=shown.details,
        code=sources.code,
        marks=shown.marks,
        folding=shown.folding,
        changes=[_listed(change) for change in workflow.diff.changes],
        changed_parts=[next(iter(parts), None) for parts in shown.places],
    )


def _notes(workflow: ComparedWorkflow) -> list[ShownFinding]:
    """Return the reasons why changes may be missing."""
    versions = (workflow.old, workflow.new)
    reasons = [remark for version in versions if version is not None for remark in version.remarks]
    return [ShownFinding("gap", "", reason) for reason in (INCOMPLETE, *reasons)] if workflow.is_incomplete else []


class _NodeSources(Struct, frozen=True):
    """The source code of the nodes of a marked graph, in the version of each node."""

    workflow: ComparedWorkflow
    origins: Mapping[int, Origin]

    def location(self, node: Node) -> str:
        """Return the location of a node, or an empty string."""
        origin = self.origins.get(id(node))
        version = self._version(origin)
        return "" if origin is None or version is None else version.node_location(origin.original)

    def code(self, node: Node) -> Code | None:
        """Return the lines of code of a node, if they are known."""
        origin = self.origins.get(id(node))
        version = self._version(origin)
        return None if origin is None or version is None else version.node_code(origin.original)

    def _version(self, origin: Origin | None) -> VersionedWorkflow | None:
        if origin is None:
            return None
        return self.workflow.old if origin.version is TreeVersion.OLD else self.workflow.new


def _listed(change: StructuralChange) -> ListedChange:
    effect = EFFECT_LABELS[change.impact.effect]
    return ListedChange(MARK_KINDS[change.sign], change.title, effect, change.impact.reason if effect else "")

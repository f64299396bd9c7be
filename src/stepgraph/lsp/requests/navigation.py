"""Navigation between the places of a step: its definition, its references, and their highlights.

Python's own language servers know calls and variables, and editors merge the answers of all servers. Only two places
therefore have a definition here: a parameter, which receives the result of the step that it names, and the name of a
step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from lsprotocol.types import DocumentHighlight, DocumentHighlightKind, Location, Position, Range
from msgspec import Struct

from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.step_sites import SiteKind, SourceStep, StepSite, step_sites
from stepgraph.model.span import Span
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.variables import variable_of_parameter

StepKey: TypeAlias = tuple[Span, Span | None]
"""The locations of the declaration and of the function of a step."""

_DECLARING: Final = (SiteKind.NAME, SiteKind.FUNCTION)
"""The places that declare a step."""


class WorkflowSite(Struct, frozen=True):
    """A place that concerns a step, in one of the workflows that run the step."""

    workflow: LiveWorkflow
    site: StepSite


def sites_at(view: DocumentView, position: Position) -> Sequence[WorkflowSite]:
    """Return the innermost places at a position, in each workflow. A parameter may name several steps."""
    result: list[WorkflowSite] = []
    for workflow in view.workflows():
        line_column = view.code(workflow).line_column(position)
        sites = () if line_column is None else step_sites(workflow).innermost_at(view.path, *line_column)
        result += (WorkflowSite(workflow, site) for site in sites)
    return result


def definition_at(view: DocumentView, position: Position) -> list[Location]:
    """Return the functions of the steps that a parameter, or the name of a step, names."""
    naming = (each for each in sites_at(view, position) if each.site.kind in (SiteKind.PARAMETER, SiteKind.NAME))
    return _locations(view, ((each.workflow, each.site.step.definition) for each in naming if each.site.step.function))


def references_at(view: DocumentView, position: Position, *, include_declaration: bool) -> list[Location]:
    """Return the calls, parameters and other names of a step, in all files and workflows."""
    references = (
        each
        for each in sites_of_steps(view, sites_at(view, position))
        if include_declaration or each.site.kind not in _DECLARING
    )
    return _locations(view, ((each.workflow, each.site.place) for each in references))


def highlights_at(view: DocumentView, position: Position) -> list[DocumentHighlight]:
    """Return the places of a step in the document, and the names of parameters that hold its result."""
    kinds: dict[tuple[int, int, int, int], DocumentHighlight] = {}
    for each in sites_of_steps(view, sites_at(view, position)):
        if each.site.span.path != view.path:
            continue
        is_declaration = each.site.kind in _DECLARING
        kind = DocumentHighlightKind.Write if is_declaration else DocumentHighlightKind.Read
        for place in (each.site.place, *_uses(each.site)):
            current = view.code(each.workflow).range(place.span)
            if current is not None:
                kinds.setdefault(_key(current), DocumentHighlight(current, kind))
    return [kinds[key] for key in sorted(kinds)]


def sites_of_steps(view: DocumentView, sites: Iterable[WorkflowSite]) -> Iterator[WorkflowSite]:
    """Yield the places of the steps of some places, in each workflow that runs them. Sleeps and waits have none."""
    keys = {key_of(each.site.step): None for each in sites if each.site.step.work == "step"}
    paths = {declaration.path for declaration, _ in keys}
    for workflow in view.folder.state.workflows if keys else ():
        if not paths.isdisjoint(workflow.inputs.files):
            in_workflow = step_sites(workflow)
            for step in in_workflow.steps:
                if key_of(step) in keys:
                    yield from (WorkflowSite(workflow, site) for site in in_workflow.of(step))


def key_of(step: SourceStep) -> StepKey:
    """Return the identity of a step in all workflows: its declaration and its function."""
    return step.declaration.span, None if step.function is None else step.function.span


def _uses(site: StepSite) -> Sequence[SourcePlace]:
    """Return the names that refer to a parameter."""
    if site.kind is not SiteKind.PARAMETER:
        return ()
    variable = variable_of_parameter(site.place)
    return () if variable is None else variable.occurrences


def _locations(view: DocumentView, places: Iterable[tuple[LiveWorkflow, SourcePlace]]) -> list[Location]:
    """Return the current locations of places, sorted and without duplicates."""
    locations: dict[tuple[str, int, int, int, int], Location] = {}
    for workflow, place in places:
        location = view.folder.location(workflow, place.span)
        if location is not None:
            locations.setdefault((location.uri, *_key(location.range)), location)
    return [locations[key] for key in sorted(locations)]


def _key(current: Range) -> tuple[int, int, int, int]:
    return current.start.line, current.start.character, current.end.line, current.end.character

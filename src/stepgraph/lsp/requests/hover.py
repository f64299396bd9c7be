"""The hover of a step at its declaration, its calls and its dependencies, and of the code around steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from lsprotocol.types import ClientCapabilities, Hover, MarkupKind, Position
from msgspec import Struct

from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.requests.hover_contents import (
    StepUse,
    function_text,
    group_text,
    loop_text,
    step_text,
    workflow_text,
)
from stepgraph.lsp.requests.hover_text import MAX_LISTED, HoverText, merged_content
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.step_order import WorkflowSteps, workflow_steps, workflows_in
from stepgraph.lsp.steps.step_sites import SiteKind, SourceStep, StepSites, step_sites
from stepgraph.model.payload import Step
from stepgraph.model.span import Span
from stepgraph.model.walk import is_step
from stepgraph.syntax.places import name_of_definition

_WORD: Final = re.compile(r"\w+")
_LOOP_WORDS: Final = frozenset({"for", "while", "async"})


class _Cursor(Struct, frozen=True):
    """A position in the analyzed text of a document, in one of the workflows that use the document."""

    workflow: LiveWorkflow
    steps: WorkflowSteps
    span: Span
    """The empty range at the position."""
    word: str
    """The word at the position, or an empty string."""
    word_span: Span
    is_function: bool
    """Whether the text around the word is that of a call or of the head of a function."""

    @classmethod
    def of(cls, view: DocumentView, workflow: LiveWorkflow, position: Position) -> _Cursor | None:
        """Return the position in a workflow, or None if its line has changed since the analysis."""
        code = view.code(workflow)
        place = code.line_column(position)
        if place is None:
            return None
        line, column = place
        text = code.analyzed.lines[line - 1]
        words = (each.span() for each in _WORD.finditer(text) if each.start() < column <= each.end() + 1)
        start, end = next(words, (column - 1, column - 1))
        return cls(
            workflow,
            workflow_steps(workflow),
            Span(view.path, line, column, line, column),
            text[start:end],
            Span(view.path, line, start + 1, line, end + 1),
            text[end:].lstrip().startswith("("),
        )


class _HoverTarget(Struct, frozen=True):
    """The contents for a position, and the range that they are about."""

    span: Span
    text: HoverText


def hover_at(view: DocumentView, position: Position, kind: MarkupKind) -> Hover | None:
    """Return the hover of the steps, or of the code around steps, at a position, or None for other code."""
    cursors = [cursor for each in workflows_in(view) if (cursor := _Cursor.of(view, each, position)) is not None]
    targets = list(_steps_at(cursors)) or next(filter(None, map(_other_target, cursors)), [])
    if not targets:
        return None
    content = merged_content([target.text for target in targets[:MAX_LISTED]], kind)
    return Hover(content, view.code(cursors[0].workflow).range(targets[0].span))


def markup_kind(capabilities: ClientCapabilities) -> MarkupKind:
    """Return the format of hovers that a client prefers, or plain text if it names no format."""
    hover = None if capabilities.text_document is None else capabilities.text_document.hover
    formats = None if hover is None else hover.content_format
    return formats[0] if formats else MarkupKind.PlainText


def _steps_at(cursors: Sequence[_Cursor]) -> Iterator[_HoverTarget]:
    """Yield the steps at a position. A parameter may get the result of one of several steps."""
    uses: dict[tuple[Span, str], list[StepUse]] = {}
    spans: dict[tuple[Span, str], Span] = {}
    for cursor in cursors:
        for span, use in _uses_at(cursor):
            key = (use.source.declaration.span, use.source.name)
            spans.setdefault(key, span)
            uses.setdefault(key, []).append(use)
    return (_HoverTarget(spans[key], step_text(each)) for key, each in uses.items())


def _uses_at(cursor: _Cursor) -> Iterator[tuple[Span, StepUse]]:
    """Yield the steps at a position of a workflow, with their sites and the runs that these concern."""
    workflow, order, sites = cursor.workflow, cursor.steps.order, step_sites(cursor.workflow)
    if order is None:
        return
    at = sites.innermost_at(cursor.span.path, cursor.span.line, cursor.span.column)
    for site in at:
        nodes = _nodes_of(cursor, site.step)
        if site.kind is SiteKind.CALL:
            nodes = [node for node in nodes if _is_call_of(site.span, workflow.analysis.locate_site(node))] or nodes
        yield site.span, StepUse(workflow, order, site.step, nodes, site.kind is SiteKind.PARAMETER)
    declared = None if at else _declared_at(cursor, sites)
    if declared is not None:
        yield declared.declaration.span, StepUse(workflow, order, declared, _nodes_of(cursor, declared))


def _is_call_of(callee: Span, call: Span | None) -> bool:
    """Return whether the call at a location starts with a callee."""
    return call is not None and (call.path, call.line, call.column) == (callee.path, callee.line, callee.column)


def _declared_at(cursor: _Cursor, sites: StepSites) -> SourceStep | None:
    """Return the step whose declaration is at a position: the call of a method of the step object."""
    return next((step for step in sites.steps if step.declaration.span.encloses(cursor.span)), None)


def _nodes_of(cursor: _Cursor, step: SourceStep) -> list[Step]:
    return [node for node in cursor.steps.nodes.get(step.declaration.span, ()) if is_step(node)]


def _other_target(cursor: _Cursor) -> list[_HoverTarget]:
    """Return the class, `run`, function, loop or group whose name or keyword is at a position, if any."""
    analysis = cursor.workflow.analysis
    subject, order = analysis.subject, cursor.steps.order
    if subject is not None:
        run = name_of_definition(subject.program.run)
        for heading in (analysis.span, *([] if run is None else [run.span])):
            if heading.encloses(cursor.span):
                return [_HoverTarget(heading, workflow_text(cursor.workflow, order))]
    node = analysis.node_at(cursor.span)
    if node is None or order is None or not cursor.word:
        return []
    span = analysis.span_of(node)
    is_first_line = span is not None and span.line == cursor.span.line
    match node["type"]:
        case "function_call" | "function_def" if cursor.is_function and cursor.word in _WORD.findall(node["name"]):
            function = order.enclosing.functions.get(node["name"])
            text = None if function is None else function_text(cursor.workflow, order, function)
        case "loop" if is_first_line and cursor.word in _LOOP_WORDS:
            text = loop_text(cursor.workflow, order, node)
        case "parallel" if is_first_line and cursor.word in _WORD.findall(order.details.source(node)):
            text = group_text(cursor.workflow, node)
        case _:
            text = None
    return [] if text is None else [_HoverTarget(cursor.word_span, text)]

"""The hover of a step at its declaration, its calls and its dependencies, and of the code around steps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from lsprotocol.types import ClientCapabilities, Hover, MarkupKind, Position
from msgspec import Struct

from stepgraph.diff.step_types import step_traits
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.requests.step_phrases import (
    MAX_LISTED,
    CodeText,
    HoverLine,
    HoverText,
    concurrency_phrase,
    duration_phrase,
    enclosing_phrase,
    joined,
    listed,
    merged_content,
    order_phrase,
    rename_phrase,
    settings_phrases,
    started_phrases,
    step_kind,
)
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.adjacent_steps import StepOrder, WorkflowSteps, workflow_steps, workflows_in
from stepgraph.lsp.steps.step_sites import SiteKind, SourceStep, StepSites, step_sites
from stepgraph.model.note import missing_graph_reason
from stepgraph.model.payload import FunctionDef, Loop, Node, Parallel, Step
from stepgraph.model.span import Span
from stepgraph.model.walk import children, is_clocked, is_step, walk
from stepgraph.phrases import counted, workflow_title
from stepgraph.render.html.facts import END_CONDITIONS
from stepgraph.syntax.places import name_of_definition

_KINDS: Final = {"step": "Step", "sleep": "Sleep", "wait": "Event wait"}
"""The titles of steps by the kind of work, as for the types of the payload."""
_OLD: Final[HoverLine] = ("the file has errors, so this is its last valid state",)
_NEVER_CALLED: Final[HoverLine] = ("not in the graph, because no call of it was found",)


class StepUse(Struct, frozen=True):
    """A step in the source code, as one workflow uses it."""

    workflow: LiveWorkflow
    order: StepOrder
    source: SourceStep
    nodes: Sequence[Step]
    """The runs of the step at the cursor: at a call, its runs there; at the declaration, all runs."""
    is_result: bool = False
    """Whether the cursor is at a parameter of another step, which receives the result."""

    @property
    def title(self) -> str:
        """The title of the workflow."""
        return workflow_title(self.workflow.name, self.workflow.analysis.class_name)

    def number(self, step: Step) -> str:
        """Return the number of a run among all steps: `4 of 11`, or an empty string if it never runs."""
        number = self.order.number(step)
        return "" if number is None else f"{number} of {len(self.order.steps)}"


def step_text(uses: Sequence[StepUse]) -> HoverText:
    """Return the contents for a step in all workflows that use it."""
    source = uses[0].source
    all_runs = [(use, node) for use in uses for node in use.nodes]
    runs = [(use, node) for use, node in all_runs if use.number(node)] or all_runs[:1]
    kind = step_kind(runs[0][1]) if runs else _KINDS[source.work]
    title: HoverLine = (f"Result of {kind.lower()} " if uses[0].is_result else f"{kind} ", CodeText(source.name))
    lines: list[HoverLine]
    if len(runs) == 1:
        ((use, node),) = runs
        number = use.number(node)
        title = (*title, *((f", {number}",) if number else ()))
        lines = [order_phrase(use.order, node), enclosing_phrase(use.order, node)]
        lines.append(concurrency_phrase(use.order, node))
    else:
        lines = [*_runs(runs, several_workflows=len(uses) > 1)] or [_NEVER_CALLED]
    if runs:
        use, node = runs[0]
        lines += [*settings_phrases(node), _received(use), *started_phrases(node, use.order.details)]
        lines.append(rename_phrase(node, has_own_name=source.work != "step" or source.name_argument is not None))
    return HoverText(title, _capitalized([*lines, *_state(uses[0].workflow)]))


def _received(use: StepUse) -> HoverLine:
    names = [step.name for step in step_sites(use.workflow).dependencies(use.source)]
    return (f"receives the {'result' if len(names) == 1 else 'results'} of ", *listed(names)) if names else ()


def _runs(runs: Sequence[tuple[StepUse, Step]], *, several_workflows: bool) -> Iterator[HoverLine]:
    """Yield a line for each of several runs, up to a limit."""
    for use, node in runs[:MAX_LISTED]:
        head: HoverLine = (CodeText(use.title), ", step ") if several_workflows else ("step ",)
        phrases = filter(None, [order_phrase(use.order, node), enclosing_phrase(use.order, node)])
        yield (*head, use.number(node), ": ", *joined(phrases))
    unlisted_runs = runs[MAX_LISTED:]
    workflows = {use.workflow.key for use, _ in unlisted_runs} - {use.workflow.key for use, _ in runs[:MAX_LISTED]}
    if workflows:
        yield (f"and in {counted(len(workflows), 'more workflow')}",)
    elif unlisted_runs:
        yield (f"and {counted(len(unlisted_runs), 'more run')}",)


def function_text(workflow: LiveWorkflow, order: StepOrder, function: FunctionDef) -> HoverText:
    """Return the contents for a function with steps."""
    names, calls = _names_in(function), order.enclosing.calls.get(function["name"], ())
    steps = sum(map(is_step, walk(function["nodes"])))
    lines: list[HoverLine] = [("runs ", *listed(names))] if names else []
    if len(calls) > 1:
        lines.append((f"called at {len(calls)} locations",))
    lines += [enclosing_phrase(order, call) for call in calls if len(calls) == 1]
    title: HoverLine = ("Function ", CodeText(f"{function['name']}()"))
    if steps:
        title = (*title, f", {counted(steps, 'step')}")
    return HoverText(title, _capitalized([*lines, *_state(workflow)]))


def loop_text(workflow: LiveWorkflow, order: StepOrder, loop: Loop) -> HoverText:
    """Return the contents for a loop around steps."""
    source = order.details.source(loop)
    title: HoverLine = ("Loop ", CodeText(source)) if source else ("Loop",)
    return HoverText(title, _capitalized([("repeats ", *listed(_names_in(loop))), *_state(workflow)]))


def group_text(workflow: LiveWorkflow, group: Parallel) -> HoverText:
    """Return the contents for a group of concurrent steps."""
    lines: list[HoverLine] = [("runs ", *listed(_names_in(group))), (f"ends {END_CONDITIONS[group['kind']]}",)]
    return HoverText(("Concurrent work",), _capitalized([*lines, *_state(workflow)]))


def workflow_text(workflow: LiveWorkflow, order: StepOrder | None) -> HoverText:
    """Return the contents for a workflow."""
    title: HoverLine = ("Workflow ", CodeText(workflow_title(workflow.name, workflow.analysis.class_name)))
    if order is None:
        return HoverText(
            title, _capitalized([(f"no graph: {missing_graph_reason(workflow.analysis.notes)}",), *_state(workflow)])
        )
    lines: list[HoverLine] = [tuple(_counts(order.steps)), tuple(_stops(order.steps))]
    if workflow.drawn.state:
        lines.append((f"{workflow.drawn.state} about code that was not resolved",))
    return HoverText(title, _capitalized([*lines, *_state(workflow)]))


def _names_in(node: Node) -> list[str]:
    """Return the names of the steps and called functions in a node, in order."""
    inside = [inner for inner in walk(children(node)) if is_clocked(inner)]
    return [f"{inner['name']}()" if inner["type"] == "function_call" else inner["name"] for inner in inside]


def _counts(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the parts of a phrase with the number of steps of each kind: `8 steps, 1 sleep`."""
    traits = [step_traits(step["type"]) for step in steps]
    counts = Counter((each.noun, each.plural) for each in traits)
    for number, ((noun, plural), count) in enumerate(counts.items()):
        yield f"{', ' if number else ''}{counted(count, noun, plural)}"


def _stops(steps: Sequence[Step]) -> Iterator[str | CodeText]:
    """Yield the parts of a phrase with the sleeps and waits: `stops at rest, 1 day`."""
    stops = list(dict.fromkeys(_stop(step) for step in steps if step_traits(step["type"]).is_wait))
    for number, stop in enumerate(stops[:MAX_LISTED]):
        yield ", " if number else "stops at "
        yield from stop
    if len(stops) > MAX_LISTED:
        yield f" and {len(stops) - MAX_LISTED:,} more"


def _stop(step: Step) -> HoverLine:
    """Return the name and the duration of a sleep or wait."""
    name = CodeText(step["name"])
    match step["type"]:
        case "step_sleep":
            return name, " (", *duration_phrase(step["duration"]), ")"
        case "step_wait_for_event" if "options" in step:
            return name, " (at most ", *duration_phrase(step["options"]["timeout"]), ")"
        case _:
            return (name,)


def _state(workflow: LiveWorkflow) -> Sequence[HoverLine]:
    return [_OLD] if workflow.is_old else []


def _capitalized(lines: Sequence[HoverLine]) -> list[HoverLine]:
    """Return the lines that are not empty, with a capital letter at the start of those that begin with words."""
    result: list[HoverLine] = []
    for line in filter(None, lines):
        first, *pieces = line
        result.append((first[:1].upper() + first[1:] if isinstance(first, str) else first, *pieces))
    return result


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

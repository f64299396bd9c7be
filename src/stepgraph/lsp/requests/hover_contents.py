"""The contents of the hovers of steps, functions with steps, groups, loops and workflows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.diff.step_types import step_traits
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.requests.hover_text import MAX_LISTED, CodeText, HoverLine, HoverText, joined, listed
from stepgraph.lsp.requests.step_phrases import (
    concurrency_phrase,
    duration_phrase,
    enclosing_phrase,
    order_phrase,
    rename_phrase,
    settings_phrases,
    started_phrases,
    step_kind,
)
from stepgraph.lsp.steps.step_order import StepOrder
from stepgraph.lsp.steps.step_sites import SourceStep, step_sites
from stepgraph.model.note import missing_graph_reason
from stepgraph.model.payload import FunctionDef, Loop, Node, Parallel, Step
from stepgraph.model.walk import children, is_clocked, is_step, walk
from stepgraph.phrases import counted, workflow_title
from stepgraph.render.html.facts import END_CONDITIONS

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
    rest = runs[MAX_LISTED:]
    workflows = {use.workflow.key for use, _ in rest} - {use.workflow.key for use, _ in runs[:MAX_LISTED]}
    if workflows:
        yield (f"and in {counted(len(workflows), 'more workflow')}",)
    elif rest:
        yield (f"and {counted(len(rest), 'more run')}",)


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
        first, *rest = line
        result.append((first[:1].upper() + first[1:] if isinstance(first, str) else first, *rest))
    return result

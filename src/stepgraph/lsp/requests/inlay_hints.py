"""Inlay hints: the number of each step, and durations that the engine reads differently than a person does.

The number of a step is at the end of its decorator, where the order of the steps is hard to see: `step 4 ∥ 5` is the
fourth step in program order, and may run concurrently with the fifth. Durations have a hint if they lack a unit, if
the engine misreads their unit, and if they are written elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Final, TypeAlias

from lsprotocol.types import InlayHint, Position, Range
from msgspec import Struct

from stepgraph.checks.analysis.duration_arguments import DurationArgument, duration_arguments
from stepgraph.checks.analysis.steps import declarations_of
from stepgraph.checks.subject import WorkflowSubject
from stepgraph.durations import DAY, UNITS, parse_duration
from stepgraph.escaping.plain_text import visible
from stepgraph.limits import HINT_COMPARISONS, INLAY_HINTS
from stepgraph.lsp.protocol.text_lines import TextLines
from stepgraph.lsp.requests.step_phrases import UNEVEN_UNITS, listed, plain_line
from stepgraph.lsp.sessions.views import DocumentView
from stepgraph.lsp.steps.adjacent_steps import StepOrder, WorkflowSteps, workflow_steps, workflows_in
from stepgraph.model.payload import Step
from stepgraph.model.span import Span
from stepgraph.model.walk import is_step
from stepgraph.phrases import duration_text
from stepgraph.render.outline_rows import PARALLEL_MARK

_MAX_CONCURRENT: Final = 20
"""The maximum number of concurrent steps that are searched for a hint."""
_MAX_RANGES: Final = 3
"""The maximum number of ranges of step numbers in a hint."""
_MORE: Final = ", …"
"""The end of a list of numbers that is cut."""


class _HintText(Struct, frozen=True):
    """The text of a hint."""

    label: str
    tooltip: str


_HintPlace: TypeAlias = tuple[Span, Callable[[], _HintText | None]]
"""The code before a hint, and a function that returns the hint. It is called only for code in the requested range."""


def inlay_hints(view: DocumentView, within: Range) -> list[InlayHint]:
    """Return the hints in a range of a document, in order, up to `INLAY_HINTS`.

    A place with different hints for several workflows has none. After `HINT_COMPARISONS`, further hints are omitted.
    """
    budget = _Comparisons()
    hints: list[InlayHint] = []
    for position, computations in sorted(_computations(view, within, budget).items()):
        texts = {compute() for compute in computations}
        text = texts.pop()
        if text is not None and not texts:
            hints.append(InlayHint(Position(*position), text.label, tooltip=text.tooltip, padding_left=True))
        if len(hints) == INLAY_HINTS or budget.spent > HINT_COMPARISONS:
            break
    return hints


class _Comparisons(Struct):
    """The comparisons of steps for an answer."""

    spent: int = 0


def _computations(
    view: DocumentView, within: Range, budget: _Comparisons
) -> dict[tuple[int, int], list[Callable[[], _HintText | None]]]:
    """Return functions that compute the hints of each workflow, by line and character of the hint."""
    start, end = (within.start.line, within.start.character), (within.end.line, within.end.character)
    result: dict[tuple[int, int], list[Callable[[], _HintText | None]]] = {}
    for workflow in workflows_in(view):
        subject, code = workflow.analysis.subject, view.code(workflow)
        if subject is None:
            continue
        steps = _step_places(workflow_steps(workflow), subject, view.path, code.analyzed, budget)
        for span, compute in chain(steps, _duration_places(subject)):
            line = code.shift.line(span.end_line) if span.path == view.path else None
            if line is None or not start[0] < line <= end[0] + 1:
                continue
            position = code.current.position(line, span.end_column)
            if start <= (position.line, position.character) <= end:
                result.setdefault((position.line, position.character), []).append(compute)
    return result


def _step_places(
    steps: WorkflowSteps, subject: WorkflowSubject, path: str, text: TextLines, budget: _Comparisons
) -> Iterator[_HintPlace]:
    """Yield the decorators of steps in a file. Behind another declaration, there may be more of an expression."""
    order = steps.order
    if order is None:
        return
    for declared in declarations_of(subject).values():
        span = declared.place.span
        if span.path == path and text.lines[span.line - 1][: span.column - 1].strip() == "@":
            nodes = [node for node in steps.nodes.get(span, ()) if is_step(node)]
            yield span, partial(_step_hint, order, nodes, budget)


def _step_hint(order: StepOrder, nodes: Sequence[Step], budget: _Comparisons) -> _HintText | None:
    """Return the hint for a step with its runs, or None if it never runs."""
    numbers = {number: node for node in nodes if (number := order.number(node)) is not None}
    if not numbers:
        return None
    total = f"of {len(order.steps)} in program order"
    if len(numbers) > 1:
        return _HintText(f"steps {_ranges([*numbers])}", f"Runs as steps {_ranges([*numbers])} {total}.")
    ((number, node),) = numbers.items()
    compared = order.comparisons
    concurrent = list(islice(order.concurrent(node), _MAX_CONCURRENT))
    budget.spent += order.comparisons - compared
    label, tooltip = f"step {number}", f"Step {number} {total}."
    if not concurrent:
        return _HintText(label, tooltip)
    names = plain_line(listed((each["name"] for each in concurrent), has_more=len(concurrent) == _MAX_CONCURRENT))
    ranges = _ranges([number for each in concurrent if (number := order.number(each)) is not None])
    if len(concurrent) == _MAX_CONCURRENT:
        ranges = f"{ranges.removesuffix(_MORE)}{_MORE}"
    return _HintText(f"{label} {PARALLEL_MARK} {ranges}", f"{tooltip} May run concurrently with {names}.")


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers in ascending order as ranges: `3, 5-7`."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    texts = [f"{first}-{last}" if last > first else str(first) for first, last in ranges[:_MAX_RANGES]]
    return ", ".join(texts) + (_MORE if len(ranges) > _MAX_RANGES else "")


def _duration_places(subject: WorkflowSubject) -> Iterator[_HintPlace]:
    """Yield the arguments that are durations."""
    for argument in duration_arguments(subject):
        yield argument.place.span, partial(_duration_hint, argument)


def _duration_hint(argument: DurationArgument) -> _HintText | None:
    """Return the hint for a duration, or None if the engine reads it as it is written."""
    if argument.text is None:
        number = argument.number
        if number is None or not math.isfinite(number):
            return None
        return _HintText(f"= {duration_text(number)}", "The engine reads numbers as milliseconds.")
    parsed = parse_duration(argument.text) if argument.text.strip() else None
    if parsed is None or not math.isfinite(parsed.milliseconds):
        return None
    if parsed.unit is not None:
        tooltip = f"The engine does not know the unit `{visible(parsed.unit)}`, and reads it as milliseconds."
        return _HintText(f"= {parsed.milliseconds:g} ms", tooltip)
    if not parsed.number:
        return _HintText(f"= {duration_text(parsed.milliseconds)}", "The engine reads numbers as milliseconds.")
    unit = argument.text.split()[-1].removesuffix("s")
    if unit in UNEVEN_UNITS:
        tooltip = f"The engine counts {UNITS[unit] / DAY:g} days for a {unit}."
        return _HintText(f"= {parsed.milliseconds / DAY:g} days", tooltip)
    if argument.place.text[-1:] in {'"', "'"}:
        return None
    return _HintText(f"= {argument.text}", f"The value of `{visible(argument.place.brief_text)}`.")

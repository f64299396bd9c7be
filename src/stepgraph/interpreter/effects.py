"""Effects of code outside of itself: whether it runs steps, or changes values that decide which steps run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MISSING, Slot, may_lead_elsewhere
from stepgraph.interpreter.store import Change
from stepgraph.interpreter.summaries import UNKNOWN_ARGUMENTS, summarize_call
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.tasks import Task
from stepgraph.ir.nodes import may_run_steps
from stepgraph.ir.values import UNSET, Constant, Value

Effect: TypeAlias = Literal["runs steps", "changes values that lead to steps"]


def effect_of_call(
    interpreter: Interpreter, function: FunctionValue, arguments: Arguments = UNKNOWN_ARGUMENTS
) -> Effect | None:
    """Return the effect of a call that is not made, None for none. By default, the arguments are unknown."""
    results: list[bool] = []

    def call() -> None:
        results.append(summarize_call(interpreter, function, arguments).function.may_run_steps)

    with interpreter.without_replay():
        effect = effect_of(interpreter, call)
    return "runs steps" if any(results) else effect


def effect_of(interpreter: Interpreter, run: Callable[[], object], ignored: HeapCell | None = None) -> Effect | None:
    """Return the effect of code that `run` interprets, None for none. Its operations and changes are undone.

    Changes of the cell `ignored` are no effect.
    """
    newest_serial = interpreter.store.serial
    outcome = interpreter.branch(run)
    if may_run_steps(outcome.block):
        return "runs steps"
    changes = (
        change
        for change in outcome.changes.values()
        if change.container.serial <= newest_serial and change.container is not ignored
    )
    return "changes values that lead to steps" if any(map(_is_relevant, changes)) else None


def _is_relevant(change: Change) -> bool:
    """Return whether a change that was undone may decide which steps run."""
    before, after = change.container.get(change.key, MISSING), change.value
    if before is UNSET:
        before = MISSING
    if may_lead_elsewhere(before, after):
        return True
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return False
    kept = set(map(id, before)) & set(map(id, after))
    removed = [element for element in before if id(element) not in kept]
    added = [element for element in after if id(element) not in kept]
    is_reordered = [id(e) for e in before if id(e) in kept] != [id(e) for e in after if id(e) in kept]
    # An unknown element may be one that leads to a step if another one does.
    adds_unknown = any(not isinstance(_value_of(element), Constant | Task) for element in added)
    return any(map(_leads_to_step, before if adds_unknown or is_reordered else removed))


def _leads_to_step(element: Slot) -> bool:
    value = _value_of(element)
    return isinstance(value, Value) and value.relevant and value is not UNSET and not isinstance(value, Task)


def _value_of(element: Slot) -> object:
    return getattr(element, "value", element)

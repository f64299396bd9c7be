"""Effects of code on steps: whether it runs steps, or changes values that decide which steps run.

Callers ask one of two questions about code:

- `effect_of`: may steps be missing from a graph that omits the code? A change does not matter if the old value
  represents the new value, as an unknown value represents a constant.
- `call_time_matters`: may steps differ before and after the code runs? Any difference on which steps can depend counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import libcst as cst

from stepgraph.interpreter.equivalence import MISSING, Slot
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import may_change_reachable_steps
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.write_log import Changes, SlotChange
from stepgraph.ir.values import UNSET, Constant, Value
from stepgraph.ir.walk import may_run_steps
from stepgraph.syntax.module import SourcePlace

Effect: TypeAlias = Literal["runs steps", "changes values that determine steps", "changes constants"]

UNKNOWN_ARGUMENTS: Final = Arguments()


def call_may_run_steps(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> bool:
    """Return whether a call may run steps, without emitting operations."""
    may_run, _ = _try_call(interpreter, function, arguments)
    return may_run


def call_time_matters(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> bool:
    """Return whether steps may depend on when and how often a call is executed. No operations are emitted.

    Writes that the call undoes also count, because a generator may be left, or stopped at a `yield`, before it
    undoes them.
    """
    with interpreter.store.logged(interpreter.store.serial, isolated=True) as log:
        may_run, _ = _try_call(interpreter, function, arguments)
    return may_run or any(logged.affects_steps for logged in log)


def timed_effect(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> Effect | None:
    """Return the effect of a call on steps if its time matters. Return None if its time does not matter."""
    if call_may_run_steps(interpreter, function, arguments):
        return "runs steps"
    return "changes values that determine steps" if call_time_matters(interpreter, function, arguments) else None


def replaces_constants(interpreter: Interpreter, function: FunctionValue) -> bool:
    """Return whether a call with unknown arguments replaces or removes a constant that the graph may show.

    No operations are emitted.
    """
    newest_serial = interpreter.store.serial
    _, changes = _try_call(interpreter, function, UNKNOWN_ARGUMENTS)
    return any(map(_replaces_constant, (c for c in changes.values() if c.container.serial <= newest_serial)))


def _replaces_constant(change: SlotChange) -> bool:
    before, after = change.container.get(change.key, MISSING), change.value
    if isinstance(before, tuple) and isinstance(after, tuple):
        remaining = set(map(id, after))
        return any(_is_shown(_value_of(element)) for element in before if id(element) not in remaining)
    return _is_shown(before) and before != after


def _is_shown(value: object) -> bool:
    """Return whether a value is a constant that the graph may show, such as the name of a step or a duration."""
    return isinstance(value, Constant) and isinstance(value.value, str | int | float)


def _try_call(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> tuple[bool, Changes]:
    """Make a call and undo its changes. Return whether it may run steps, and the changes."""
    results: list[bool] = []
    exhausted = dict(interpreter.work.exhausted)
    with interpreter.without_replay():
        outcome = interpreter.branch(lambda: results.append(_interpret_call(interpreter, function, arguments)))
    interpreter.work.exhausted = exhausted  # a generator among the arguments has not begun
    return any(results) or may_run_steps(outcome.block), outcome.changes


def _interpret_call(interpreter: Interpreter, function: FunctionValue, arguments: Arguments) -> bool:
    """Interpret a call, and return whether the body of the function may run steps.

    The operations of a lambda are emitted, because its body is evaluated in place. If it returns an awaitable, its
    caller probably awaits it.
    """
    if not isinstance(function.node, cst.Lambda):
        return summarize_call(interpreter, function, arguments).function.may_run_steps
    # Imported here because few lambdas are called in this way.
    from stepgraph.interpreter.workflow.awaiting import is_awaitable

    return is_awaitable(interpreter.call(function, arguments, SourcePlace(function.scope.module, function.node)))


def effect_of_call(
    interpreter: Interpreter, function: FunctionValue, arguments: Arguments = UNKNOWN_ARGUMENTS
) -> Effect | None:
    """Return the effect of a call on steps. Return None if it has none. By default, the arguments are unknown."""
    results: list[bool] = []

    with interpreter.without_replay():
        effect = effect_of(interpreter, lambda: results.append(_interpret_call(interpreter, function, arguments)))
    return "runs steps" if any(results) else effect


def effect_of(
    interpreter: Interpreter, run: Callable[[], object], ignored: frozenset[HeapCell] = frozenset()
) -> Effect | None:
    """Return the effect of the code that `run` interprets. Return None if the code has no effect.

    The operations and changes of the code are undone. Changes of the cells `ignored` and of cells that the code creates
    do not count.
    """
    newest_serial = interpreter.store.serial
    outcome = interpreter.branch(run)
    if may_run_steps(outcome.block):
        return "runs steps"
    changes = (
        change
        for change in outcome.changes.values()
        if change.container.serial <= newest_serial and change.container not in ignored
    )
    return (
        "changes values that determine steps"
        if any(_may_lead_to_other_steps(interpreter, change) for change in changes)
        else None
    )


def _may_lead_to_other_steps(interpreter: Interpreter, change: SlotChange) -> bool:
    """Return whether the value after a change may lead to steps that the value before it does not represent."""
    before, after = change.container.get(change.key, MISSING), change.value
    if before is UNSET:
        before = MISSING
    is_open = before == () and not change.container.created_empty  # code may already have added elements
    if is_open and isinstance(after, tuple) and data_objects(*after) is not None:
        return False
    if may_change_reachable_steps(before, after):
        return True
    if not isinstance(before, tuple) or not isinstance(after, tuple):
        return False
    shared = set(map(id, before)) & set(map(id, after))
    removed = [element for element in before if id(element) not in shared]
    added = [element for element in after if id(element) not in shared]
    is_reordered = [id(e) for e in before if id(e) in shared] != [id(e) for e in after if id(e) in shared]
    # An unknown element may lead to a step if another element does.
    adds_unknown = any(not isinstance(_value_of(element), Constant | Task) for element in added)
    return any(
        _leads_to_step(element) and not interpreter.work.is_finished(_value_of(element))
        for element in (before if adds_unknown or is_reordered else removed)
    )


def _leads_to_step(element: Slot) -> bool:
    value = _value_of(element)
    return isinstance(value, Value) and value.relevant and value is not UNSET


def _value_of(element: Slot) -> object:
    return getattr(element, "value", element)

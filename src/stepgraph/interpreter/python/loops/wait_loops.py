"""Waits that leave the pending tasks in a variable, and loops that repeat them, as `while pending:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.task_runs import is_only_name, older_set_of_tasks
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import with_all_runs
from stepgraph.ir.values import External, Value
from stepgraph.syntax.walk import all_nodes

if TYPE_CHECKING:
    from stepgraph.interpreter.interpreter import Interpreter

_USES: Final = 3
"""The number of uses of the variable in a loop: its test, the target of the assignment, and the argument."""


class WaitLoop(Struct, frozen=True):
    """A loop that waits until no task is pending."""

    call: cst.Call
    """The `asyncio.wait` that each pass begins with."""
    tasks: Gathering
    """The tasks that are over when the test fails."""


class WaitTargets(NamedTuple):
    """The parts of an assignment `done, pending = await call(pending, ...)`."""

    done: cst.BaseExpression
    pending: cst.Name
    call: cst.Call


def wait_loop(interpreter: Interpreter, node: cst.While) -> WaitLoop | None:
    """Return a `while` as a loop that waits for tasks, or None for other loops.

    Each pass first replaces the collection in the test by the tasks that an `asyncio.wait` leaves pending, and does
    nothing else with it:

        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    """
    call = _first_await(node)
    if call is None or not isinstance(node.test, cst.Name) or not _is_wait(interpreter, call.func):
        return None
    collection = look_up(interpreter, node.test.value)
    if not isinstance(collection, Collection) or _has_further_uses(interpreter, node, node.test.value):
        return None
    tasks = tuple(
        with_all_runs(item.value) if item.many else item.value
        for item in collection.items
        if isinstance(item.value, Task)
    )
    gathering = Gathering("all_settled", tasks, loop_depth=interpreter.local_loop_depth)
    return WaitLoop(call, gathering) if tasks else None


def _first_await(node: cst.While) -> cst.Call | None:
    """Return the call in the first statement of a `while NAME`, if it is `done, NAME = await call(NAME, ...)`."""
    match node:
        case cst.While(
            test=cst.Name(value=name),
            body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Assign() as assignment]), *_]),
        ):
            targets = _targets(assignment)
            return targets.call if targets is not None and targets.pending.value == name else None
        case _:
            return None


def _targets(node: cst.Assign) -> WaitTargets | None:
    match node:
        case cst.Assign(
            targets=[
                cst.AssignTarget(
                    target=cst.Tuple(
                        elements=[cst.Element(value=done), cst.Element(value=cst.Name(value=name) as pending)]
                    )
                )
            ],
            value=cst.Await(
                expression=cst.Call(args=[cst.Arg(value=cst.Name(value=argument), keyword=None, star=""), *_]) as call
            ),
        ) if name == argument:
            return WaitTargets(done, pending, call)
        case _:
            return None


def keeps_pending_tasks(interpreter: Interpreter, node: cst.Assign, value: Value) -> bool:
    """Execute `done, pending = await asyncio.wait(pending)` in a loop, if `pending` may keep the tasks that are done.

    The variable must hold a set from outside of the loop, and the only reference to it. Its tasks are then optional,
    but an await of the set still proves that all of them are over. `value` is the result of the wait.
    """
    from stepgraph.interpreter.python.assignment import assign

    targets = _targets(node)
    if targets is None or not isinstance(value, Collection) or not _is_wait(interpreter, targets.call.func):
        return False
    tasks = older_set_of_tasks(interpreter, targets.pending.value)
    if tasks is None or not is_only_name(interpreter, targets.pending):
        return False
    tasks.state.changed = True
    items = tuple(replace(item, may_be_missing=True) for item in tasks.items)
    interpreter.store.write(tasks.state, "items", items)
    assign(interpreter, targets.done, value.items[0].value, interpreter.place(node.value))
    return True


def _is_wait(interpreter: Interpreter, function: cst.BaseExpression) -> bool:
    match function:
        case cst.Attribute(value=cst.Name(value=module), attr=cst.Name(value="wait")):
            return look_up(interpreter, module) == External("asyncio")
        case cst.Name(value=name):
            return look_up(interpreter, name) == External("asyncio.wait")
        case _:
            return False


def _has_further_uses(interpreter: Interpreter, node: cst.While, name: str) -> bool:
    """Return whether code may change the variable of a loop, or its collection, in another way than the await."""
    if any(interpreter.module.mentions(word) for word in (b"nonlocal", b"global")):
        return True
    uses = [use for use in all_nodes(node, sketched=True) if isinstance(use, cst.Name) and use.value == name]
    return len(uses) > _USES

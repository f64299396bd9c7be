"""Loops that wait for tasks until none is pending, as `while pending:` with an `asyncio.wait` in each pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import with_all_runs
from stepgraph.ir.values import External
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
            body=cst.IndentedBlock(
                body=[
                    cst.SimpleStatementLine(
                        body=[cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Await(expression=call))]
                    ),
                    *_,
                ]
            ),
        ):
            pass
        case _:
            return None
    match target, call:
        case (
            cst.Tuple(elements=[_, cst.Element(value=cst.Name(value=pending))]),
            cst.Call(args=[cst.Arg(value=cst.Name(value=argument), keyword=None, star=""), *_]),
        ) if name == pending == argument:
            return call
        case _:
            return None


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

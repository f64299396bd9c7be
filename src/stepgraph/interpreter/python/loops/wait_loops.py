"""Loops that wait for tasks until none is pending, as `while pending:` with an `asyncio.wait` in each pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    match node:
        case cst.While(
            test=cst.Name(value=name),
            body=cst.IndentedBlock(
                body=[
                    cst.SimpleStatementLine(
                        body=[
                            cst.Assign(
                                targets=[
                                    cst.AssignTarget(
                                        target=cst.Tuple(elements=[_, cst.Element(value=cst.Name(value=target))])
                                    )
                                ],
                                value=cst.Await(
                                    expression=cst.Call(
                                        func=function,
                                        args=[cst.Arg(value=cst.Name(value=argument), keyword=None, star=""), *_],
                                    ) as call
                                ),
                            )
                        ]
                    ),
                    *_,
                ]
            ),
        ) if name == target == argument and _is_wait(interpreter, function):
            collection = look_up(interpreter, name)
        case _:
            return None
    if not isinstance(collection, Collection) or _has_further_uses(interpreter, node, name):
        return None
    tasks = tuple(
        with_all_runs(item.value) if item.many else item.value
        for item in collection.items
        if isinstance(item.value, Task)
    )
    gathering = Gathering("all_settled", tasks, loop_depth=interpreter.local_loop_depth)
    return WaitLoop(call, gathering) if tasks else None


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
    return len(uses) > len(("test", "target", "argument"))

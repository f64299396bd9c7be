"""Loops that wait for the tasks of earlier passes, or in `while pending:` for all, with an `asyncio.wait` in each pass.

    page = asyncio.create_task(load())
    while rows := await page:
        page = asyncio.create_task(load())
        await store(rows)

Each evaluation of the body starts tasks with new ids. In the last evaluation, an await that precedes the start refers
to the task of the evaluation before. In the graph, both are runs of the task that the body starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from typing import TYPE_CHECKING, Final, NamedTuple

import libcst as cst
from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.task_runs import TaskRuns, is_only_name, older_set_of_tasks
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.tasks import Gathering, Task
from stepgraph.interpreter.values.unions import with_all_runs
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, AwaitMember, TaskId, tasks_done_after
from stepgraph.ir.nodes import Await, Choice, LoopOperation, Operation, OperationBlock, StartOperation
from stepgraph.ir.values import External, Value
from stepgraph.ir.walk import map_blocks, task_references, tasks_started_in
from stepgraph.syntax.walk import all_nodes

if TYPE_CHECKING:
    from stepgraph.interpreter.interpreter import Interpreter

_USES: Final = 3
"""The number of uses of the variable in a loop: its test, the target of the assignment, and the argument."""

_USES_OF_POP: Final = 2
"""The number of uses of the variable in a loop that removes elements: its test, and the removal."""


class WaitLoop(Struct, frozen=True):
    """A loop that waits until no task is pending."""

    call: cst.Call
    """The `asyncio.wait` or `pop` that each pass begins with."""
    tasks: Gathering
    """The tasks that are over when the test fails."""


class FirstWait(NamedTuple):
    """The first statement of a loop: `done, pending = await call(collection, ...)`."""

    call: cst.Call
    collection: str
    done: str
    """The variable of the tasks that are done, or an empty string."""
    pending: str


class WaitTargets(NamedTuple):
    """The parts of an assignment `done, pending = await call(pending, ...)`."""

    done: cst.BaseExpression
    pending: cst.Name
    call: cst.Call


def wait_loop(interpreter: Interpreter, node: cst.While) -> WaitLoop | None:
    """Return a `while` as a loop that waits for tasks, or None for other loops.

    Each pass begins with an `asyncio.wait` for the collection in the test. It then replaces the collection by the tasks
    that the wait leaves pending, or removes only tasks that are done:

        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    Or it removes and awaits one task:

        while tasks:
            await tasks.pop()
    """
    pop = _first_pop(node)
    if pop is not None:
        return _draining_loop(interpreter, node, *pop)
    wait = _first_wait(node)
    if wait is None or not _is_wait(interpreter, wait.call.func):
        return None
    name = wait.collection
    if not _ends_when_empty(interpreter, node.test, name) or not _keeps_pending(interpreter, node, wait):
        return None
    tasks = tuple(_held_tasks(look_up(interpreter, name)))
    gathering = Gathering("all_settled", tasks, loop_depth=interpreter.local_loop_depth)
    return WaitLoop(wait.call, gathering) if tasks else None


def _first_pop(node: cst.While) -> tuple[cst.Call, str] | None:
    """Return the call in `await name.pop()` or in `task = name.pop()` before `await task`, and the variable."""
    match node.body:
        case cst.IndentedBlock(
            body=[
                cst.SimpleStatementLine(
                    body=[cst.Assign(value=cst.Await(expression=popped)) | cst.Expr(value=cst.Await(expression=popped))]
                ),
                *_,
            ]
        ):
            pass
        case cst.IndentedBlock(
            body=[
                cst.SimpleStatementLine(
                    body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=task))], value=popped)]
                ),
                cst.SimpleStatementLine(
                    body=[
                        cst.Assign(value=cst.Await(expression=cst.Name(value=awaited)))
                        | cst.Expr(value=cst.Await(expression=cst.Name(value=awaited)))
                    ]
                ),
                *_,
            ]
        ) if task == awaited:
            pass
        case _:
            return None
    match popped:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="pop" | "popleft"))):
            return popped, name
        case _:
            return None


def _draining_loop(interpreter: Interpreter, node: cst.While, pop: cst.Call, name: str) -> WaitLoop | None:
    """Return a loop that awaits each task which it removes from a collection, if nothing else removes tasks from it."""
    function = interpreter.frame.function
    if function is None or interpreter.frame.scope.kind != "function":
        return None
    if not _ends_when_empty(interpreter, node.test, name):
        return None
    from stepgraph.interpreter.python.loops.removed_tasks import is_private

    uses = [use for use in all_nodes(node, sketched=True) if isinstance(use, cst.Name) and use.value == name]
    if len(uses) != _USES_OF_POP or not is_private(name, function, interpreter.module):
        return None
    collection = look_up(interpreter, name)
    tasks = tuple(_held_tasks(collection)) if isinstance(collection, Collection) else ()
    return WaitLoop(pop, Gathering("all", tasks, loop_depth=interpreter.local_loop_depth)) if tasks else None


def _first_wait(node: cst.While) -> FirstWait | None:
    """Return the call in the first statement of a loop, if it is `done, pending = await call(name, ...)`."""
    match node.body:
        case cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Assign() | cst.Expr() as first]), *_]):
            pass
        case _:
            return None
    match first.value:
        case cst.Await(
            expression=cst.Call(args=[cst.Arg(value=cst.Name(value=name), keyword=None, star=""), *_]) as call
        ):
            names = _unpacked_names(first) if isinstance(first, cst.Assign) else ("", "")
            return None if names is None else FirstWait(call, name, *names)
        case _:
            return None


def _unpacked_names(node: cst.Assign) -> tuple[str, str] | None:
    match node.targets:
        case [cst.AssignTarget(target=cst.Tuple(elements=[cst.Element(value=done), cst.Element(value=pending)]))]:
            return _name_of(done), _name_of(pending)
        case _:
            return None


def _name_of(target: cst.BaseExpression) -> str:
    return target.value if isinstance(target, cst.Name) else ""


def _ends_when_empty(interpreter: Interpreter, test: cst.BaseExpression, name: str) -> bool:
    """Return whether a loop ends only when the collection in a variable is empty: `tasks`, `len(tasks) > 0`."""
    if isinstance(test, cst.Name):
        return test.value == name
    from stepgraph.interpreter.python.narrowing import empty_if

    empty = list(empty_if(interpreter, test, holds=False))
    return len(empty) == 1 and isinstance(empty[0], cst.Name) and empty[0].value == name


def _held_tasks(collection: Value) -> Iterator[Value]:
    """Yield the tasks in a collection, or among the keys of a dictionary."""
    if isinstance(collection, Collection):
        elements = [(item.value, item.many) for item in collection.items]
    elif isinstance(collection, Mapping):
        elements = [(entry.key, entry.many) for entry in collection.entries]
    else:
        return
    for task, many in elements:
        if isinstance(task, Task):
            yield with_all_runs(task) if many else task


def _keeps_pending(interpreter: Interpreter, node: cst.While, wait: FirstWait) -> bool:
    """Return whether a task is in the collection of a loop until it is done."""
    if any(interpreter.module.mentions(word) for word in (b"nonlocal", b"global")):
        return False
    if wait.pending == wait.collection:
        uses = [use for use in all_nodes(node, sketched=True) if isinstance(use, cst.Name)]
        return [use.value for use in uses].count(wait.collection) == _USES
    function = interpreter.frame.function
    if function is None or interpreter.frame.scope.kind != "function":
        return False
    from stepgraph.interpreter.python.loops.removed_tasks import removes_only_done

    return removes_only_done(node, wait, function, interpreter.module)


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


def refer_to_own_tasks(block: OperationBlock, runs: TaskRuns, previous: range) -> OperationBlock:
    """Return the body of a loop whose awaits of the `previous` pass's tasks refer to the tasks that the body starts."""
    by_site = {runs.sites[task_id]: task_id for task_id in previous if task_id in runs.sites}
    started = [task_id for task_id in tasks_started_in(block) if task_id in runs.sites]
    same = {by_site[runs.sites[task_id]]: task_id for task_id in started if runs.sites[task_id] in by_site}
    if len({runs.sites[task_id] for task_id in started}) < len(started) or same.keys().isdisjoint(
        task_references(block)
    ):
        return block
    return _References(same).in_block(block)


class _References(Struct):
    """Renames the tasks of the previous pass in operations, in their order."""

    renamed: AnyMapping[TaskId, TaskId]
    """For each task of the previous pass: the task that the body starts at the same place."""
    started: set[TaskId] = field(default_factory=set)
    """The tasks that the operations so far start."""

    def in_block(self, block: OperationBlock) -> OperationBlock:
        return OperationBlock(tuple(map(self.in_operation, block.operations)))

    def in_operation(self, operation: Operation) -> Operation:
        match operation:
            case StartOperation(task_id=task_id):
                self.started.add(task_id)
            case Await(group=group):
                completes = any(True for _ in tasks_done_after(group))
                return replace(operation, group=self.in_group(group)) if completes else operation
            case LoopOperation():  # its awaits may run before and after its starts
                self.started.update(tasks_started_in(OperationBlock((operation,))))
            case Choice(absent_tasks=absent) if any(absent):
                renamed = tuple(tuple(map(self.in_task, tasks)) for tasks in absent)
                return map_blocks(replace(operation, absent_tasks=renamed), self.in_block)
            case _:
                return map_blocks(operation, self.in_block)
        return operation

    def in_group(self, group: AwaitGroup) -> AwaitGroup:
        members: dict[object, AwaitMember] = {}
        for member in group.members:
            if isinstance(member, AwaitGroup):
                members[id(member)] = self.in_group(member)
                continue
            task = self.in_task(member)
            same = members.get(task.task_id, task)
            if isinstance(same, AwaitedTask):
                members[task.task_id] = AwaitedTask(
                    task.task_id, task.all_runs and same.all_runs, task.on_every_path and same.on_every_path
                )
        return replace(group, members=tuple(members.values()))

    def in_task(self, task: AwaitedTask) -> AwaitedTask:
        renamed = self.renamed.get(task.task_id)
        return task if renamed is None or renamed in self.started else replace(task, task_id=renamed)

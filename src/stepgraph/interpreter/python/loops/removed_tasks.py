"""The tasks that a loop such as `while tasks:` removes from its collection, after an `asyncio.wait` in each pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import libcst as cst

from stepgraph.syntax.bindings import Bindings, bindings_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.single_names import names_without_aliases
from stepgraph.syntax.walk import all_nodes, assigned_targets

if TYPE_CHECKING:
    from stepgraph.interpreter.python.loops.wait_loops import FirstWait

_REMOVING_METHODS: Final = frozenset({"discard", "pop", "remove"})


def removes_only_done(loop: cst.While, wait: FirstWait, function: cst.FunctionDef, module: SourceModule) -> bool:
    """Return whether only a loop of a function removes tasks from the collection of its wait, and only done ones.

    The variables of the collection and of the done tasks must hold the only references to them:

        while tasks:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                results[tasks.pop(task)] = task.result()
    """
    name, done, bindings = wait.collection, wait.done, bindings_of(function, module)
    nodes = list(all_nodes(loop, sketched=True))
    if not {name, done or name} <= names_without_aliases(function, module) or _is_used_in_functions(function, name):
        return False
    if done and not _holds_only(done, nodes, bindings):
        return False
    harmless = set(map(id, _removals(nodes, name, done, bindings)))
    harmless.update(map(id, _reads(nodes, wait.call)))
    return all(id(node) in harmless for node in nodes if isinstance(node, cst.Name) and node.value == name)


def is_private(name: str, function: cst.FunctionDef, module: SourceModule) -> bool:
    """Return whether only a local variable of a function refers to its collection."""
    return name in names_without_aliases(function, module) and not _is_used_in_functions(function, name)


def _holds_only(done: str, nodes: Sequence[cst.CSTNode], bindings: Bindings) -> bool:
    """Return whether a variable holds the done tasks in the rest of each pass, without changes."""
    in_loop = set(map(id, nodes))
    binders = [binder for binder in bindings.binders.get(done, ()) if id(binder) in in_loop]
    owners = (node.value for node in nodes if isinstance(node, cst.Attribute))
    return len(binders) == 1 and not any(isinstance(owner, cst.Name) and owner.value == done for owner in owners)


def _removals(nodes: Sequence[cst.CSTNode], name: str, done: str, bindings: Bindings) -> Iterator[cst.CSTNode]:
    """Yield the uses of a variable that remove done tasks from its collection."""
    in_loop = set(map(id, nodes))
    for node in nodes:
        match node:
            case cst.AugAssign(
                target=cst.Name() as use, operator=cst.SubtractAssign(), value=cst.Name(value=removed)
            ) if removed == done:
                yield use
            case cst.For(target=cst.Name(value=task), iter=cst.Name(value=iterated)) if iterated == done:
                binders = [binder for binder in bindings.binders.get(task, ()) if id(binder) in in_loop]
                if all(_is_over(binder, done) for binder in binders):
                    yield from _removals_of(task, all_nodes(node))
            case cst.Assign(
                targets=[cst.AssignTarget(target=cst.Name() as use)],
                value=cst.ListComp(elt=task_use, for_in=clause) | cst.SetComp(elt=task_use, for_in=clause),
            ) if _keeps_pending(task_use, clause, name, done):
                yield from (use, clause.iter)


def _is_over(binder: cst.CSTNode, done: str) -> bool:
    return isinstance(binder, cst.For) and isinstance(binder.iter, cst.Name) and binder.iter.value == done


def _removals_of(task: str, nodes: Iterator[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Yield the operands from which a `for` over done tasks removes its variable."""
    for node in nodes:
        match node:
            case cst.Call(
                func=cst.Attribute(value=use, attr=cst.Name(value=method)),
                args=[cst.Arg(value=cst.Name(value=removed), star=""), *_],
            ) if method in _REMOVING_METHODS and removed == task:
                yield use
            case cst.Del(
                target=cst.Subscript(
                    value=use, slice=[cst.SubscriptElement(slice=cst.Index(value=cst.Name(value=removed)))]
                )
            ) if removed == task:
                yield use


def _keeps_pending(element: cst.BaseExpression, clause: cst.CompFor, name: str, done: str) -> bool:
    """Return whether a comprehension keeps all tasks that are not done: `[t for t in tasks if t not in done]`."""
    match element, clause:
        case (
            cst.Name(value=result),
            cst.CompFor(
                target=cst.Name(value=task),
                iter=cst.Name(value=iterated),
                ifs=[cst.CompIf(test=test)],
                inner_for_in=None,
            ),
        ) if result == task and iterated == name:
            return _is_pending(test, task, done)
        case _:
            return False


def _is_pending(test: cst.BaseExpression, task: str, done: str) -> bool:
    match test:
        case cst.Comparison(
            left=cst.Name(value=left),
            comparisons=[cst.ComparisonTarget(operator=cst.NotIn(), comparator=cst.Name(value=right))],
        ):
            return (left, right) == (task, done)
        case cst.UnaryOperation(
            operator=cst.Not(),
            expression=cst.Call(func=cst.Attribute(value=cst.Name(value=tested), attr=cst.Name(value="done"))),
        ):
            return tested == task
        case _:
            return False


def _reads(nodes: Sequence[cst.CSTNode], wait: cst.Call) -> Iterator[cst.CSTNode]:
    """Yield the operands that a loop only reads: in tests, in the wait, and in `tasks[task]`."""
    written = {id(target) for node in nodes for target in assigned_targets(node)}
    for node in nodes:
        match node:
            case cst.While(test=use) | cst.If(test=use) | cst.ComparisonTarget(comparator=use):
                yield use
            case cst.Comparison(left=cst.Name() as use):
                yield use
            case cst.Call(func=cst.Name(value="len"), args=[cst.Arg(value=use)]):
                yield use
            case cst.Call(func=cst.Attribute(value=use, attr=cst.Name(value="get"))):
                yield use
            case cst.Call(args=[cst.Arg(value=use), *_]) if node is wait:
                yield use
            case cst.Subscript(value=use) if id(node) not in written:
                yield use


def _is_used_in_functions(function: cst.FunctionDef, name: str) -> bool:
    nodes = all_nodes(function.body, sketched=True)
    inner = (node for node in nodes if isinstance(node, cst.FunctionDef | cst.Lambda))
    return any(isinstance(n, cst.Name) and n.value == name for f in inner for n in all_nodes(f, sketched=True))

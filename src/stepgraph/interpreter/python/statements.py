"""Statements, but for those that steer: assignments, imports, definitions, exits."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Executor, Machine
from stepgraph.interpreter.objects.iteration import items_of
from stepgraph.interpreter.objects.methods import update_mapping
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.special_methods import is_any_object, operate_in_place
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Absent,
    Argument,
    Arguments,
    Collection,
    Constant,
    Gathering,
    Instance,
    Mapping,
    Option,
    Resource,
    Unresolved,
    Value,
)
from stepgraph.interpreter.python.assignment import add_items, assign, take_item
from stepgraph.interpreter.python.boolean import negated
from stepgraph.interpreter.python.branches import execute_if, execute_match
from stepgraph.interpreter.python.definitions import make_class, make_function
from stepgraph.interpreter.python.generators import leave_generator
from stepgraph.interpreter.python.imports import imported
from stepgraph.interpreter.python.loop_statements import execute_for, execute_while
from stepgraph.interpreter.python.try_ import execute_try
from stepgraph.interpreter.python.with_ import execute_with
from stepgraph.interpreter.raised_exceptions import raised_type
from stepgraph.interpreter.replay.resources import leave_alone
from stepgraph.interpreter.replay.step_state import element_changed, joined_in_place
from stepgraph.interpreter.replay.taint import derived, used
from stepgraph.interpreter.static_values import known
from stepgraph.interpreter.store import leaves
from stepgraph.interpreter.workflow.awaiting import await_value, is_awaitable
from stepgraph.interpreter.workflow.sdk_imports import wrong_imports
from stepgraph.ir.facts import Returned
from stepgraph.ir.nodes import ExitKind, Pause
from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import Place


def _expression(machine: Machine, node: cst.Expr) -> None:
    value = _evaluated(machine, node.value)
    if isinstance(value, Resource):
        leave_alone(machine, value)


def _evaluated(machine: Machine, node: cst.BaseExpression) -> Value:
    """Return the value of an expression; an await of what is not followed is a pause for what was set going."""
    if not isinstance(node, cst.Await) or not machine.frame.has_started:
        return machine.evaluate(node)
    first = len(machine.operations)
    awaited = machine.evaluate(node.expression)
    value = await_value(machine, awaited, machine.place(node), first)
    if len(machine.operations) == first and not isinstance(awaited, Gathering):  # an empty one is over already
        machine.emit(Pause(machine.place(node)))
    return value


def _assign(machine: Machine, node: cst.Assign) -> None:
    value = _evaluated(machine, node.value)
    source = machine.place(node.value)
    for target in node.targets:
        assign(machine, target.target, value, source)


def _annotated(machine: Machine, node: cst.AnnAssign) -> None:
    if node.value is not None:
        assign(machine, node.target, _evaluated(machine, node.value), machine.place(node.value))


def _augmented(machine: Machine, node: cst.AugAssign) -> None:
    """`tasks += [...]` adds to a list; anything else makes a value that is not known."""
    changing, machine.replay.changing = machine.replay.changing, True
    target = machine.evaluate(node.target)
    machine.replay.changing = changing
    value = machine.evaluate(node.value)
    place = machine.place(node)
    joined_in_place(machine, node, target, value)
    collections = [leaf for leaf in leaves(target) if isinstance(leaf, Collection)]
    if collections and isinstance(node.operator, cst.AddAssign | cst.BitOrAssign):
        for joined in collections:
            add_items(machine, joined, items_of(machine, value) or ())
        return
    mappings = [leaf for leaf in leaves(target) if isinstance(leaf, Mapping)]
    if mappings and isinstance(node.operator, cst.BitOrAssign):
        for united in mappings:
            update_mapping(machine, united, Arguments((Argument(value, place),)), place)
        return
    if collections and isinstance(node.operator, _SUBTRACTING):
        for reduced in collections:
            take_item(machine, reduced, UNKNOWN)
        return
    if isinstance(target, Instance) or is_any_object(target):
        assign(machine, node.target, operate_in_place(machine, node.operator, target, value, machine.place(node)))
        return
    machine.escape_operand(target, place, "is an operand in a way that is not followed")
    machine.escape_operand(value, place, "is an operand in a way that is not followed")
    # The target is evaluated once: what assigning to it would emit was emitted by reading it.
    machine.block_of(lambda: assign(machine, node.target, derived(machine, (target, value))))


_SUBTRACTING: Final = (cst.BitAndAssign, cst.SubtractAssign)


def _delete(machine: Machine, node: cst.Del) -> None:
    if isinstance(node.target, cst.Name):
        bind(machine, node.target.value, UNKNOWN)
        return
    if isinstance(node.target, cst.Subscript):
        _delete_element(machine, node.target)
        return
    machine.evaluate(node.target)


def _delete_element(machine: Machine, target: cst.Subscript) -> None:
    owner = machine.evaluate(target.value)
    element_changed(machine, target, owner)
    parts = [element.slice for element in target.slice]
    keys = [machine.evaluate(part.value) for part in parts if isinstance(part, cst.Index)]
    if isinstance(owner, Collection):
        take_item(machine, owner, keys[0] if len(keys) == len(parts) == 1 else UNKNOWN)
    elif isinstance(owner, Mapping):
        owner.state.changed = owner.state.unordered = True


def _function(machine: Machine, node: cst.FunctionDef) -> None:
    bind(machine, node.name.value, make_function(machine, node, machine.frame.scope))


def _class(machine: Machine, node: cst.ClassDef) -> None:
    bind(machine, node.name.value, make_class(machine, node, machine.frame.scope))


def _import(machine: Machine, node: cst.Import | cst.ImportFrom) -> None:
    if isinstance(node.names, cst.ImportStar):
        return
    if isinstance(node, cst.ImportFrom) and not _is_guarded(machine):
        for wrong in wrong_imports(machine.module, node):
            machine.observe(wrong)
    for alias in node.names:
        name = import_binding(alias)
        bind(machine, name, imported(machine, node, name))


def _is_guarded(machine: Machine) -> bool:
    """Whether something around this, in its function, goes on where it fails."""
    return any(ExitKind.RAISE in context.stops for context in machine.frame.contexts)


def _return(machine: Machine, node: cst.Return) -> None:
    """In a function that is not async, a returned awaitable is what the caller awaits as the function's own work."""
    frame = machine.frame
    if frame.inlined is not None:
        if node.value is not None:
            machine.evaluate(node.value)
        leave_generator(machine, frame.inlined, machine.place(node))
        return
    value = Constant(None) if node.value is None else machine.evaluate(node.value)
    if node.value is not None and frame.function is not None:
        function = Place(frame.own.module, frame.function)
        machine.observe(Returned(function, known(value), machine.place(node.value)))
        if frame.function is machine.replay.entry:
            used(machine, value, machine.place(node.value))
    if not frame.is_async and is_awaitable(value):
        emitted = frame.emitted
        frame.awaits_result = True
        frame.starts_work = frame.starts_work or emitted
        value = await_value(machine, value, machine.place(node))
        frame.emitted = emitted
    elif isinstance(value, Unresolved):
        value = Unresolved(value.reason, machine.place(node))
    frame.returns_true = frame.returns_true or (node.value is not None and _may_be_true(value, node.value))
    condition = frame.conditions[-1] if frame.conditions else None
    frame.returns.append(Option(condition, value))
    machine.leave(ExitKind.RETURN, machine.place(node))


def _may_be_true(value: Value, node: cst.BaseExpression) -> bool:
    """Whether a returned value may be true. A call of a function that always returns None is not."""
    if isinstance(value, Constant):
        return bool(value.value)
    return not (isinstance(value, Absent) and isinstance(node, cst.Call | cst.Await))


def _raise(machine: Machine, node: cst.Raise) -> None:
    raised = None
    if node.exc is not None:
        raised = raised_type(machine, node.exc)
        value = machine.evaluate(node.exc)
        if isinstance(value, Instance):
            machine.work.raised[id(node)] = Instance(value.of, machine.store.new(dict(value.state)), value.doubtful)
        else:
            machine.escape(value, machine.place(node), "is raised in a way that is not followed")
    if node.cause is not None:
        machine.evaluate(node.cause.item)
    machine.leave(ExitKind.RAISE, machine.place(node), raised)


def _assert(machine: Machine, node: cst.Assert) -> None:
    """The message is evaluated only if the test fails."""
    machine.evaluate(node.test)
    if node.msg is not None:
        message = node.msg
        place = machine.place(node)
        condition = negated(machine.text(node.test), node.test)

        def fail() -> None:
            machine.evaluate(message)
            if machine.operations:
                machine.leave(ExitKind.RAISE, place)

        machine.emit_choice([(condition, machine.branch(fail, condition).block)], None, place)


def _break(machine: Machine, node: cst.CSTNode) -> None:
    loop = machine.frame.loop
    if loop is not None:
        loop.breaks = True
        loop.leaves.append(machine.store.changes(loop.mark))
    machine.leave(ExitKind.BREAK, machine.place(node))


def _continue(machine: Machine, node: cst.CSTNode) -> None:
    loop = machine.frame.loop
    if loop is not None:
        loop.continues = True
        loop.leaves.append(machine.store.changes(loop.mark))
    machine.leave(ExitKind.CONTINUE, machine.place(node))


def _nothing(machine: Machine, node: cst.CSTNode) -> None:
    """Declarations of names, and what has no effect."""
    del machine, node


EXECUTORS: Final[dict[type[cst.CSTNode], Executor]] = {
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Del: _delete,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.Import: _import,
    cst.ImportFrom: _import,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Assert: _assert,
    cst.Pass: _nothing,
    cst.Global: _nothing,
    cst.Nonlocal: _nothing,
    cst.TypeAlias: _nothing,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.If: execute_if,
    cst.Match: execute_match,
    cst.For: execute_for,
    cst.While: execute_while,
    cst.Try: execute_try,
    cst.TryStar: execute_try,
    cst.With: execute_with,
}

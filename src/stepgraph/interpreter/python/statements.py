"""Execution of simple statements and definitions, and the dispatch table for all statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import execute_unknown
from stepgraph.interpreter.frame import ReturnedValue
from stepgraph.interpreter.interpreter import Executor, HandlerTable, Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.modules.imports import import_name
from stepgraph.interpreter.modules.sdk_imports import wrong_imports
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.python.arguments import attach_task, make_result_collection, ordered_like
from stepgraph.interpreter.python.constants import arithmetic_result
from stepgraph.interpreter.python.definitions import evaluate_annotation, make_class, make_function
from stepgraph.interpreter.python.jumps import emit_jump
from stepgraph.interpreter.task_runs import is_only_name
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import AttributeDictionary, ClassValue, ProjectObject
from stepgraph.interpreter.values.unions import Union, as_optional
from stepgraph.interpreter.workflow.awaiting import await_value, is_awaitable
from stepgraph.ir.nodes import JumpKind, Pause, Suspension
from stepgraph.ir.values import UNKNOWN, Absent, Constant, Unresolved, Value
from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourcePlace

_IMMUTABLE_KINDS: Final = ("tuple", "frozenset")
_REMOVING_OPERATORS: Final = (cst.BitAndAssign, cst.BitXorAssign, cst.SubtractAssign)
_UNMODELED_OPERAND: Final = "is an operand, which stepgraph does not model"


def _execute_expression(interpreter: Interpreter, node: cst.Expr) -> None:
    interpreter.tracer.on_discard(_evaluate(interpreter, node.value))


def _evaluate(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    """Evaluate the expression of a statement. An `await` that emits no operation is a pause of known certainty."""
    if type(node) is not cst.Await:
        return interpreter.evaluate(node)
    if not interpreter.frame.is_async:
        from stepgraph.interpreter.modules.unloadable_imports import observe_misplaced_await

        observe_misplaced_await(interpreter, node, "await")
    first_operation = len(interpreter.operations)
    awaited = interpreter.evaluate(node.expression)
    interpreter.work.await_external_coroutine(node)
    frame, place = interpreter.frame, interpreter.place(node)
    if frame.suspension is not Suspension.NEVER:
        interpreter.emit_pauses(node, first_operation)
    position = len(interpreter.operations)
    value = await_value(interpreter, awaited, place, first_operation)
    if frame.suspension is not Suspension.NEVER and len(interpreter.operations) == position:
        suspension = Suspension.MAYBE if isinstance(awaited, Union) else frame.suspension
        interpreter.emit(Pause(place, suspension))
        frame.suspension = Suspension.NEVER
    return value


def _execute_assign(interpreter: Interpreter, node: cst.Assign) -> None:
    from stepgraph.interpreter.python.assignment import assign

    with interpreter.tracer.assigned_value(node) as record:
        value = _evaluate(interpreter, node.value)
        record(value)
    source = interpreter.place(node.value)
    if interpreter.loop_depth and _changes_in_place(interpreter, node, value):
        return
    for target in node.targets:
        assign(interpreter, target.target, value, source)
        if isinstance(target.target, cst.Name):
            attach_task(interpreter, interpreter.frame.scope.names, target.target.value, value, node.value)


def _changes_in_place(interpreter: Interpreter, node: cst.Assign, value: Value) -> bool:
    """Execute an assignment in a loop that empties the collection in a variable or removes the tasks that are done."""
    if type(node.value) is not cst.Await:
        return _empties_in_place(interpreter, node, value)
    from stepgraph.interpreter.python.loops.wait_loops import keeps_pending_tasks

    return keeps_pending_tasks(interpreter, node, value)


def _empties_in_place(interpreter: Interpreter, node: cst.Assign, value: Value) -> bool:
    """Empty the collection of tasks that a variable holds, if a new empty collection replaces its only reference."""
    target = node.targets[0].target
    if not isinstance(value, Collection | Mapping) or not isinstance(target, cst.Name) or len(node.targets) > 1:
        return False
    from stepgraph.interpreter.objects.mapping_methods import clear_container
    from stepgraph.interpreter.task_runs import emptied_collection

    present = emptied_collection(interpreter, target.value, value)
    if present is None or not is_only_name(interpreter, target):
        return False
    clear_container(interpreter, present, Arguments(), interpreter.place(target))
    return True


def _execute_annotated_assign(interpreter: Interpreter, node: cst.AnnAssign) -> None:
    from stepgraph.interpreter.python.assignment import assign

    if node.value is not None:
        assign(interpreter, node.target, _evaluate(interpreter, node.value), interpreter.place(node.value))
    elif not isinstance(node.target, cst.Name):
        _evaluate_parts(interpreter, node.target)  # Python evaluates the object and the key of a bare annotation
    if interpreter.frame.scope.kind in ("class", "module"):
        evaluate_annotation(interpreter, node.annotation)  # Python does not evaluate annotations in functions


def _execute_augmented_assign(interpreter: Interpreter, node: cst.AugAssign) -> None:
    """Execute an augmented assignment such as `tasks += [...]`.

    Collections and dictionaries are updated in place, and the special methods of project objects run. Other results are
    unknown, except for Decimals.
    """
    from stepgraph.interpreter.objects.special_methods import (
        apply_augmented_operator,
        in_place_methods,
        is_union_of_objects,
    )

    with interpreter.tracer.target():
        target = _evaluate_target(interpreter, node.target)
    present = target.value
    value = interpreter.evaluate(node.value)
    place = interpreter.place(node)
    interpreter.tracer.on_augmented_assignment(node, present, value)
    collection = as_collection(interpreter, present, *in_place_methods(node.operator))
    has_only_name = is_only_name(interpreter, node.target)
    updated = _update_in_place(interpreter, node.operator, collection, value, place, has_only_name=has_only_name)
    if updated is not None:
        if _is_new_value(node.target, target, updated):
            target.assign(updated)
        return
    if isinstance(present, ProjectObject) or is_union_of_objects(present):
        target.assign(apply_augmented_operator(interpreter, node.operator, present, value, place))
        return
    interpreter.escape_operand(present, place, _UNMODELED_OPERAND)
    interpreter.escape_operand(value, place, _UNMODELED_OPERAND)
    result = arithmetic_result(node.operator, present, value) or UNKNOWN
    target.assign(interpreter.tracer.on_operation((present, value), result))


class _EvaluatedTarget(NamedTuple):
    """The target of an augmented assignment, whose object and key Python evaluates only once."""

    value: Value
    """The value before the assignment."""
    owner: Value
    """The object whose attribute or element is assigned. It is unknown for a name."""
    assign: Callable[[Value], None]
    """Assigns a value to the target."""


def _evaluate_target(interpreter: Interpreter, target: cst.BaseExpression) -> _EvaluatedTarget:
    from stepgraph.interpreter.python.assignment import assign, assign_element, assign_member
    from stepgraph.interpreter.python.expressions import attribute_of, evaluate_owner
    from stepgraph.interpreter.python.subscripts import element_of, evaluate_key

    match target:
        case cst.Attribute():
            owner = evaluate_owner(interpreter, target)
            value = attribute_of(interpreter, target, owner)
            return _EvaluatedTarget(value, owner, lambda new: assign_member(interpreter, target, owner, new))
        case cst.Subscript():
            owner = evaluate_owner(interpreter, target)
            key = evaluate_key(interpreter, target)
            value = element_of(interpreter, target, owner, key)
            return _EvaluatedTarget(value, owner, lambda new: assign_element(interpreter, target, owner, key, new))
        case _:
            value = interpreter.evaluate(target)
            return _EvaluatedTarget(value, UNKNOWN, lambda new: assign(interpreter, target, new))


def _evaluate_parts(interpreter: Interpreter, target: cst.BaseExpression) -> None:
    """Evaluate the object and the key of a target."""
    from stepgraph.interpreter.python.subscripts import evaluate_key

    if isinstance(target, cst.Attribute | cst.Subscript):
        interpreter.evaluate(target.value)
    if isinstance(target, cst.Subscript):
        evaluate_key(interpreter, target)


def _is_new_value(node: cst.BaseExpression, target: _EvaluatedTarget, updated: Value) -> bool:
    """Return whether assigning the result of an operation in place may change the target.

    The result is another object, or the target is a slice, an attribute found on the class, or an object with special
    methods.
    """
    if any(isinstance(leaf, Collection) and leaf.kind in _IMMUTABLE_KINDS for leaf in union_values(updated)):
        return True
    if isinstance(node, cst.Subscript):
        is_slice = any(isinstance(element.slice, cst.Slice) for element in node.slice)
        return is_slice or isinstance(target.owner, ProjectObject)
    if not isinstance(node, cst.Attribute) or isinstance(updated, AttributeDictionary):
        return False
    return isinstance(target.owner, ProjectObject) and target.owner.state.get(node.attr.value) is not target.value


def _update_in_place(
    interpreter: Interpreter,
    operator: cst.BaseAugOp,
    target: Value,
    value: Value,
    place: SourcePlace,
    *,
    has_only_name: bool = False,
) -> Value | None:
    """Update a collection or dictionary in place and return the target's new value. Return None for other targets.

    `has_only_name` means that the target is the only reference to the cases of a union.
    """
    from stepgraph.interpreter.objects.attributes.attribute_dictionaries import update_attributes
    from stepgraph.interpreter.objects.mapping_methods import update_mapping

    match target:
        case Union() if any(
            isinstance(leaf, Collection | Mapping | AttributeDictionary) for leaf in union_values(target)
        ):
            return _update_union(interpreter, operator, target, value, place, has_only_name=has_only_name)
        case AttributeDictionary():
            update_attributes(interpreter, target, Arguments.of(value, place), place)
            return target
        case Mapping():
            update_mapping(interpreter, target, Arguments.of(value, place), place)
            return target
        case Collection(kind="tuple" | "frozenset"):
            copy = make_result_collection(interpreter, target.kind, target.items)
            _update_collection(interpreter, operator, ordered_like(target, copy), value, place)
            return copy
        case Collection():
            _update_collection(interpreter, operator, target, value, place)
            return target
        case _:
            return None


def _update_union(
    interpreter: Interpreter,
    operator: cst.BaseAugOp,
    union: Union,
    value: Value,
    place: SourcePlace,
    *,
    has_only_name: bool,
) -> Value:
    """Update each case of a union on its own path, or all cases if the target is the only reference to them."""
    from stepgraph.interpreter.objects.containers.iteration import materialize_generator

    operand = materialize_generator(interpreter, value, exhausts=True)
    if not has_only_name:
        return interpreter.apply_to_cases(union, lambda case: _update_case(interpreter, operator, case, operand, place))
    cases = (
        replace(case, value=_update_case(interpreter, operator, case.value, operand, place)) for case in union.cases
    )
    return Union(tuple(cases), union.discriminant, union.place)


def _update_case(
    interpreter: Interpreter, operator: cst.BaseAugOp, case: Value, value: Value, place: SourcePlace
) -> Value:
    updated = _update_in_place(interpreter, operator, case, value, place)
    if updated is None:
        interpreter.escape_operand(case, place, _UNMODELED_OPERAND)
    return case if updated is None else updated


def _update_collection(
    interpreter: Interpreter, operator: cst.BaseAugOp, owner: Collection, value: Value, place: SourcePlace
) -> None:
    from stepgraph.interpreter.objects.containers.changes import add_items, multiply_items, remove_item
    from stepgraph.interpreter.objects.containers.iteration import added_elements

    if isinstance(operator, _REMOVING_OPERATORS):
        remove_item(interpreter, owner, UNKNOWN)
    if isinstance(operator, cst.AddAssign | cst.BitOrAssign | cst.BitXorAssign):
        added = added_elements(interpreter, value, place)
        is_certain = not isinstance(operator, cst.BitXorAssign)
        items = added.items if is_certain else tuple(map(as_optional, added.items))
        add_items(interpreter, ordered_like(added, owner), items)
    if isinstance(operator, cst.MultiplyAssign):
        multiply_items(interpreter, owner, value)


def _execute_delete(interpreter: Interpreter, node: cst.Del) -> None:
    _delete(interpreter, node.target)


def _delete(interpreter: Interpreter, target: cst.BaseExpression) -> None:
    from stepgraph.interpreter.objects.attributes.changes import delete_attribute

    match target:
        case cst.Name(value=name):
            bind(interpreter, name, UNKNOWN)
        case cst.Subscript():
            _delete_element(interpreter, target)
        case cst.Attribute(value=owner, attr=attr):
            receiver = interpreter.evaluate(owner)
            interpreter.tracer.on_attribute_change(target, receiver)
            delete_attribute(interpreter, receiver, attr.value, interpreter.place(target))
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                _delete(interpreter, element.value)


def _delete_element(interpreter: Interpreter, target: cst.Subscript) -> None:
    from stepgraph.interpreter.objects.attributes.attribute_dictionaries import delete_attribute_item
    from stepgraph.interpreter.objects.containers.changes import remove_entry, remove_item
    from stepgraph.interpreter.objects.mapping_methods import clear_container
    from stepgraph.interpreter.objects.special_methods import call_special
    from stepgraph.interpreter.python.subscripts import evaluate_key

    owner = interpreter.evaluate(target.value)
    interpreter.tracer.on_element_change(target, owner)
    key, _, bounds = evaluate_key(interpreter, target)
    is_full_slice = bounds is not None and all(bound is None for bound in bounds)

    def delete_from(owner: Value) -> Value:
        owner = as_collection(interpreter, owner, "__delitem__")
        match owner:
            case Union():
                interpreter.apply_to_cases(owner, delete_from)
            case AttributeDictionary(owner=instance):
                place = interpreter.place(target)
                delete_attribute_item(interpreter, instance, Argument(key, place), place)
            case Collection() if is_full_slice:
                clear_container(interpreter, owner, Arguments(), interpreter.place(target))
            case Collection():
                remove_item(interpreter, owner, key)
            case Mapping():
                remove_entry(interpreter, owner, key)
            case ProjectObject() | ClassValue():
                call_special(interpreter, owner, ("__delitem__",), (key,), interpreter.place(target))
        return UNKNOWN

    delete_from(owner)


def _execute_function_def(interpreter: Interpreter, node: cst.FunctionDef) -> None:
    bind(interpreter, node.name.value, make_function(interpreter, node, interpreter.frame.scope))


def _execute_class_def(interpreter: Interpreter, node: cst.ClassDef) -> None:
    bind(interpreter, node.name.value, make_class(interpreter, node, interpreter.frame.scope))


def _execute_import(interpreter: Interpreter, node: cst.Import | cst.ImportFrom) -> None:
    if isinstance(node.names, cst.ImportStar):
        return
    if not may_be_caught(interpreter):
        _observe_failing_import(interpreter, node)
    for alias in node.names:
        name = import_binding(alias)
        bind(interpreter, name, import_name(interpreter, node, name))


def _observe_failing_import(interpreter: Interpreter, node: cst.Import | cst.ImportFrom) -> None:
    """Record the parts of an import in a function that fail when it runs."""
    from stepgraph.interpreter.modules.unloadable_imports import unloadable_imports

    if isinstance(node, cst.ImportFrom):
        for wrong_import in wrong_imports(interpreter.module, node):
            if not interpreter.modules.is_in_project(wrong_import.module):
                interpreter.observe(wrong_import)
    for unloadable in unloadable_imports(interpreter, interpreter.module, node):
        interpreter.observe(unloadable)


def may_be_caught(interpreter: Interpreter) -> bool:
    """Return whether an enclosing block of the function may catch an exception raised here."""
    return any(JumpKind.RAISE in context.intercepted for context in interpreter.frame.open_contexts)


def _execute_return(interpreter: Interpreter, node: cst.Return) -> None:
    """Execute a `return`.

    An awaitable that a plain function returns is awaited here, as if it were work of the function itself.
    """
    frame = interpreter.frame
    if frame.inlined is not None:
        if node.value is not None:
            interpreter.evaluate(node.value)
        from stepgraph.interpreter.python.loops.generators import return_from_generator

        return_from_generator(interpreter, frame.inlined, interpreter.place(node))
        return
    value = Constant(None) if node.value is None else _evaluate(interpreter, node.value)
    if node.value is not None and frame.function is not None:
        function = SourcePlace(frame.body_scope.module, frame.function)
        interpreter.tracer.on_return(function, value, interpreter.place(node.value))
    if not frame.is_async and is_awaitable(value):
        # Imported here because few functions return awaitables.
        from stepgraph.interpreter.workflow.returned_awaitables import await_returned

        value = await_returned(interpreter, value, interpreter.place(node))
    elif isinstance(value, Unresolved):
        value = Unresolved(value.reason, interpreter.place(node))
    frame.may_return_true = frame.may_return_true or (node.value is not None and _may_be_true(value, node.value))
    frame.returns.append(ReturnedValue(frame.condition.text, value, frame.condition.discriminant))
    emit_jump(interpreter, JumpKind.RETURN, interpreter.place(node))


def _may_be_true(value: Value, node: cst.BaseExpression) -> bool:
    """Return whether a returned value may be truthy. A call of a function that returns None is falsy."""
    if isinstance(value, Constant):
        return bool(value.value)
    return not (isinstance(value, Absent) and isinstance(node, cst.Call | cst.Await))


def _execute_assert(interpreter: Interpreter, node: cst.Assert) -> None:
    """Execute an `assert`. Its message is evaluated only if the test fails."""
    from stepgraph.interpreter.python.boolean import negate

    interpreter.evaluate(node.test)
    interpreter.work.risk_count += 1
    if node.msg is not None:
        message = node.msg
        place = interpreter.place(node)
        condition = negate(interpreter.text(node.test), node.test)

        def fail() -> None:
            checkpoint = interpreter.store.checkpoint()
            interpreter.evaluate(message)
            if interpreter.operations or interpreter.store.changes(checkpoint):
                emit_jump(interpreter, JumpKind.RAISE, place)

        interpreter.emit_choice([(condition, interpreter.branch(fail, condition).block)], None, place)


def _execute_break(interpreter: Interpreter, node: cst.Break) -> None:
    loop = interpreter.frame.loop
    if loop is not None:
        loop.breaks = True
        loop.continues = loop.continues or loop.is_pass
        loop.add_jump(interpreter.store.changes(loop.checkpoint), breaks=True)
    is_pass = loop is not None and loop.is_pass
    emit_jump(interpreter, JumpKind.CONTINUE if is_pass else JumpKind.BREAK, interpreter.place(node))


def _execute_continue(interpreter: Interpreter, node: cst.Continue) -> None:
    loop = interpreter.frame.loop
    if loop is not None:
        loop.continues = True
        loop.add_jump(interpreter.store.changes(loop.checkpoint), breaks=False)
    emit_jump(interpreter, JumpKind.CONTINUE, interpreter.place(node))


def _skip(interpreter: Interpreter, node: cst.CSTNode) -> None:
    """Skip a statement without effect: `pass`, `global`, `nonlocal` or `type`."""
    del interpreter, node


_PACKAGE: Final = "stepgraph.interpreter.python"

EXECUTORS: Final[HandlerTable[type[cst.CSTNode], Executor]] = HandlerTable(
    {
        cst.Expr: _execute_expression,
        cst.Assign: _execute_assign,
        cst.AnnAssign: _execute_annotated_assign,
        cst.AugAssign: _execute_augmented_assign,
        cst.Del: _execute_delete,
        cst.FunctionDef: _execute_function_def,
        cst.ClassDef: _execute_class_def,
        cst.Import: _execute_import,
        cst.ImportFrom: _execute_import,
        cst.Return: _execute_return,
        cst.Assert: _execute_assert,
        cst.Pass: _skip,
        cst.Global: _skip,
        cst.Nonlocal: _skip,
        cst.TypeAlias: _skip,
        cst.Break: _execute_break,
        cst.Continue: _execute_continue,
    },
    {
        cst.Raise: "stepgraph.interpreter.raised_exceptions:execute_raise",
        cst.If: f"{_PACKAGE}.branches:execute_if",
        cst.Match: f"{_PACKAGE}.branches:execute_match",
        cst.For: f"{_PACKAGE}.loops.loop_statements:execute_for",
        cst.While: f"{_PACKAGE}.loops.loop_statements:execute_while",
        cst.Try: f"{_PACKAGE}.try_:execute_try",
        cst.TryStar: f"{_PACKAGE}.try_:execute_try",
        cst.With: f"{_PACKAGE}.context_managers.with_:execute_with",
    },
    default=execute_unknown,
)

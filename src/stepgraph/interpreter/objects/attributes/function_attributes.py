"""Attributes that code assigns to functions and steps, as in `charge.undo = refund`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import set_slot
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.objects.union import may_be_unset, record_read_of_contents, with_fallback
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import COMPUTED_NAME, FunctionValue, LexicalScope
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, UNSET, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.syntax.import_graph import ModuleGroup
    from stepgraph.syntax.mutation.function_attributes import FunctionAttribute

_INDIRECT_CHANGES: Final = ("setattr", "delattr", "__setattr__", "__delattr__", "update_wrapper")
"""Words in code that may change the attributes of a function without naming them."""
_COMPUTED_READS: Final = ("globals", "locals", "attrgetter", "methodcaller", "getattr_static")
"""Words in code that may call a decorator without naming it."""


def assigned_value(interpreter: Interpreter, function: Value, name: str) -> Value | None:
    """Return the value of an attribute that code may have assigned to a function or step.

    The value is `UNSET` if no code has assigned the attribute. Return None if the analysis does not follow the
    attributes of the function.
    """
    if name.startswith("__") or not interpreter.modules.is_attribute_assigned(name):
        return None
    slot = _slot_of(function, name) or _slot_in_factory(interpreter, function, name)
    if slot is not None:
        cell, key = slot
        interpreter.store.record_outer_read(cell, key)
        value: Value = cell.get(key, UNSET)
        if value is UNSET:
            cell, key = _slot_of(function, COMPUTED_NAME) or slot
            interpreter.store.record_outer_read(cell, key)
            value = cell.get(key, UNSET)
        record_read_of_contents(interpreter.store, value)
        return value
    if isinstance(function, FunctionValue):
        return _value_assigned_at_import(interpreter, function, name)
    return None


def read_attribute(interpreter: Interpreter, function: Value, name: str) -> Value | None:
    """Return the value of an attribute that code has assigned to a function. Return None if no path assigns it."""
    value = assigned_value(interpreter, function, name)
    if value is None or value is UNSET:
        return None
    if isinstance(value, Union) and may_be_unset(value):
        return with_fallback(value, None)
    return value


def is_assigned_to_functions_only(interpreter: Interpreter, name: str) -> bool:
    """Return whether each assignment of an attribute in the program is about a function."""
    return bool(_assignments_of(interpreter, name))


def assign_to_function(interpreter: Interpreter, function: Value, name: str, value: Value) -> bool:
    """Assign an attribute of a function or step. Return False if the analysis does not follow its attributes."""
    if name.startswith("__"):
        return False
    slot = _slot_of(function, name) or _slot_in_factory(interpreter, function, name)
    if slot is None and interpreter.is_import_time:
        at_import = _slot_at_import(function, name)
        slot = None if at_import is None or _assignments_of(interpreter, name) is None else at_import
    if slot is None:
        return False
    set_slot(interpreter, *slot, value)
    return True


def make_unresolved(interpreter: Interpreter, function: Value, place: SourcePlace) -> None:
    """Record that code may have changed any attribute of a function."""
    slot = _slot_of(function, "")
    if slot is None:
        return
    cell, prefix = slot
    interpreter.budget.spend(Limit.ELEMENTS, len(cell))
    unresolved = Unresolved(f"`{place.brief_text}` may change it", place)
    for key in [key for key in cell if key.startswith(prefix)]:
        interpreter.store.weak_update(cell, key, unresolved, place)
    set_slot(interpreter, cell, prefix + COMPUTED_NAME, unresolved)


def _slot_of(function: Value, name: str) -> tuple[HeapCell, str] | None:
    """Return the cell and key that hold an attribute of a function.

    The cell is that of the variables of `run`, which defines the function once. A function of another function has
    none, because a cell may represent all levels of a recursion.
    """
    match function:
        case StepFunction(function=FunctionValue() as decorated, may_be_replaced=False):
            is_unique, key = _is_only_declaration(function, decorated), f"{decorated.name}().{name}"
        case FunctionValue():
            decorated, is_unique, key = function, _is_plain(function), f"{function.name}.{name}"
        case _:
            return None
    if not (is_unique and _is_in_run(decorated.scope) and _is_defined_once(decorated)):
        return None
    return decorated.scope.names, key


def _slot_in_factory(interpreter: Interpreter, function: Value, name: str) -> tuple[HeapCell, str] | None:
    """Return the cell and key of a function's attribute that the enclosing function assigns.

    The cell contains the variables of the enclosing function. Return None if other code may change the attribute.
    """
    if not isinstance(function, FunctionValue) or function.scope.kind != "function" or not _is_defined_once(function):
        return None
    assignments = _assignments_of(interpreter, name)
    is_assigned = assignments is not None and function.node in assignments
    return (function.scope.names, f"{function.name}.{name}") if is_assigned else None


def _is_in_run(scope: LexicalScope) -> bool:
    """Return whether a scope is the body of a `run` method that does not call itself."""
    is_method = scope.kind == "function" and scope.parent is not None and scope.parent.kind == "class"
    return is_method and scope.path[-1] == "run" and not scope.module.mentions(b"self.run")


def _is_only_declaration(step: StepFunction, decorated: FunctionValue) -> bool:
    """Return whether a step is the result of the only decorator of a function."""
    match decorated.node:
        case cst.FunctionDef(decorators=[cst.Decorator(decorator=decorator)]):
            return step.definition.place.node is decorator
        case _:
            return False


def _is_plain(function: FunctionValue) -> bool:
    """Return whether a value is the function that a `def` creates, neither a method nor another object around it."""
    parts = (function.receiver, function.wrapped, function.cache, function.implementations)
    has_others = function.positional or function.keywords or function.managers or function.caveats
    return function.kind == "function" and parts == (None,) * 4 and not has_others


def _is_defined_once(function: FunctionValue) -> bool:
    """Return whether each run of the code around a function defines it once, and binds its name to nothing else."""
    node, scope = function.node, function.scope
    if scope.bindings.binders.get(function.name) != [node]:
        return False
    if scope.kind != "function":
        return id(node) in scope.bindings.top_level_statements
    parents = scope.module.parents
    return isinstance(parents.get(id(parents.get(id(node)))), cst.FunctionDef)


def _slot_at_import(function: Value, name: str) -> tuple[HeapCell, str] | None:
    """Return the cell and key that hold an attribute that a decorator assigns to a function of a module or class."""
    if not isinstance(function, FunctionValue) or function.scope.is_local or not _is_defined_once(function):
        return None
    return (function.scope.names, f"{function.name}.{name}") if _is_plain(replace(function, receiver=None)) else None


def _value_assigned_at_import(interpreter: Interpreter, function: FunctionValue, name: str) -> Value | None:
    """Return the value of an attribute that a decorator, or the body of a module or class, assigns to its function.

    Return None unless all assignments of such an attribute are by decorators and such bodies.
    """
    slot = _slot_at_import(function, name)
    assignments = None if slot is None else _assignments_of(interpreter, name)
    if slot is None or assignments is None:
        return None
    cell, key = slot
    value: Value = cell.get(key, UNSET)
    if interpreter.is_import_time:  # bodies run in any order, but after the decorators of a function
        return None if function.node in assignments else value
    for assignment in assignments.get(function.node, ()):
        if assignment.value is None:
            value = UNKNOWN
        elif interpreter.modules.is_rebound_externally(function.scope, assignment.value):
            return None
        else:
            value = resolve_body_name(interpreter, function.scope, assignment.value) or UNKNOWN
    return value


_Assignments: TypeAlias = "dict[cst.CSTNode | None, list[FunctionAttribute]]"
"""The assignments of an attribute by function; None stands for the functions that decorators receive."""


def _assignments_of(interpreter: Interpreter, name: str) -> _Assignments | None:
    """Return the assignments of an attribute in all modules.

    Return None if code other than imports, and functions that define the function, may change it.
    """
    group = interpreter.modules.group()
    assignments = group.once(_assignments_by_name)
    if name not in assignments:
        assignments[name] = _search_assignments(group, name)
    return None if interpreter.modules.may_import_dynamically() else assignments[name]


def _assignments_by_name(_group: ModuleGroup) -> dict[str, _Assignments | None]:
    """Return the dictionary that `_assignments_of` fills."""
    return {}


def _search_assignments(group: ModuleGroup, name: str) -> _Assignments | None:
    # Imported here because few programs assign attributes of functions.
    from stepgraph.syntax.mutation.function_attributes import attributes_of_functions, may_change_namespaces

    with_namespaces = [*group.with_word("vars"), *group.with_word("__dict__")]
    if any(module.once(may_change_namespaces) for module in with_namespaces):
        return None
    if any(map(group.with_word, _INDIRECT_CHANGES)):
        return None
    assignments: _Assignments = {}
    for module in group.with_word(name):
        for assignment in module.once(attributes_of_functions).get(name, ()):
            assignments.setdefault(assignment.function, []).append(assignment)
    decorators = dict.fromkeys(assignments.get(None, ()))
    return assignments if all(_is_by_decorator(assignment, group) for assignment in decorators) else None


def _is_by_decorator(assignment: FunctionAttribute, group: ModuleGroup) -> bool:
    """Return whether the program uses the function with an assignment as a decorator only."""
    from stepgraph.syntax.mutation.function_attributes import names_outside_decorators
    from stepgraph.syntax.mutation.member_reads import computed_owners, computed_variables

    decorator = assignment.decorator
    if decorator is None:
        return False
    for module in group.with_word(decorator):
        used, called = module.once(names_outside_decorators)
        if decorator in used or (decorator in called and not assignment.has_arguments):
            return False
    has_computed_reads = any(
        module.once(computed_owners) or module.once(computed_variables) for module in group.with_word("getattr")
    )
    return not has_computed_reads and not any(map(group.with_word, _COMPUTED_READS))

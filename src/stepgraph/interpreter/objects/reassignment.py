"""Names that code outside their scope may assign, and objects that other statements may change."""

from __future__ import annotations

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.containers import Collection, ContextVariable, Mapping, hide_constants
from stepgraph.interpreter.values.heap_cells import DEEPEST
from stepgraph.interpreter.values.objects import (
    Caveat,
    ClassValue,
    FunctionValue,
    LexicalScope,
    ModuleValue,
    ProjectObject,
)
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import may_bind_computed_names, rebound_globals
from stepgraph.syntax.mutation.function_state import functions_with_state, has_created_default, keeps_own_state


def may_be_rebound(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Return whether functions or other modules may bind a name of a module while the workflow runs."""
    module = scope.module
    return (
        name in module.once(rebound_globals)
        or module.once(may_bind_computed_names)
        or interpreter.modules.is_assigned_externally(scope, name)
    )


def may_be_set_externally(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Return whether code outside a class body may assign an attribute of the class, as in `Job.run = run`."""
    if scope.kind != "class":
        return False
    is_assigned = scope.module.once(assigned_attributes).assigns(name)
    return is_assigned or interpreter.modules.is_rebound_externally(scope, name)


def may_be_replaced(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> bool:
    """Return whether other code may assign a name of a module. Mutations of the name's collection do not count."""
    if isinstance(value, Collection | Mapping):
        is_assigned = interpreter.modules.is_rebound_externally(scope, name)
    else:
        is_assigned = interpreter.modules.is_assigned_externally(scope, name)
    may_change = not isinstance(value, ClassValue | ModuleValue | External)
    if is_assigned or (may_change and interpreter.modules.is_member_changed(scope, name)):
        return True
    is_definition = may_change and value.relevant and not isinstance(value, Collection | Mapping)
    return is_definition and interpreter.modules.may_be_replaced_by_unknown_import(scope, name)


def reassigned_value(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> Value:
    """Return the value of a variable that other code may assign. Constants are hidden, and functions get a caveat."""
    if isinstance(value, Collection | Mapping):
        value.state.changed = True
        values = [item.value for item in (value.items if isinstance(value, Collection) else value.entries)]
        if not values or any(element_value.relevant for element_value in values):
            _report_external_assignment(interpreter, scope, name)
        return hide_constants(value)
    if value == Constant(None):  # a placeholder for the value that other code assigns
        return UNKNOWN
    return mark_reassigned(interpreter, scope, name, value) if value.relevant else hide_constants(value)


def mark_reassigned(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> Value:
    """Mark a value that other code may replace, and return it. Functions get a caveat; other values are reported."""
    if isinstance(value, FunctionValue):
        return replace(value, caveats=(*value.caveats, _external_assignment_caveat(scope, name)))
    _report_external_assignment(interpreter, scope, name)
    return value


def _report_external_assignment(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Report a definition that code outside the module or class may replace."""
    interpreter.report_caveat(_external_assignment_caveat(scope, name))


def _external_assignment_caveat(scope: LexicalScope, name: str) -> Caveat:
    binders = scope.bindings.binders.get(name)  # absent for a name that other code adds: `Orders.run = run`
    owner = scope.module.tree if scope.owner is None else scope.owner.node
    return Caveat(
        "assigned-elsewhere",
        SourcePlace(scope.module, binders[0] if binders else owner),
        f"other code changes `{name}`, so its value at run time is unknown.",
        "The graph shows this definition.",
        may_be_another=True,
    )


def may_hold_changing_object(value: Value) -> bool:
    """Return whether a value is or contains an object that statements of module bodies may change."""
    pending: list[tuple[Value | None, int]] = [(value, 0)]
    visited: set[LexicalScope] = set()
    while pending:
        current, depth = pending.pop()
        match current:
            case ContextVariable() | ProjectObject():
                return True
            case Collection(lazy=lazy) if lazy is not None and not lazy.is_view:
                return True
            case FunctionValue() if _has_state(current):
                return True
            case FunctionValue() if depth < DEEPEST:
                enclosed = _enclosed_values(current, visited)
                if any(isinstance(enclosed_value, Collection | Mapping) for enclosed_value in enclosed):
                    return True
                keywords = (keyword_value for _, keyword_value in current.keywords)
                parts = (current.receiver, current.wrapped, *current.positional, *keywords, *enclosed)
                pending += ((part, depth + 1) for part in parts)
            case Union(cases=cases):
                pending += ((case.value, depth) for case in cases)
            case Collection() | Mapping() if depth < DEEPEST:
                pending += ((element.value, depth + 1) for element in current.state.elements())
            case _:
                pass
    return False


def _enclosed_values(function: FunctionValue, visited: set[LexicalScope]) -> list[Value]:
    """Return the values of the variables in the calls that enclose a function, except calls visited before."""
    values: list[Value] = []
    scope: LexicalScope | None = function.scope
    while scope is not None and scope.kind != "module" and scope not in visited:
        visited.add(scope)
        values += scope.names.values() if scope.kind == "function" else ()
        scope = scope.parent
    return values


def _has_state(function: FunctionValue) -> bool:
    """Return whether calls of a function may change the results of later calls, or return the same object again."""
    if function.implementations is not None:
        return True
    if isinstance(function.node, cst.FunctionDef):
        if keeps_own_state(function.node):
            return True
    elif has_created_default(function.node.params):
        return True
    if not function.scope.is_local:  # no variables of an enclosing call
        return False
    return not function.scope.module.once(functions_with_state).isdisjoint(function.scope.path)

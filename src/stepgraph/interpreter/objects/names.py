"""Name lookup and binding in lexical scopes."""

from __future__ import annotations

import builtins
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.modules.binding_order import (
    StatementPosition,
    may_be_unbound,
    scope_body,
    statement_positions,
)
from stepgraph.interpreter.modules.body_runs import begin_program, resume, run_bodies
from stepgraph.interpreter.modules.module_code import apply_changes, bound_value, is_rebound_by_functions, run_changes
from stepgraph.interpreter.modules.star_imports import (
    has_later_star_import,
    star_imported_value,
    value_of_earlier_stars,
)
from stepgraph.interpreter.objects.reassignment import (
    mark_reassigned,
    may_be_rebound,
    may_be_replaced,
    may_be_set_externally,
    may_hold_changing_object,
    reassigned_value,
)
from stepgraph.interpreter.objects.union import (
    may_be_unset,
    or_unset,
    record_read_of_contents,
    record_read_of_element,
    with_fallback,
)
from stepgraph.interpreter.values.containers import (
    Collection,
    Mapping,
    hide_alternatives,
    hide_constants,
    without_constants,
)
from stepgraph.interpreter.values.objects import LexicalScope, ProjectObject
from stepgraph.interpreter.workflow.data_calls import record_closure_read, record_read
from stepgraph.ir.values import (
    UNKNOWN,
    UNSET,
    Constant,
    External,
    ExternalResult,
    NameArgument,
    PartlyKnownText,
    Template,
    Value,
)
from stepgraph.limits import Limit, LimitExceededError
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import may_bind_computed_names, names_of_attributes

_BUILTINS = frozenset(dir(builtins))


def look_up(interpreter: Interpreter, name: str) -> Value:
    """Return the value of a name at the statement being executed."""
    scope = _lookup_start(interpreter.frame.scope, name)
    statement = interpreter.frame.current_statement
    conditional: list[Value] = []
    while scope is not None:
        if scope.kind != "class" or scope is interpreter.frame.scope:
            is_local = scope is interpreter.frame.body_scope or scope is interpreter.frame.scope
            value = (
                _value_in_scope(interpreter, scope, name, is_local=is_local)
                if statement is None
                else _value_at(interpreter, scope, name, statement)
            )
            if value is not None and may_be_unset(value):
                conditional.append(value)
            elif value is not None:
                return _with_outer_value(conditional, value) if conditional else value
        statement = None if statement is None else _statement_in_parent(scope, statement)
        scope = scope.parent
    if name in _BUILTINS:
        return _with_outer_value(conditional, External(f"builtins.{name}"))
    return _with_outer_value(conditional, None)


def _with_outer_value(conditional: Sequence[Value], outer: Value | None) -> Value:
    """Return the value of a name with `conditional` bindings, innermost first, and `outer` as the fallback."""
    value = outer
    for inner in reversed(conditional):
        value = with_fallback(inner, value)
    return UNKNOWN if value is None else value


def is_globals_call(interpreter: Interpreter, node: cst.BaseExpression) -> bool:
    """Return whether an expression is a call of the built-in `globals`."""
    if type(node) is not cst.Call or node.args or type(node.func) is not cst.Name:
        return False
    value = look_up(interpreter, "globals") if node.func.value == "globals" else UNKNOWN
    return isinstance(value, External) and value.name == "builtins.globals"


def _statement_in_parent(scope: LexicalScope, statement: cst.CSTNode) -> cst.CSTNode | None:
    """Return the statement of the parent scope that runs a scope's code. Return None for a function scope."""
    if scope.kind == "class":
        return None if scope.owner is None else scope.owner.node
    return statement if scope.kind == "expression" else None


def _value_at(interpreter: Interpreter, scope: LexicalScope, name: str, statement: cst.CSTNode) -> Value | None:
    """Return the value of a name before a statement of a module or class body."""
    if interpreter.frame.body_scope is scope:
        if name in interpreter.frame.rebound:
            return scope.names.get(name)
        if interpreter.frame.bound_name == name:
            return interpreter.frame.previous_value
    binders = scope.bindings.binders.get(name, ())
    is_body = scope.kind in ("module", "class")
    if not is_body or (len(binders) <= 1 and not scope.bindings.stars) or is_rebound_by_functions(scope, name):
        return _value_in_scope(interpreter, scope, name, is_local=True)
    positions = statement_positions(scope_body(scope), scope.module)
    position = positions.get(id(statement))
    earlier_binders = _binders_before(position, binders, positions)
    if position is not None and scope.bindings.stars:
        last_index = positions[id(earlier_binders[-1])].index if earlier_binders else -1
        value = _star_value_between(interpreter, scope, name, last_index, position.index)
        if value is not None:
            return value
    is_rebound = len(earlier_binders) < len(binders) or has_later_star_import(interpreter, scope, name)
    if not earlier_binders or not is_rebound:
        return resolve_body_name(interpreter, scope, name)
    return _value_after(interpreter, scope, name, earlier_binders)


def _star_value_between(
    interpreter: Interpreter, scope: LexicalScope, name: str, start_index: int, end_index: int
) -> Value | None:
    """Return the value that star imports between two statements bind to a name. Return None if none of them does."""
    positions = statement_positions(scope_body(scope), scope.module)
    indices = [positions[id(star)].index for star in scope.bindings.stars]
    start, end = bisect_right(indices, start_index), bisect_left(indices, end_index)
    return value_of_earlier_stars(interpreter, scope, name, start, end) if start < end else None


def _value_after(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    """Return the value of a name after `binders`, the first statements that bind it. Return None if it is unbound."""
    cache = interpreter.modules.values_after_binders
    key = (scope, name, len(binders))
    if key not in cache:
        interpreter.budget.spend(Limit.ELEMENTS, len(binders))
        current_value = scope.names.pop(name, None)
        with interpreter.in_definition_body(scope):
            value = bound_value(interpreter, scope, name, binders)
        scope.names.pop(name, None)
        if current_value is not None:
            scope.names[name] = current_value
        cache[key] = None if value is None else _stored_value(scope, name, value)
    result = cache[key]
    if result is not None and any(isinstance(leaf, Collection | Mapping) for leaf in union_values(result)):
        run_changes(interpreter, scope, name, _define)
    return result


def _lookup_start(scope: LexicalScope, name: str) -> LexicalScope | None:
    start: LexicalScope | None = scope
    if name in scope.bindings.globals:
        while start is not None and start.kind != "module":
            start = start.parent
    return start


def _binders_before(
    position: StatementPosition | None, binders: Sequence[cst.CSTNode], positions: dict[int, StatementPosition]
) -> list[cst.CSTNode]:
    """Return the binders of a name before a position in a module or class body."""
    if position is None:
        return []
    return [binder for binder in binders if id(binder) in positions and positions[id(binder)].index < position.index]


def _value_in_scope(interpreter: Interpreter, scope: LexicalScope, name: str, *, is_local: bool) -> Value | None:
    if scope.kind in ("module", "class"):
        value = resolve_body_name(interpreter, scope, name)
        is_rebound = may_be_rebound(interpreter, scope, name)
        if scope.kind == "module" and is_rebound:
            interpreter.store.record_outer_read(scope.names, name)
        if value is not None:
            record_read_of_contents(interpreter.store, value)
            record_read(interpreter, value, may_be_rebound=is_rebound)
        return None if value is UNSET else value
    value = scope.names.get(name)
    if value is None:
        if not scope.bindings.binds(name):
            return None
        interpreter.store.unset_reads.add((scope.names.serial, name))  # a later pass of a loop may find a value
    if not is_local:
        interpreter.store.record_outer_read(scope.names, name)
        if value is not None:
            record_closure_read(interpreter, value)
            record_read_of_contents(interpreter.store, value)
        if isinstance(value, PartlyKnownText):
            return UNKNOWN  # calls of the closure with different texts share a summary
    elif value is not None:
        record_read_of_element(interpreter.store, value)
    return UNKNOWN if value is None else value


def bind(interpreter: Interpreter, name: str, value: Value) -> None:
    """Bind a name in the current scope. The name holds a constant only if it is bound once."""
    scope = binding_scope(interpreter.frame.scope, name)
    if interpreter.frame.body_scope is scope:
        _record_rebinding(interpreter, scope, name)
    elif scope.kind == "module":
        resolve_body_name(interpreter, scope, name)  # sets the value for paths that do not bind the global
    stored = _stored_value(scope, name, value)
    if stored is not value and isinstance(value, Constant) and isinstance(value.value, str):
        function = interpreter.frame.function
        if function is not None and name in names_of_attributes(function, scope.module):
            stored = NameArgument(value.value)
    if isinstance(stored, (Collection, Mapping)) and scope.kind == "function":
        from stepgraph.interpreter.modules.collection_aliases import record_unseen_changes

        record_unseen_changes(interpreter, scope, name, stored)
    interpreter.store.write(scope.names, name, stored)
    interpreter.tracer.on_binding(name)


def _record_rebinding(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Record that the current statement of a module or class body rebinds a name, and record its previous value."""
    frame = interpreter.frame
    if frame.current_statement is None or name in frame.rebound:
        return
    frame.rebound[name] = scope.names.get(name)
    value = frame.previous_value if frame.bound_name == name else None
    if frame.bound_name != name:
        positions = statement_positions(scope_body(scope), scope.module)
        position = positions.get(id(frame.current_statement))
        earlier = _binders_before(position, scope.bindings.binders.get(name, ()), positions)
        value = _value_after(interpreter, scope, name, earlier) if earlier else None
    scope.names.pop(name, None)
    if value is not None:
        scope.names[name] = value


def _stored_value(scope: LexicalScope, name: str, value: Value) -> Value:
    """Return the value that a name holds after a binding. A constant is hidden if the name has several bindings."""
    if isinstance(value, Template):
        return without_constants(value)
    if scope.bindings.binds_constant(name) or isinstance(value, External | PartlyKnownText):
        return value
    if isinstance(value, ExternalResult) and scope.kind == "function" and scope.bindings.binds_one_type(name):
        return value
    return hide_alternatives(value) if scope.kind == "function" else hide_constants(value)


def binding_scope(scope: LexicalScope, name: str) -> LexicalScope:
    """Return the scope in which an assignment binds a name, according to the rules of `global` and `nonlocal`."""
    target = scope
    while target.kind == "expression" and target.parent is not None and not target.bindings.binds(name):
        target = target.parent
    scope = target
    if name in scope.bindings.globals:
        while target.parent is not None:
            target = target.parent
    elif name in scope.bindings.nonlocals and scope.parent is not None:
        target = scope.parent
        while target.parent is not None and not target.bindings.binds(name):
            target = target.parent
    return target


def is_bound_in_body(interpreter: Interpreter, name: str) -> bool:
    """Return whether a name is a variable of a call in a module or class body, such as the call of a decorator."""
    scope = _lookup_start(interpreter.frame.scope, name)
    while scope is not None and (scope.kind == "class" or not scope.bindings.binds(name)):
        scope = scope.parent
    return scope is not None and scope.is_from_body


def run_all_modules(interpreter: Interpreter, names: frozenset[str]) -> None:
    """Run all modules before the interpretation of a workflow. `names` are those of `names_of_program`."""
    begin_program(interpreter, _define, names)
    resume(interpreter, _define)


def resolve_body_name(interpreter: Interpreter, scope: LexicalScope, name: str) -> Value | None:
    """Return the value of a name in a module or class body. The first lookup evaluates its binders."""
    value: Value | None = scope.names.get(name)
    if value is not None:
        if interpreter.modules.queues:
            resume(interpreter, _define)
            value = scope.names.get(name, value)
        return value
    binders = scope.bindings.binders.get(name)
    if not binders and scope.kind == "class" and interpreter.modules.is_rebound_externally(scope, name):
        run_bodies(interpreter, scope, name, _define, by_functions=True)
        return scope.names.get(name)
    if not binders or has_later_star_import(interpreter, scope, name):
        if not scope.bindings.stars or name in _BUILTINS:
            return None
        value = star_imported_value(interpreter, scope, name)
        bound: Value | None = scope.names.get(name)  # the import may have run now, and the module may rebind the name
        return value if bound is None else bound
    scope.names[name] = UNKNOWN  # ends the recursion of a definition that refers to itself
    try:
        value = _evaluate_binders(interpreter, scope, name, binders)
        if interpreter.modules.queues:
            resume(interpreter, _define)
    except LimitExceededError as error:
        if error.limit is Limit.BASES:
            del scope.names[name]  # the next lookup raises the error again
        else:
            interpreter.stop(error, SourcePlace(scope.module, binders[0]))
        raise
    return value


def member_of_module(interpreter: Interpreter, scope: LexicalScope, name: str) -> Value | None:
    """Return the value of an attribute of a module, which only other modules may bind, as in `registry.hook = job`.

    Return None if the module has no such attribute.
    """
    value = resolve_body_name(interpreter, scope, name)
    if name in scope.bindings.binders or not interpreter.modules.is_rebound_externally(scope, name):
        return value
    if value is None:
        run_bodies(interpreter, scope, name, _define, by_functions=True)
        value = scope.names.get(name)
    if value is not None and interpreter.modules.may_be_reassigned(scope, name):
        return mark_reassigned(interpreter, scope, name, value) if value.relevant else hide_constants(value)
    return value


def _define(interpreter: Interpreter, scope: LexicalScope, name: str, statement: cst.CSTNode) -> None:
    """Evaluate the bindings of a name in a module or class body, up to and including `statement`."""
    binders = scope.bindings.binders[name]
    if len(binders) == 1:
        resolve_body_name(interpreter, scope, name)
        return
    positions = statement_positions(scope_body(scope), scope.module)
    last_index = positions[id(statement)].index
    earlier = [b for b in binders if id(b) in positions and positions[id(b)].index <= last_index]
    if earlier:
        _value_after(interpreter, scope, name, earlier)


def _evaluate_binders(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    with interpreter.in_definition_body(scope):
        value = _body_value(interpreter, scope, name, binders)
        if value is None:
            del scope.names[name]
            return None
        scope.names[name] = value
        for leaf in union_values(value):
            if isinstance(leaf, Collection | Mapping):
                apply_changes(interpreter, scope, name, leaf, _define)
        may_run_steps = value.relevant or isinstance(value, Collection | Mapping | ProjectObject)
        if not interpreter.modules.is_only_program_running and (
            (may_run_steps and is_rebound_by_functions(scope, name))
            or may_be_set_externally(interpreter, scope, name)
            or may_hold_changing_object(value)
        ):
            run_bodies(interpreter, scope, name, _define, by_functions=True)
        current: Value | None = scope.names.get(name)
        if current is None:  # one of the binders was executed
            scope.names[name] = value
            current = _body_value(interpreter, scope, name, binders) or value
            scope.names[name] = current
    return current


def _body_value(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    """Return the value of a name of a body after its binders. Return None if the name is unbound."""
    final_value = bound_value(interpreter, scope, name, binders)
    if final_value is None:
        return None
    value = _stored_value(scope, name, final_value)
    # If the name is unbound, a class inherits it, and a module uses the built-in of that name.
    if (scope.kind == "class" or name in _BUILTINS) and may_be_unbound(scope, name):
        return or_unset(scope, name, value)
    if scope.kind == "module" and may_be_replaced(interpreter, scope, name, value):
        return reassigned_value(interpreter, scope, name, value)
    if scope.kind == "module" and scope.module.once(may_bind_computed_names):
        return value if isinstance(value, External) else hide_constants(value)
    return value

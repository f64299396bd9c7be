"""Runs of module and class bodies in source order, for values whose state changes while modules load.

Most names are evaluated on demand, in any order. That is wrong for values that several statements change and read, such
as collections, objects and iterators. The statements that may affect these values run in Python's order: from top to
bottom, with each imported module at its import. A run pauses before a statement under evaluation, and continues at a
later lookup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import never_runs, scope_body, statement_positions
from stepgraph.interpreter.modules.body_queues import BodyRun, LateImport, RunQueue
from stepgraph.interpreter.values.heap_cells import DEEPEST
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import rebound_globals
from stepgraph.syntax.walk import self_and_statements_below

if TYPE_CHECKING:
    from stepgraph.syntax.body_names import NameDependents, StatementNames

Definer: TypeAlias = Callable[[Interpreter, LexicalScope, str, cst.CSTNode], None]
"""A function that binds a name of a body to the value it has after a statement of the body."""
Bound: TypeAlias = dict[str, Value | None]
"""The values that a statement binds to names; None for a name that it leaves unbound."""


class ProgramNotRunError(Exception):
    """A value depends on a run of all modules that several workflows share, and that has not started."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self.names = names
        """The names on which the value depends; see `names_of_program`."""


def run_bodies(
    interpreter: Interpreter, scope: LexicalScope, name: str, define: Definer, *, by_functions: bool
) -> None:
    """Run the statements that may affect the collection `name` of a body, up to a statement being evaluated.

    Any module may fill a collection that is mutated in functions (`by_functions`). Other collections are filled only by
    the bodies that define them.
    """
    modules = interpreter.modules
    if by_functions or _calls_other_code(interpreter, scope):
        _start_program(interpreter, define, _names_with_aliases(interpreter, scope) | {name})
    elif name in scope.bindings.mutations and scope not in modules.started_bodies:
        modules.started_bodies.add(scope)
        names = dependents_in(scope).dependents(scope.bindings.mutations)
        queue = RunQueue([], names, follows_imports=False)
        modules.queues.append(queue)
        _push(interpreter, queue, scope)
    resume(interpreter, define)
    if by_functions and modules.program is not None and not modules.program.is_running:
        own_module = modules.scope_of(scope.module)
        if own_module not in modules.visited_by_program:  # no import statement of a visited module names this module
            binders = scope.bindings.binders.get(name)
            place = SourcePlace(scope.module, binders[0] if binders else scope.module.tree)
            late = LateImport(own_module, place, is_conditional=False, is_nested=bool(modules.program.runs))
            modules.late_imports.append(late)
            resume(interpreter, define)


def _names_with_aliases(interpreter: Interpreter, scope: LexicalScope) -> frozenset[str]:
    """Return the variables of a body whose collections may be mutated through another name.

    Return no variables if the run of all modules has already started, because it starts only once.
    """
    from stepgraph.syntax.mutation.access_paths import AccessPath
    from stepgraph.syntax.mutation.aliases import analyze_aliases

    if interpreter.modules.program is not None:
        return frozenset()
    aliases = scope.module.once(analyze_aliases)
    spend = partial(interpreter.budget.spend, Limit.ELEMENTS)
    variables = dependents_in(scope).variables
    return frozenset(
        name
        for name in variables
        if aliases.may_be_mutated(AccessPath(name), DEEPEST, spend)
        or any(not called.may_be_method for _, called in aliases.passed_paths(AccessPath(name), DEEPEST, spend))
    )


def _start_program(interpreter: Interpreter, define: Definer, names: frozenset[str]) -> None:
    """Start the run of all modules.

    `names` are collections to include even if no source mentions their changes by name.
    """
    modules = interpreter.modules
    if modules.program is not None or not modules.scopes:
        return
    sharing = modules.sharing
    if sharing is not None and _is_cheap_to_repeat(interpreter) and sharing.is_shared(names):
        raise ProgramNotRunError(names)
    # Imported here and below because most workflows need no run of all modules, and start-up time counts.
    from stepgraph.interpreter.shared_runs import names_of_program

    names = names_of_program(interpreter, names)
    if sharing is not None:
        sharing.record(names)
    begin_program(interpreter, define, names)


def _is_cheap_to_repeat(interpreter: Interpreter) -> bool:
    """Return whether the interpretation so far takes little time, compared to a run of all modules."""
    budget = interpreter.budget
    evaluations = budget.maximum[Limit.EVALUATIONS] - budget.evaluations
    return evaluations <= _REPEATED_EVALUATIONS + _REPEATED_PER_MODULE * interpreter.modules.count_imports()


_REPEATED_EVALUATIONS: Final = 1_000
"""The number of evaluations that a new start may repeat. They take about 10 ms."""
_REPEATED_PER_MODULE: Final = 20
"""The number of evaluations by which each imported module raises `_REPEATED_EVALUATIONS`."""


def begin_program(interpreter: Interpreter, define: Definer, names: frozenset[str]) -> None:
    """Begin the run of all modules: first the main module, then the modules that functions have imported.

    The packages that contain the main module run before it. `names` are those of `names_of_program`.
    """
    modules = interpreter.modules
    root = modules.first_scope()
    modules.program = RunQueue([], names, follows_imports=True)
    modules.queues.append(modules.program)
    modules.resume_runs = partial(resume, interpreter, define)
    for scope in (root, *reversed(modules.packages_of(root.module))):
        modules.visited_by_program.add(scope)
        _push(interpreter, modules.program, scope)


def resume(interpreter: Interpreter, define: Definer) -> None:
    """Continue all paused runs, up to the statements being evaluated.

    If a statement of the run of all modules is calling the function that imports a module, this module runs first.
    """
    modules = interpreter.modules
    program = modules.program
    importing = program.runs[-1] if program is not None and program.is_running and program.runs else None
    _queue_late_imports(interpreter)
    if program is not None and importing is not None and program.runs[-1] is not importing:
        _advance_outside_functions(interpreter, program, define, until=importing)
    for queue in tuple(modules.queues):
        if queue.is_running:
            continue
        queue.is_running = True
        try:
            _advance_outside_functions(interpreter, queue, define)
        finally:
            queue.is_running = False
        if not queue.runs and queue in modules.queues:
            modules.queues.remove(queue)


def _advance_outside_functions(
    interpreter: Interpreter, queue: RunQueue, define: Definer, *, until: BodyRun | None = None
) -> None:
    """Run the statements of a queue although functions are being interpreted, until `until` is the next body to run."""
    stops = frozenset(_statements_under_evaluation(interpreter))
    active, interpreter.active_functions = interpreter.active_functions, {}
    try:
        _advance(interpreter, queue, stops, define, until)
    finally:
        interpreter.active_functions = active


def _advance(
    interpreter: Interpreter, queue: RunQueue, stops: frozenset[int], define: Definer, until: BodyRun | None
) -> None:
    while queue.runs and queue.runs[-1] is not until:
        run = queue.runs[-1]
        visited = interpreter.modules.visited_by_program
        if run.index == len(run.statements) or (run.is_waiting and run.scope in visited):
            queue.runs.pop()
            continue
        if run.is_waiting:
            run.is_waiting = False
            visited.add(run.scope)
        statement, bound = run.statements[run.index]
        if isinstance(statement, cst.Import | cst.ImportFrom) and not run.is_entered:
            runs = _import_runs(interpreter, run.scope, statement)
            if runs is False:
                run.index += 1
                continue
            run.is_entered = True  # even during its evaluation, because Python runs the module before it binds names
            _push_imported(interpreter, queue, run, statement, is_conditional=runs is None)
            continue
        if id(statement) in stops:
            if run.is_entered or not _push_class(interpreter, queue, run, statement):
                return
            run.is_entered = True
            continue
        interpreter.budget.spend(Limit.ELEMENTS)
        run.index += 1
        is_entered, run.is_entered = run.is_entered, False
        if isinstance(statement, cst.Import | cst.ImportFrom):
            _bind_imported(interpreter, queue, run.scope, statement, define)
            continue
        _run_statement(interpreter, run.scope, statement, sorted(bound), define)
        if not is_entered:
            _push_class(interpreter, queue, run, statement)


def _import_runs(interpreter: Interpreter, scope: LexicalScope, statement: cst.Import | cst.ImportFrom) -> bool | None:
    """Return whether an import statement in the body of a module runs. Return None if it runs on only some paths."""
    if id(statement) in scope.bindings.top_level_statements:
        return True
    from stepgraph.interpreter.modules.failing_imports import nested_import_runs

    return nested_import_runs(interpreter, scope, statement)


def _push_class(interpreter: Interpreter, queue: RunQueue, run: BodyRun, statement: cst.CSTNode) -> bool:
    """Queue the body of the class that a statement of a run has defined, if any. Return whether it was queued."""
    value = run.scope.names.get(statement.name.value) if isinstance(statement, cst.ClassDef) else None
    if not isinstance(value, ClassValue) or value.node is not statement:
        return False
    _push(interpreter, queue, value.scope, late=run.late)
    return True


def _run_statement(
    interpreter: Interpreter, scope: LexicalScope, statement: cst.CSTNode, bound: list[str], define: Definer
) -> None:
    with interpreter.in_definition_body(scope):
        match statement:
            case cst.FunctionDef() | cst.ClassDef() | cst.Assign() | cst.AnnAssign() | cst.AugAssign() if bound:
                for name in bound:
                    define(interpreter, scope, name, statement)
            case cst.If() if never_runs(statement):
                interpreter.modules.executed_statements.add(id(statement))
            case _ if id(statement) not in interpreter.modules.executed_statements:
                _keep_bindings(scope, statement, _execute_body_statement(interpreter, scope, statement))


def _execute_body_statement(interpreter: Interpreter, scope: LexicalScope, statement: cst.CSTNode) -> Bound:
    """Execute a statement of a body once. Return the values that it binds to names, or none while it is running."""
    values = interpreter.modules.bound_values
    key = (scope, id(statement))
    if key not in values and key not in interpreter.modules.statements_in_execution:
        interpreter.modules.executed_statements.add(id(statement))
        interpreter.modules.statements_in_execution.add(key)
        with executing(interpreter, scope, statement) as bound:
            interpreter.executors[type(statement)](interpreter, statement)
        interpreter.modules.statements_in_execution.remove(key)
        values[key] = bound
    return values.get(key, {})


def executed_value(
    interpreter: Interpreter, scope: LexicalScope, name: str, statement: cst.CSTNode, before: Value | None
) -> Value | None:
    """Return the value of a name after a statement is executed, or `before` if the statement does not bind it."""
    if (scope, id(statement)) in interpreter.modules.statements_in_execution:
        return UNKNOWN
    return _execute_body_statement(interpreter, scope, statement).get(name, before)


@contextmanager
def executing(interpreter: Interpreter, scope: LexicalScope, statement: cst.CSTNode) -> Iterator[Bound]:
    """Execute a statement of a body, then restore the previous values of its names.

    Yield a dictionary that has the new values after the end of the context.
    """
    frame = interpreter.frame
    saved = frame.current_statement, frame.rebound
    frame.current_statement, frame.rebound = statement, {}
    bound: Bound = {}
    yield bound
    for name, value in frame.rebound.items():
        bound[name] = scope.names.pop(name, None)
        if value is not None:
            scope.names[name] = value
    frame.current_statement, frame.rebound = saved


def _keep_bindings(scope: LexicalScope, statement: cst.CSTNode, values: Bound) -> None:
    """Keep the values of names that no other statement binds. A lookup of any other name joins all its values."""
    inner = {id(node) for node in self_and_statements_below(statement)}
    for name, value in values.items():
        is_bound_outside = any(id(binder) not in inner for binder in scope.bindings.binders.get(name, ()))
        scope.names.pop(name, None)
        if value is not None and not is_bound_outside and not isinstance(statement, cst.Try | cst.TryStar):
            scope.names[name] = value


def _push(interpreter: Interpreter, queue: RunQueue, scope: LexicalScope, *, late: LateImport | None = None) -> None:
    """Queue the statements of a body that may affect the collections of the queue."""
    from stepgraph.interpreter.shared_runs import select_mentioned
    from stepgraph.syntax.body_names import only_binds_names

    statements: list[tuple[cst.CSTNode, frozenset[str]]] = []
    names = select_mentioned(scope.module, queue.names)
    is_affected = queue.follows_imports or bool(names)
    interpreter.budget.spend(Limit.ELEMENTS, len(_statements_of(scope)) if is_affected else 0)
    for item in dependents_in(scope).affected(names) if is_affected else ():
        is_import = isinstance(item.statement, cst.Import | cst.ImportFrom)
        if scope.kind == "module" and queue.follows_imports:
            statements += ((node, frozenset[str]()) for node in item.imports)
        if not is_import and not item.evaluated.isdisjoint(names):
            statements.append((item.statement, item.bound))
            is_late = late is not None and late.is_conditional and not item.evaluated.isdisjoint(late.names)
            if late is not None and is_late and not only_binds_names(item.statement):
                _report_conditional_import(interpreter, late)
    if statements:
        queue.push(BodyRun(scope, tuple(statements), late))


def _report_conditional_import(interpreter: Interpreter, late: LateImport) -> None:
    interpreter.note(
        "assigned-elsewhere",
        late.place,
        f"`{late.place.brief_text}` runs only on some paths, but the module may change other modules.",
        "The graph shows these changes, such as additions to lists. Import it at the top of the module.",
    )


def _push_imported(
    interpreter: Interpreter,
    queue: RunQueue,
    run: BodyRun,
    statement: cst.Import | cst.ImportFrom,
    *,
    is_conditional: bool,
) -> None:
    imported = [*interpreter.modules.imported_by(run.scope.module, statement)]
    for scope in reversed(imported):
        if scope not in interpreter.modules.visited_by_program:
            late = run.late
            if is_conditional and (late is None or not late.is_conditional):
                place, names = SourcePlace(run.scope.module, statement), queue.names - _defined_names(scope)
                late = LateImport(scope, place, is_conditional=True, is_nested=True, names=names)
            interpreter.modules.visited_by_program.add(scope)
            _push(interpreter, queue, scope, late=late)
        else:
            _push_waiting(interpreter, queue, scope)


def _push_waiting(interpreter: Interpreter, queue: RunQueue, scope: LexicalScope) -> None:
    """Run a module now if its run waits for the package that contains it, and the package imports the module."""
    interpreter.budget.spend(Limit.ELEMENTS)
    run = queue.latest_runs.get(scope)
    if run is not None and not run.index and not run.is_entered and run in queue.runs:
        interpreter.budget.spend(Limit.ELEMENTS, len(queue.runs))
        queue.runs.remove(run)
        queue.push(run)


def _bind_imported(
    interpreter: Interpreter,
    queue: RunQueue,
    scope: LexicalScope,
    statement: cst.Import | cst.ImportFrom,
    define: Definer,
) -> None:
    """Bind the names in a `from` import whose values may change later to the values at the time of the import."""
    if isinstance(statement, cst.Import):
        return
    if isinstance(statement.names, cst.ImportStar):
        for imported in interpreter.modules.imported_by(scope.module, statement):
            for name in imported.module.once(rebound_globals):
                if name not in scope.bindings.binders and not name.startswith("_"):
                    scope.names[name] = _value_at_import(interpreter, imported, name, define)
        return
    with interpreter.in_definition_body(scope):
        for name in map(import_binding, statement.names):
            if name in queue.names and name in scope.bindings.binders:
                define(interpreter, scope, name, statement)


def _value_at_import(interpreter: Interpreter, scope: LexicalScope, name: str, define: Definer) -> Value:
    """Return the current value of a variable that functions rebind, or its value from the body if not yet rebound."""
    value: Value | None = scope.names.get(name)
    if value is not None:
        return value
    position = statement_positions(scope_body(scope), scope.module)
    binders = [binder for binder in scope.bindings.binders.get(name, ()) if id(binder) in position]
    if binders:
        define(interpreter, scope, name, binders[-1])
    return interpreter.modules.values_after_binders.get((scope, name, len(binders))) or UNKNOWN


def _queue_late_imports(interpreter: Interpreter) -> None:
    """Queue the modules that functions have imported, if the run of all modules has started."""
    modules = interpreter.modules
    if modules.program is None or not modules.late_imports:
        return
    from stepgraph.interpreter.shared_runs import names_of_registries

    late_imports, modules.late_imports = modules.late_imports, []
    for recorded in late_imports:
        if recorded.scope not in modules.visited_by_program:
            late = replace(recorded, names=modules.program.names - _defined_names(recorded.scope))
            modules.program.names |= names_of_registries(interpreter, [late.scope], modules.program.names)
            is_nested = modules.program.is_running or late.is_nested
            position = len(modules.program.runs) if is_nested else 0
            queued = RunQueue([], modules.program.names, follows_imports=True)
            _push(interpreter, queued, late.scope, late=late)
            for run in queued.runs:
                run.is_waiting = not is_nested
            if is_nested or not queued.runs:
                modules.visited_by_program.add(late.scope)
            modules.program.runs[position:position] = queued.runs
            modules.program.latest_runs |= queued.latest_runs
    if modules.program not in modules.queues:
        modules.queues.append(modules.program)


def _defined_names(scope: LexicalScope) -> frozenset[str]:
    """Return the names that a body binds in statements without imports."""
    return frozenset(name for item in _statements_of(scope) if not item.imports for name in item.bound)


def _owner_of(scope: LexicalScope) -> cst.Module | cst.ClassDef:
    """Return the module or class that a scope belongs to."""
    return scope.module.tree if scope.owner is None else scope.owner.node


def dependents_in(scope: LexicalScope) -> NameDependents:
    """Return the names of a body that depend on others."""
    from stepgraph.syntax.body_names import name_dependents

    return name_dependents(_owner_of(scope), scope.module)


def _statements_of(scope: LexicalScope) -> tuple[StatementNames, ...]:
    from stepgraph.syntax.body_names import names_of_statements

    return tuple(names_of_statements(_owner_of(scope), scope.module))


def _calls_other_code(interpreter: Interpreter, scope: LexicalScope) -> bool:
    """Return whether a statement that mutates a collection of a body calls code that may mutate other collections."""
    from stepgraph.syntax.body_names import collections_mutated_in_functions, has_call

    body, dependents = _statements_of(scope), dependents_in(scope)
    names = dependents.dependents(scope.bindings.mutations)
    imported = frozenset(
        name
        for item in body
        if any(True for node in item.imports for _ in interpreter.modules.imported_by(scope.module, node))
        for name in item.bound
    )
    others = imported | dependents.dependents(scope.module.once(collections_mutated_in_functions))
    return any(
        not item.evaluated.isdisjoint(names) and not item.evaluated.isdisjoint(others) and has_call(item.statement)
        for item in body
    )


def _statements_under_evaluation(interpreter: Interpreter) -> Iterator[int]:
    """Yield the identities of the statements that the current frame and its callers are evaluating.

    For a nested statement, also yield the top-level statement around it.
    """
    frame = interpreter.frame
    while frame is not None:
        scope: LexicalScope | None = frame.body_scope
        statement = frame.current_statement
        while scope is not None and statement is not None and scope.kind in ("module", "class"):
            position = statement_positions(scope_body(scope), scope.module).get(id(statement))
            if position is not None:
                yield id(statement)
                yield from (id(enclosing.statement) for enclosing in position.enclosing[:1])
            statement = None if scope.owner is None else scope.owner.node
            scope = scope.parent
        if frame.caller is None:
            return
        frame = frame.caller

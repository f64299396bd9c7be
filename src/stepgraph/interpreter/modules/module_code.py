"""Evaluation of the statements in module and class bodies that determine the values of names.

Bodies run before the functions of a workflow, so their effects are never rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES, union_values
from stepgraph.interpreter.modules.binding_order import (
    StatementPosition,
    has_raise,
    never_runs,
    reachable_clauses,
    runtime_binders,
    scope_body,
    statement_positions,
)
from stepgraph.interpreter.modules.body_runs import Definer, executed_value, executing, run_bodies
from stepgraph.interpreter.modules.imports import import_name
from stepgraph.interpreter.python.definitions import caveat_of_decorator, evaluate_annotation, make_class, make_function
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import FunctionValue, LexicalScope, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Case, Union
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    ExternalResult,
    ExternalResultMember,
    Unknown,
    Unresolved,
    Value,
    is_from_package,
)
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import evaluated_expressions, target_names
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import globals_of_classes, may_mutate_in_functions, rebound_globals
from stepgraph.syntax.unparsed_imports import imports_dynamically
from stepgraph.syntax.walk import EnclosingBlock, expressions_below, statements_below, suites


def bound_value(
    interpreter: Interpreter, scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode]
) -> Value | None:
    """Return the value of a name after its binders have run in source order. Return None if it is unbound.

    The value is a union if several paths bind the name. Each binder is evaluated with the preceding value of the name.
    """
    if len(binders) == 1 and id(binders[0]) in scope.bindings.top_level_statements:
        return _BodyBindings(interpreter, scope, name, {}).bind(binders[0], None)
    positions = statement_positions(scope_body(scope), scope.module)
    binders_at_run_time = runtime_binders(binders, positions)
    body_binders = _filter_body_binders(scope, binders_at_run_time)
    value = _BodyBindings(interpreter, scope, name, positions).value_after(
        _with_mutations(scope, name, body_binders, positions), 0, None
    )
    if value is None and len(body_binders) == len(binders_at_run_time) and isinstance(body_binders[-1], cst.Del):
        return None
    if len(body_binders) < len(binders_at_run_time):
        is_in_class = name in scope.module.once(globals_of_classes)
        _report_assigned_by_functions(interpreter, name, body_binders, value, is_in_class=is_in_class)
    # A constant None is a placeholder until a function assigns the variable.
    return (
        UNKNOWN
        if value is None or (value == Constant(None) and len(body_binders) < len(binders_at_run_time))
        else value
    )


def _with_mutations(
    scope: LexicalScope, name: str, binders: Sequence[cst.CSTNode], positions: dict[int, StatementPosition]
) -> Sequence[cst.CSTNode]:
    """Return the binders of a name and the statements between them that mutate its collection."""
    mutations = scope.bindings.mutations.get(name, ()) if len(binders) > 1 else ()
    if not mutations or any(id(binder) not in positions for binder in binders):
        return binders
    last_index = positions[id(binders[-1])].index
    enclosing_ids = {id(enclosing.statement) for binder in binders for enclosing in positions[id(binder)].enclosing}
    between_binders = [
        mutation
        for mutation in mutations
        if positions[id(mutation)].index < last_index and id(mutation) not in enclosing_ids
    ]
    return sorted([*binders, *between_binders], key=lambda statement: positions[id(statement)].index)


class _BodyBindings(Struct):
    """An evaluator of the statements of a module or class body that bind one name."""

    interpreter: Interpreter
    scope: LexicalScope
    name: str
    positions: dict[int, StatementPosition]
    """The position of each statement of the body, by `id` of the node; empty for a single unconditional binder."""

    def value_after(self, binders: Sequence[cst.CSTNode], depth: int, before: Value | None) -> Value | None:
        """Return the value of the name after the binders in a block at a nesting depth. Return None if it is unbound.

        `before` is the value at the start of the block.
        """
        value, index = before, 0
        while index < len(binders):
            binder = binders[index]
            enclosing = self._enclosing(binder)
            if len(enclosing) <= depth:
                bound = self.bind(binder, value)
                is_statement = id(binder) in self.positions
                value = bound if is_statement else self._join([value, bound], binder)
                index += 1
                continue
            statement = enclosing[depth].statement
            group = list(takewhile(partial(self._is_inside, statement, depth), binders[index:]))
            value = self._after_compound(statement, group, depth, value)
            index += len(group)
        return value

    def _enclosing(self, binder: cst.CSTNode) -> tuple[EnclosingBlock, ...]:
        position = self.positions.get(id(binder))
        return () if position is None else position.enclosing

    def _is_inside(self, statement: cst.CSTNode, depth: int, binder: cst.CSTNode) -> bool:
        enclosing = self._enclosing(binder)
        return len(enclosing) > depth and enclosing[depth].statement is statement

    def _after_compound(
        self, statement: cst.CSTNode, group: Sequence[cst.CSTNode], depth: int, before: Value | None
    ) -> Value | None:
        from stepgraph.interpreter.modules.failing_imports import must_succeed
        from stepgraph.syntax.body_errors import suppressed_names

        def value_after_suite(suite: cst.BaseSuite | None, start_value: Value | None) -> Value | None:
            suite_binders = [binder for binder in group if self._enclosing(binder)[depth].suite is suite]
            return self.value_after(suite_binders, depth + 1, start_value)

        is_executed = (self.scope, id(statement)) in self.interpreter.modules.bound_values
        if (is_executed and not self.scope.bindings.stars) or self._must_execute(statement, group):
            return executed_value(self.interpreter, self.scope, self.name, statement, before)
        match statement:
            case cst.If():
                return self._after_if(
                    statement,
                    [(test, value_after_suite(suite, before)) for test, suite in reachable_clauses(statement)],
                )
            case cst.Try() | cst.TryStar():
                try_binders = [binder for binder in group if self._enclosing(binder)[depth].suite is statement.body]
                return self._after_try(statement, value_after_suite, before, try_binders)
            case cst.With():
                value = value_after_suite(statement.body, before)
                if must_succeed(self.interpreter, statement.body, self.name, suppressed_names(statement)):
                    return value
                return self._join([value, before, *self._intermediate_values(group)], statement)
            case _:
                values = [value_after_suite(suite, before) for suite in suites(statement)]
                return self._join([before, *values], statement)

    def _must_execute(self, statement: cst.CSTNode, group: Sequence[cst.CSTNode]) -> bool:
        """Return whether a statement must be executed to find the value of the name, as with loops and mutations."""
        from stepgraph.syntax.body_names import depends_on_block

        if self.scope.bindings.stars or (isinstance(statement, cst.If) and never_runs(statement)):
            return False
        if any(
            isinstance(node, cst.AugAssign | cst.For | cst.While)
            for binder in group
            for node in (binder, *(enclosing.statement for enclosing in self._enclosing(binder)))
        ):
            return True
        is_mutated = statement in self.scope.bindings.mutations.get(self.name, ())
        return is_mutated or depends_on_block(statement, group, self.scope.module)

    def _after_if(
        self, statement: cst.If, clause_values: Sequence[tuple[cst.BaseExpression | None, Value | None]]
    ) -> Value | None:
        conditions = [None if test is None else self.interpreter.text(test) for test, _ in clause_values]
        return self._join([value for _, value in clause_values], statement, conditions)

    def _after_try(
        self,
        statement: cst.Try | cst.TryStar,
        value_after_suite: Callable[[cst.BaseSuite | None, Value | None], Value | None],
        before: Value | None,
        try_binders: Sequence[cst.CSTNode],
    ) -> Value | None:
        """Return the value after a `try`: at the end of its body and `else`, or of a handler that does not raise."""
        from stepgraph.interpreter.modules.failing_imports import must_fail, must_succeed
        from stepgraph.syntax.body_errors import caught_names

        values: list[Value | None] = []
        if not must_fail(self.interpreter, statement.body):
            value = value_after_suite(statement.body, before)
            values.append(value if statement.orelse is None else value_after_suite(statement.orelse.body, value))
        handlers = [caught_names(handler) for handler in statement.handlers]
        if not must_succeed(self.interpreter, statement.body, self.name, handlers):
            interrupted_value = self._join([before, *self._intermediate_values(try_binders)], statement)
            values += [
                value_after_suite(handler.body, interrupted_value)
                for handler in statement.handlers
                if not has_raise(handler.body)
            ]
        value = self._join(values, statement, in_try=True)
        return value if statement.finalbody is None else value_after_suite(statement.finalbody.body, value)

    def _intermediate_values(self, binders: Sequence[cst.CSTNode]) -> Iterator[Value | None]:
        """Yield the value from each binder that has been evaluated. An exception may occur after any binder."""
        keys = ((self.scope, self.name, id(binder)) for binder in binders)
        return (
            self.interpreter.modules.statement_values[key]
            for key in keys
            if key in self.interpreter.modules.statement_values
        )

    def bind(self, binder: cst.CSTNode, before: Value | None) -> Value | None:
        """Return the value that a statement binds to the name. The statement runs once; later calls use the cache."""
        if type(binder) is cst.Del:
            return None
        cache = self.interpreter.modules.statement_values
        key = (self.scope, self.name, id(binder))
        if key not in cache:
            self.scope.names[self.name] = UNKNOWN if before is None else before
            cache[key] = self._execute_binder(binder, before)
        return cache[key]

    def _execute_binder(self, binder: cst.CSTNode, before: Value | None) -> Value:
        frame = self.interpreter.frame
        saved = frame.bound_name, frame.previous_value
        frame.bound_name, frame.previous_value = self.name, before
        with executing(self.interpreter, self.scope, binder):
            value = _binder_value(
                self.interpreter, self.scope, self.name, binder, UNKNOWN if before is None else before
            )
        frame.bound_name, frame.previous_value = saved
        return value

    def _join(
        self,
        values: Sequence[Value | None],
        node: cst.CSTNode,
        conditions: Sequence[str | None] | None = None,
        *,
        in_try: bool = False,
    ) -> Value | None:
        """Return the union of the relevant values and of values from external packages that may replace them.

        After a `try`, unknown values are included instead of external values, because handlers define fallbacks for
        missing packages. If no value is relevant, return the first value, if possible one other than the constant None.
        """
        bound_values = [value for value in values if value is not None]
        relevant_values = [
            (index, value)
            for index, value in enumerate(values)
            if value is not None
            and (value.relevant or (isinstance(value, Unknown) if in_try else is_from_package(value)))
        ]
        if not any(value.relevant for _, value in relevant_values):
            return next(
                (value for value in bound_values if value != Constant(None)), bound_values[0] if bound_values else None
            )
        if all(value == relevant_values[0][1] for _, value in relevant_values):
            return relevant_values[0][1]
        if conditions is not None:
            cases = [Case(conditions[index], value) for index, value in relevant_values]
            return self._limit_size(Union(tuple(cases), None, self.interpreter.place(node)))
        distinct_values = dict.fromkeys(
            case_value for _, value in relevant_values for case_value in self._unconditional_cases(value)
        )
        cases = [Case(f"{self.name} {number}", value) for number, value in enumerate(distinct_values, 1)]
        return self._limit_size(Union(tuple(cases), self.name, self.interpreter.place(node)))

    def _unconditional_cases(self, value: Value) -> list[Value]:
        """Return the values of a union that an earlier join created, or the value itself."""
        if not isinstance(value, Union) or value.discriminant != self.name:
            return [value]
        self.interpreter.budget.spend(Limit.ELEMENTS, len(value.cases))
        return [case.value for case in value.cases]

    def _limit_size(self, union: Union) -> Value:
        self.interpreter.budget.spend(Limit.ELEMENTS, union.size)
        if union.size <= MAX_CASES:
            return union
        return Unresolved("it has too many possible values", union.place)


def _filter_body_binders(scope: LexicalScope, binders: Sequence[cst.CSTNode]) -> Sequence[cst.CSTNode]:
    """Return the binders outside of functions that declare the name `global`, because these run later or never."""
    if scope.kind != "module" or not scope.module.mentions(b"global"):
        return binders
    body_ids = scope.module.once(_body_statement_ids)
    return [binder for binder in binders if id(binder) in body_ids]


def _report_assigned_by_functions(
    interpreter: Interpreter,
    name: str,
    body_binders: Sequence[cst.CSTNode],
    value: Value | None,
    *,
    is_in_class: bool,
) -> None:
    """Report a function, class or step that functions reassign, as with `global charge`.

    Collections, objects and unresolved values are also reported if several statements or a class body bind the name,
    because the order of the bindings is not modeled.
    """
    is_defined = any(isinstance(binder, cst.FunctionDef | cst.ClassDef) for binder in body_binders)
    types = (FunctionValue, StepFunction, *(_CHANGING if len(body_binders) > 1 or is_in_class else ()))
    if body_binders and (is_defined or any(isinstance(leaf, types) for leaf in union_values(value))):
        interpreter.note(
            "assigned-elsewhere",
            interpreter.place(body_binders[-1]),
            f"functions reassign `{name}`, so its value at run time is unknown.",
            "The graph shows this definition.",
        )


_CHANGING: Final = (Collection, Mapping, ProjectObject, Unresolved)


def is_rebound_by_functions(scope: LexicalScope, name: str) -> bool:
    """Return whether functions rebind a variable that the body of its module binds once."""
    if name not in scope.module.once(rebound_globals) or scope.kind != "module":
        return False
    return len(_filter_body_binders(scope, scope.bindings.binders.get(name, ()))) == 1


def _body_statement_ids(module: SourceModule) -> frozenset[int]:
    """Return the `id` of each statement and each `:=` outside functions and classes."""
    expressions = evaluated_expressions(module.tree) if module.mentions(b":=") else ()
    assignments = (node for node in expressions if isinstance(node, cst.NamedExpr))
    return frozenset(map(id, (*statements_below(module.tree), *assignments)))


def apply_changes(
    interpreter: Interpreter, scope: LexicalScope, name: str, value: Collection | Mapping, define: Definer
) -> None:
    """Apply the statements of a body that mutate a collection, such as `STEPS.append(b)` and `STEPS["b"] = b`.

    If functions mutate the collection, module-level calls and decorators also run, such as `setup()` and `@register`.
    """
    from stepgraph.interpreter.modules.collection_aliases import (
        can_run_steps,
        is_kept_by_other_code,
        may_change_by_alias,
    )

    run_changes(interpreter, scope, name, define)
    is_mutated = name in scope.bindings.mutations
    is_followed = interpreter.modules.is_assigned_externally(scope, name) or (value.state.changed and not is_mutated)
    may_be_mutated = is_mutated or not _is_immutable(value)
    if (
        not is_followed
        and may_be_mutated
        and may_change_by_alias(interpreter, scope, name, value, by_other_names=is_mutated)
    ):
        is_followed = _run_aliases(interpreter, scope, name, value, define)
        value.state.changed = True
        if not is_followed and can_run_steps(value):
            interpreter.note(
                "assigned-elsewhere",
                SourcePlace(scope.module, scope.bindings.binders[name][0]),
                f"`{name}` may be changed through an alias that stepgraph does not track.",
                "The graph shows this definition.",
            )
    if may_be_mutated and not (value.state.changed or can_run_steps(value)):
        value.state.changed = is_kept_by_other_code(interpreter, scope, name, value)
    if _is_filled_by_other_code(interpreter, scope, name):
        value.state.changed = True
        _report_dynamic_imports(interpreter, scope, name)
    elif (
        not isinstance(scope.bindings.binders[name][0], cst.Import | cst.ImportFrom)
        and can_run_steps(value)
        and any(True for _ in interpreter.modules.unknown_imports_assigning(name))
    ):
        _report_dynamic_imports(interpreter, scope, name)


def _is_immutable(value: Collection | Mapping) -> bool:
    """Return whether a value is a tuple or frozenset of constants, which no alias can change."""
    if not isinstance(value, Collection) or value.kind not in ("tuple", "frozenset") or value.lazy is not None:
        return False
    return all(isinstance(item.value, Constant) for item in value.items)


def _run_aliases(
    interpreter: Interpreter, scope: LexicalScope, name: str, value: Collection | Mapping, define: Definer
) -> bool:
    """Run the statements that may change a collection through an alias. Return whether all such changes are modeled."""
    from stepgraph.interpreter.modules.collection_aliases import can_run_steps, has_placeholder, may_change_by_alias

    if not can_run_steps(value) and not has_placeholder(value):
        return False
    run_bodies(interpreter, scope, name, define, by_functions=True)
    program = interpreter.modules.program
    is_included = program is not None and name in program.names
    if not is_included:
        return False
    is_mutated = name in scope.bindings.mutations
    return not may_change_by_alias(interpreter, scope, name, value, by_libraries=True, by_other_names=is_mutated)


def run_changes(interpreter: Interpreter, scope: LexicalScope, name: str, define: Definer) -> None:
    """Run the statements of bodies that mutate the collection bound to a name, up to a statement being evaluated."""
    by_functions = _is_filled_by_other_code(interpreter, scope, name)
    if by_functions or name in scope.bindings.mutations:
        run_bodies(interpreter, scope, name, define, by_functions=by_functions)


def _is_filled_by_other_code(interpreter: Interpreter, scope: LexicalScope, name: str) -> bool:
    """Return whether functions or other bodies mutate the collection that a body binds to a name."""
    is_mutated_in_functions = may_mutate_in_functions(scope.module, name)
    return is_mutated_in_functions or interpreter.modules.is_assigned_externally(scope, name)


def _report_dynamic_imports(interpreter: Interpreter, scope: LexicalScope, name: str) -> None:
    """Report a collection that other code mutates if modules are imported by computed names."""
    if imports_dynamically(scope.module) or interpreter.modules.import_order_imports_dynamically():
        interpreter.note(
            "assigned-elsewhere",
            SourcePlace(scope.module, scope.bindings.binders[name][0]),
            f"`{name}` may be changed by modules that a call such as `import_module` imports.",
            "Their changes are missing from the graph. Import them with `import` statements.",
        )


def _binder_value(
    interpreter: Interpreter, scope: LexicalScope, name: str, binder: cst.CSTNode, before: Value
) -> Value:
    """Return the value that a statement binds to a name. `before` is the name's value before the statement.

    A statement that only mutates the collection bound to the name is executed.
    """
    match binder:
        case cst.FunctionDef() if binder.name.value == name:
            return make_function(interpreter, binder, scope)
        case cst.ClassDef() if binder.name.value == name:
            return make_class(interpreter, binder, scope)
        case cst.Import() | cst.ImportFrom():
            return import_name(interpreter, binder, name)
        case cst.Assign() | cst.AnnAssign() if _binds_several(interpreter, binder):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=expression)
            | cst.AnnAssign(value=cst.BaseExpression() as expression)
        ):
            value = interpreter.evaluate(expression)
            if isinstance(binder, cst.AnnAssign):
                evaluate_annotation(interpreter, binder.annotation)
        case _ if isinstance(before, Collection | Mapping) and binder in scope.bindings.mutations.get(name, ()):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case cst.AugAssign() if isinstance(before, Collection | Mapping | ProjectObject | Union):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case (
            cst.Assert() | cst.AugAssign() | cst.Expr() | cst.For() | cst.If() | cst.Match() | cst.While() | cst.With()
        ) if _binds_several(interpreter, binder) or not isinstance(binder, cst.AugAssign):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case _:
            return UNKNOWN
    is_unknown = isinstance(value, Unknown | ExternalResult | ExternalResultMember)
    if is_unknown and isinstance(before, FunctionValue) and _mentions(expression, name):
        # `job = wrap(job)` acts like an unknown decorator.
        return replace(before, caveats=(*before.caveats, caveat_of_decorator(interpreter.place(expression))))
    return value


def _binds_several(interpreter: Interpreter, statement: cst.CSTNode) -> bool:
    """Return whether a statement has targets other than a single name, or contains `:=`."""
    if isinstance(statement, cst.Assign):
        names = [name for target in statement.targets for name in target_names(target.target)]
        if names and not (len(statement.targets) == 1 and isinstance(statement.targets[0].target, cst.Name)):
            return True
    return interpreter.module.mentions(b":=") and any(
        isinstance(node, cst.NamedExpr) for node in expressions_below(statement)
    )


def _mentions(expression: cst.BaseExpression, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in expressions_below(expression))

"""Execution of `try` statements with their handlers and their `else` and `finally` blocks.

A handler may test the type of the exception at its start, as in `if isinstance(error, KeyError): ...`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.effects import effect_of
from stepgraph.interpreter.equivalence import MISSING
from stepgraph.interpreter.frame import OpenContext, PathResult
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.path_joins import apply, join_any, present_value
from stepgraph.interpreter.python.jumps import record_return
from stepgraph.interpreter.python.narrowing import class_expressions
from stepgraph.interpreter.raised_exceptions import BlockErrors, caught_types, raised_with_work
from stepgraph.interpreter.summaries import returned_by
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import ClassValue, ProjectObject
from stepgraph.interpreter.workflow.await_exits import may_continue_after_error
from stepgraph.interpreter.workflow.early_raises import (
    resolve_caught_raises,
    resolve_early_raises,
    resolve_raises_at_finally,
)
from stepgraph.interpreter.write_log import Changes
from stepgraph.ir.exceptions import ExceptionType, NonStepErrors
from stepgraph.ir.facts import TryWithoutSteps
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Handler,
    Jump,
    JumpKind,
    OperationBlock,
    Scope,
    TryOperation,
)
from stepgraph.ir.values import UNKNOWN, External, Unresolved, Value
from stepgraph.ir.walk import child_blocks_outside_loop, may_run_steps
from stepgraph.limits import Limit
from stepgraph.model.vocabulary import NO_EXCEPTION
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import expressions_below, statements

_Handler: TypeAlias = cst.ExceptHandler | cst.ExceptStarHandler

ALL_EXITS: Final = frozenset(JumpKind)
_RAISE: Final = frozenset([JumpKind.RAISE])


def execute_try(interpreter: Interpreter, node: cst.Try | cst.TryStar) -> None:
    """Execute a `try` and emit a `TryOperation`, whose body ends with the `else` block."""
    place = interpreter.place(node)
    checkpoint = interpreter.store.checkpoint()
    code = BlockErrors(interpreter, opens_groups=isinstance(node, cst.TryStar))
    finally_stops = ALL_EXITS if node.finalbody is not None else frozenset()
    catches_type_error = any(
        handler.type is not None and "TypeError" in interpreter.text(handler.type) for handler in node.handlers
    )
    with interpreter.open_context(stops=finally_stops | _RAISE if node.handlers else finally_stops) as body_context:
        interpreter.frame.type_error_handlers += catches_type_error
        body = interpreter.branch(lambda: _execute_body(interpreter, node, code), cut_short=True)
        interpreter.frame.type_error_handlers -= catches_type_error
    if body.position is not None:
        interpreter.tracer.restore(body.position)  # a step that raises has run
    with interpreter.open_context(stops=finally_stops) as handler_context:
        clauses = _execute_clauses(
            interpreter, node, [body.changes, *body.overwritten, *body_context.jump_states], code
        )
    paths = [(NO_EXCEPTION, body), *((clause.handler.condition, clause.path) for clause in clauses)]
    interpreter.join_path_results(paths, "exception", place, exclusive=not clauses)
    handlers = _handlers_of(interpreter, node, clauses)
    body_block = _with_raises(interpreter, node, body.block, body_context, handlers)
    finalbody = EMPTY_BLOCK
    if node.finalbody is not None:
        finally_body = node.finalbody.body
        location = interpreter.place(node.finalbody)
        finalbody = execute_finally(
            interpreter,
            location,
            lambda: interpreter.execute(finally_body),
            checkpoint,
            (body_context, handler_context),
            [state for _, path in paths for state in (path.changes, *path.overwritten)],
        )
        body_block = resolve_raises_at_finally(interpreter, body_block, (body_context, handler_context), finalbody)
    if body_block.operations or finalbody.operations or any(handler.block.operations for handler in handlers):
        operation = TryOperation(
            *(body_block, handlers, finalbody, isinstance(node, cst.TryStar), place),
            guards_await=guards_await(node.body, body_block),
            non_step_errors=code.own_errors,
        )
        interpreter.emit(_swallowing(interpreter, node, operation))
    if handlers and not may_run_steps(body.block):
        interpreter.observe(TryWithoutSteps(place))


def _with_raises(
    interpreter: Interpreter,
    node: cst.Try | cst.TryStar,
    body: OperationBlock,
    context: OpenContext,
    handlers: tuple[Handler, ...],
) -> OperationBlock:
    """Return the body of a `try`, whose `raise` statements lead to the handlers."""
    if isinstance(node, cst.TryStar):
        blocks = [handler.block for handler in handlers]  # several may catch the members of a group
        return resolve_early_raises(interpreter, body, (context,), blocks)
    return resolve_caught_raises(interpreter, body, context, handlers)


class _Clause(Struct, frozen=True):
    """An executed `except` clause."""

    handler: Handler
    path: PathResult
    context: OpenContext
    """The raises that end the clause early, if an `except*` clause follows."""


def _execute_clauses(
    interpreter: Interpreter, node: cst.Try | cst.TryStar, raised: Sequence[Changes], code: BlockErrors
) -> list[_Clause]:
    """Execute the `except` clauses of a `try`, each from the join of all states in which its body may raise (`raised`).

    The clauses of `except*` run in sequence, so each also runs after earlier clauses that end or raise.
    """
    except_star = isinstance(node, cst.TryStar)
    states, clauses = list(raised), list[_Clause]()
    for handler in node.handlers:
        condition = None if handler.type is None else interpreter.text(handler.type)
        types: list[tuple[ExceptionType, ...]] = []

        def execute_handler(handler: _Handler = handler, types: list[tuple[ExceptionType, ...]] = types) -> None:
            types[:] = _execute_handler(interpreter, handler, states, code)

        is_followed = except_star and handler is not node.handlers[-1]
        may_continue = is_followed and may_continue_after_error(interpreter)
        with interpreter.open_context(stops=_RAISE if is_followed else frozenset()) as context:
            path = interpreter.branch(execute_handler, condition, cut_short=is_followed or node.finalbody is not None)
        if except_star:
            states.extend((path.changes, *path.overwritten, *context.jump_states))
        is_left = bool(context.jump_kinds) or (
            may_run_steps(path.block) and (may_continue or (is_followed and _may_raise(interpreter, handler)))
        )
        place = interpreter.place(handler if handler.type is None else handler.type)
        caught, tested = types or ((), ())
        executed = Handler(condition, path.block, caught, place, is_followed and is_left, tested, except_star)
        clauses.append(_Clause(executed, path, context))
    return clauses


def _handlers_of(
    interpreter: Interpreter, node: cst.Try | cst.TryStar, clauses: Sequence[_Clause]
) -> tuple[Handler, ...]:
    """Return the handlers of executed clauses.

    An await in an `except*` clause that may end early does not finish tasks that may begin during later clauses.
    """
    if not isinstance(node, cst.TryStar):
        return tuple(clause.handler for clause in clauses)
    blocks = [clause.path.block for clause in clauses]
    return tuple(
        replace(
            clause.handler,
            block=resolve_early_raises(interpreter, clause.path.block, (clause.context,), blocks[index + 1 :]),
        )
        for index, clause in enumerate(clauses)
    )


def _swallowing(interpreter: Interpreter, node: cst.Try | cst.TryStar, operation: TryOperation) -> TryOperation:
    """Return an operation whose `finally` discards exceptions, `return` and `break`, if it may `continue`.

    Its body is in a `try` that catches every exception, so control may continue after the `finally` from any point.
    """
    if node.finalbody is None or not _may_continue(operation.finalbody):
        return operation
    if not operation.handlers:
        return replace(operation, handlers=(Handler(None, EMPTY_BLOCK),))
    block = OperationBlock((replace(operation, finalbody=EMPTY_BLOCK),))
    place = interpreter.place(node.finalbody)
    return TryOperation(block, (Handler(None, EMPTY_BLOCK),), operation.finalbody, except_star=False, place=place)


def _may_continue(finalbody: OperationBlock) -> bool:
    """Return whether a `finally` may end in a `continue`, which discards the exception that no handler catches."""
    for operation in finalbody.operations:
        if isinstance(operation, Jump):
            if operation.kind is JumpKind.CONTINUE:
                return True
        elif isinstance(operation, Scope) and operation.is_iteration:
            pass  # its `continue` only ends the iteration
        elif any(map(_may_continue, child_blocks_outside_loop(operation))):
            return True
    return False


def execute_finally(
    interpreter: Interpreter,
    place: SourcePlace,
    run: Callable[[], None],
    checkpoint: int,
    contexts: tuple[OpenContext, ...],
    interrupted: Sequence[Changes],
) -> OperationBlock:
    """Execute a `finally` block and return its operations.

    The block starts from the join of all states in which control leaves the `try`: at its end, at jumps, and at
    uncaught exceptions (`interrupted`). The code after the block is reachable only from the end of the `try`. So slots
    that the block does not write have the values of that end.
    """
    live = interpreter.is_reachable
    states = [*interrupted, *(state for context in contexts for state in context.jump_states)]
    at_end = interpreter.store.changes(checkpoint) if live else {}
    joined: Changes = {}
    if states:
        interpreter.expose(checkpoint)
        interpreter.store.rollback(checkpoint)
        joined = join_any(interpreter.store, [*states, at_end] if live else states, place)
        at_end = {key: at_end.get(key, present_value(change)) for key, change in joined.items()}
        apply(interpreter.store, joined)
    start = interpreter.store.checkpoint()
    interpreter.is_reachable = True
    block = interpreter.block_of(run)
    kinds = {kind for context in contexts for kind in context.jump_kinds}
    _record_jumps(interpreter, kinds)
    if JumpKind.RETURN in kinds:
        record_return(interpreter, after_finally=True)
        _report_early_finally(interpreter, block, place)
    interpreter.is_reachable = interpreter.is_reachable and live
    if interpreter.is_reachable and joined:
        written = interpreter.store.changes(start)
        unwritten = {
            key: change for key, change in at_end.items() if key not in written and change.value is not MISSING
        }
        apply(interpreter.store, unwritten)
    return block


def _record_jumps(interpreter: Interpreter, kinds: AbstractSet[JumpKind]) -> None:
    """Record the state after a `finally` block for the loops and contexts to which jumps continue."""
    if kinds & {JumpKind.BREAK, JumpKind.CONTINUE}:
        frame = interpreter.frame
        for loop in (frame.loop, None if frame.managed_frame is frame else frame.managed_frame.loop):
            if loop is not None:
                changes = interpreter.store.changes(loop.checkpoint)
                loop.add_jump(changes, breaks=JumpKind.BREAK in kinds, continues=JumpKind.CONTINUE in kinds)
    for deferring in interpreter.frame.managed_frame.open_contexts:
        if deferring.deferred and kinds & deferring.intercepted:
            deferring.jump_states.append(interpreter.store.changes(deferring.checkpoint))


def _report_early_finally(interpreter: Interpreter, block: OperationBlock, place: SourcePlace) -> None:
    """Report a `finally` of a plain function that runs before the awaitable which the function returns."""
    frame = interpreter.frame.managed_frame
    if frame.returns_awaitable and may_run_steps(block):
        interpreter.note(
            "context-manager",
            place,
            "the function returns an awaitable, which begins only after the steps at this exit.",
            "The graph shows the awaitable first. Await it in this block of an async function.",
        )


def guards_await(body: cst.BaseSuite, block: OperationBlock) -> bool:
    """Return whether a `try` starts by awaiting a task by name, before anything in it can raise."""
    if not block.operations or not isinstance(block.operations[0], Await):
        return False
    first = next(statements(body), None)
    value = first.value if isinstance(first, cst.Expr | cst.Assign | cst.AnnAssign | cst.Return) else None
    return isinstance(value, cst.Await) and isinstance(value.expression, cst.Name)


def _execute_body(interpreter: Interpreter, node: cst.Try | cst.TryStar, code: BlockErrors) -> None:
    interpreter.execute(node.body)
    if node.handlers and interpreter.operations:
        live = interpreter.is_reachable
        code.visit(node.body)
        interpreter.is_reachable = live
    if node.orelse is None or not interpreter.is_reachable:
        return
    context = interpreter.frame.open_contexts[-1]
    context.handled_raise_count = len(context.early_raises)
    orelse_body = node.orelse.body
    block = interpreter.block_of(lambda: interpreter.execute(orelse_body))
    if block.operations:
        interpreter.emit(Scope(block, interpreter.place(node.orelse), is_try_else=True))


def _execute_handler(
    interpreter: Interpreter, handler: _Handler, states: list[Changes], code: BlockErrors
) -> tuple[tuple[ExceptionType, ...], tuple[ExceptionType, ...]]:
    """Execute a handler that may start in any of several states.

    Return the exception types that it catches, and those for which its body tests the exception.
    """
    types: tuple[ExceptionType, ...] = ()
    tested: tuple[ExceptionType, ...] = ()
    apply(interpreter.store, join_any(interpreter.store, states, interpreter.place(handler)))
    if handler.type is not None:
        _report_effect_of_type(interpreter, handler.type)
        type_value = interpreter.evaluate(handler.type)
        types = caught_types(type_value, interpreter.place(handler.type), code.raising_steps)
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            name = handler.name.name.value
            bind(interpreter, name, _caught_exception(interpreter, handler, type_value, name))
            tested = tested_types(interpreter, handler.body, name, code.raising_steps)
    interpreter.execute(handler.body)
    return types, tested


def _may_raise(interpreter: Interpreter, handler: _Handler) -> bool:
    """Return whether the code of a handler outside its steps may raise any exception."""
    code = BlockErrors(interpreter, stops_at_any=True)
    live = interpreter.is_reachable
    code.visit(handler.body)
    interpreter.is_reachable = live
    return code.own_errors is NonStepErrors.ANY


def _report_effect_of_type(interpreter: Interpreter, node: cst.BaseExpression) -> None:
    """Report an `except` clause whose type expression runs steps or changes values when it is evaluated."""
    if not any(isinstance(part, cst.Call) for part in expressions_below(node)):
        return
    effect = effect_of(interpreter, lambda: interpreter.evaluate(node))
    if effect is not None:
        interpreter.note(
            "escapes",
            interpreter.place(node),
            f"the type expression of this `except` clause {effect} even if the clause does not match.",
            "The graph shows it as part of the clause.",
        )


def _caught_exception(interpreter: Interpreter, handler: _Handler, types: Value, name: str) -> Value:
    """Return the exception that a handler binds: the union of the raised project objects that its types may catch.

    The members of a group and the value of a `StopIteration` are not tracked.
    """
    names = {part.name for part in _parts(types) if isinstance(part, External)}
    is_group = isinstance(handler, cst.ExceptStarHandler) or not names.isdisjoint(_GROUPS)
    is_group = is_group or (not names.isdisjoint(_ALL_ERRORS) and interpreter.module.mentions(b".exceptions"))
    if (is_group and raised_with_work(interpreter)) or (not names.isdisjoint(_STOPS) and _returns_work(interpreter)):
        return Unresolved("values inside an exception are not tracked", interpreter.place(handler))
    if isinstance(handler, cst.ExceptStarHandler):
        return UNKNOWN
    raised = list(interpreter.work.raised.values())
    interpreter.budget.spend(Limit.ELEMENTS, len(raised))
    values: list[Value] = [value for value in raised if _may_catch(types, value)]
    place = interpreter.place(interpreter.frame.body_scope.module.tree)
    return union_of_values(
        values, [value.cls.name for value in values if isinstance(value, ProjectObject)], name, place
    )


_GROUPS: Final = frozenset({"builtins.BaseExceptionGroup", "builtins.ExceptionGroup"})
_ALL_ERRORS: Final = frozenset({"builtins.BaseException", "builtins.Exception"})
_STOPS: Final = frozenset({"builtins.StopAsyncIteration", "builtins.StopIteration"})


def _parts(types: Value) -> list[Value]:
    return [item.value for item in types.items] if isinstance(types, Collection) else [types]


def _returns_work(interpreter: Interpreter) -> bool:
    """Return whether any generator returns a value that may lead to a step."""
    generators = list(interpreter.work.generators.values())
    return any(returned_by(interpreter, call.function, call.arguments).relevant for call in generators)


def _may_catch(types: Value, raised: ProjectObject) -> bool:
    """Return whether a handler may catch an object. A type that is not a project class may catch any object."""
    if isinstance(types, Collection):
        return any(_may_catch(item.value, raised) for item in types.items)
    return not isinstance(types, ClassValue) or types in resolution_order(raised.cls)


_EQUALITY_OPERATORS: Final = (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual)


def tested_types(
    interpreter: Interpreter, body: cst.BaseSuite, name: str, raised: dict[str, str]
) -> tuple[ExceptionType, ...]:
    """Return the types for which the body of a handler tests the exception `name`, before any other compound statement.

    `raised` is `BlockErrors.raising_steps` of the `try` body.
    """
    types: list[ExceptionType] = []
    for node in _tested_classes(interpreter, body, name):
        if isinstance(node, cst.Name | cst.Attribute):
            types += caught_types(interpreter.evaluate(node), interpreter.place(node), raised)
    return tuple(types)


def _tested_classes(interpreter: Interpreter, body: cst.BaseSuite, name: str) -> Iterator[cst.BaseExpression]:
    """Yield the classes in the first `if` or `match` of a body, unless a statement before it may bind the name."""
    for statement in body.body:
        match statement:
            case cst.SimpleStatementLine(body=parts) if all(isinstance(part, cst.Expr) for part in parts):
                continue
            case cst.If():
                yield from _classes_in_tests(interpreter, statement, name)
            case cst.Match(subject=cst.Name(value=subject), cases=cases) if subject == name:
                for case_ in cases:
                    yield from _classes_in_pattern(case_.pattern)
        return


def _classes_in_tests(interpreter: Interpreter, statement: cst.If, name: str) -> Iterator[cst.BaseExpression]:
    branch: cst.If | cst.Else | None = statement
    while isinstance(branch, cst.If):
        pending = [branch.test]
        while pending:
            match pending.pop():
                case cst.UnaryOperation(operator=cst.Not(), expression=inner):
                    pending.append(inner)
                case cst.BooleanOperation(left=left, right=right):
                    pending += (right, left)
                case cst.BaseExpression() as test:
                    yield from _classes_in_test(interpreter, test, name)
        branch = branch.orelse


def _classes_in_test(interpreter: Interpreter, test: cst.BaseExpression, name: str) -> Iterator[cst.BaseExpression]:
    """Yield the classes with which a test compares the type of the exception `name`."""
    match test:
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name(value=subject)), cst.Arg(value=classes)]):
            if subject == name and _is_builtin(interpreter, function, "isinstance"):
                yield from class_expressions(classes)
        case cst.Call(func=function, args=[cst.Arg(value=subject), cst.Arg(value=classes)]):
            if _is_type_of(interpreter, subject, name) and _is_builtin(interpreter, function, "issubclass"):
                yield from class_expressions(classes)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            if isinstance(operator, _EQUALITY_OPERATORS) and _is_type_of(interpreter, left, name):
                yield right
            elif isinstance(operator, cst.In | cst.NotIn) and _is_type_of(interpreter, left, name):
                yield from class_expressions(right)


def _is_type_of(interpreter: Interpreter, node: cst.BaseExpression, name: str) -> bool:
    """Return whether an expression is `type(name)`."""
    match node:
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name(value=subject))]):
            return subject == name and _is_builtin(interpreter, function, "type")
        case _:
            return False


def _is_builtin(interpreter: Interpreter, node: cst.BaseExpression, name: str) -> bool:
    is_named = isinstance(node, cst.Name) and node.value == name
    return is_named and interpreter.evaluate(node) == External(f"builtins.{name}")


def _classes_in_pattern(pattern: cst.MatchPattern) -> Iterator[cst.BaseExpression]:
    pending = [pattern]
    while pending:
        match pending.pop():
            case cst.MatchClass(cls=cls):
                yield cls
            case cst.MatchOr(patterns=alternatives):
                pending += [alternative.pattern for alternative in reversed(alternatives)]
            case cst.MatchAs(pattern=cst.MatchPattern() as inner):
                pending.append(inner)

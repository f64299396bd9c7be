"""Positions of bindings in a module or class body, and statements that must succeed or fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.failing_imports import import_must_succeed
from stepgraph.interpreter.modules.imports import imports_missing_name
from stepgraph.syntax.body_errors import CaughtNames
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import EnclosingBlock, expressions_below, statements, statements_with_enclosing


class StatementPosition(Struct, frozen=True):
    """The position of a statement in a body."""

    index: int
    """0-based index among all statements of the body in source order, nested ones included."""
    enclosing: tuple[EnclosingBlock, ...]
    """The enclosing compound statements, outermost first."""


def statement_positions(module: SourceModule, body: cst.BaseSuite | cst.Module) -> dict[int, StatementPosition]:
    """Return the position of each statement of a body of a module, by `id(statement)`."""
    return module.once_for(body, _statement_positions)


def _statement_positions(body: cst.BaseSuite | cst.Module, _: SourceModule) -> dict[int, StatementPosition]:
    numbered = enumerate(statements_with_enclosing(body))
    return {id(statement): StatementPosition(index, enclosing) for index, (statement, enclosing) in numbered}


def runtime_binders(binders: Sequence[cst.CSTNode], positions: dict[int, StatementPosition]) -> list[cst.CSTNode]:
    """Return the binders of a name outside dead blocks such as `if TYPE_CHECKING`, or all if none is outside."""
    executed = [
        binder
        for binder in binders
        if id(binder) not in positions or not _is_dead_code(positions[id(binder)].enclosing)
    ]
    return executed or list(binders)


def _is_dead_code(enclosing_statements: Sequence[EnclosingBlock]) -> bool:
    return any(
        isinstance(enclosing.statement, cst.If)
        and enclosing.suite is enclosing.statement.body
        and literal_truth(enclosing.statement.test) is False
        for enclosing in enclosing_statements
    )


def literal_truth(test: cst.BaseExpression) -> bool | None:
    """Return the truth of a literal test, None for other tests. `TYPE_CHECKING` is false."""
    match test:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False" | "TYPE_CHECKING") | cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            return False
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            negated = literal_truth(inner)
            return None if negated is None else not negated
        case _:
            return None


def reachable_clauses(statement: cst.If) -> Iterator[tuple[cst.BaseExpression | None, cst.BaseSuite | None]]:
    """Yield the reachable blocks of an `if` with their tests.

    The last test is None: it is `else` or a true literal. Its block is None without `else`.
    """
    clause: cst.If | cst.Else | None = statement
    while isinstance(clause, cst.If):
        truth = literal_truth(clause.test)
        if truth is not False:
            yield (None if truth else clause.test), clause.body
        if truth:
            return
        clause = clause.orelse
    yield None, None if clause is None else clause.body


def must_succeed(
    interpreter: Interpreter, body: cst.BaseSuite, name: str, handlers: Sequence[CaughtNames] = ()
) -> bool:
    """Whether a block raises nothing that a handler may catch, as far as the value of a name after it is concerned.

    It has only imports that succeed, definitions, and expressions that cannot raise.
    """
    return all(_statement_must_succeed(interpreter, statement, name, handlers) for statement in statements(body))


def _statement_must_succeed(
    interpreter: Interpreter, statement: cst.CSTNode, name: str, handlers: Sequence[CaughtNames]
) -> bool:
    match statement:
        case cst.Import() | cst.ImportFrom():
            return import_must_succeed(interpreter, statement, handlers, name)
        case cst.FunctionDef() | cst.ClassDef() | cst.Pass():
            return True
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value) | cst.Expr(value=value):
            return not any(isinstance(node, _MAY_RAISE) for node in expressions_below(value))
        case _:
            return False


def must_fail(interpreter: Interpreter, body: cst.BaseSuite) -> bool:
    """Whether a block must fail: it imports a missing name from a module of the project."""
    imports = (statement for statement in statements(body) if isinstance(statement, cst.ImportFrom))
    return any(imports_missing_name(interpreter, statement) for statement in imports)


_MAY_RAISE: Final = (cst.Call, cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)


def has_raise(body: cst.BaseSuite) -> bool:
    """Whether a block has a `raise` at its top level."""
    return any(isinstance(statement, cst.Raise) for statement in statements(body))

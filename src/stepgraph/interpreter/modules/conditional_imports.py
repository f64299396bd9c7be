"""Imports that are nested in a compound statement of a module body, and therefore may not run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import (
    has_raise,
    never_runs,
    reachable_clauses,
    statement_positions,
)
from stepgraph.interpreter.modules.failing_imports import all_must_succeed
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.limits import Limit
from stepgraph.syntax.body_errors import CaughtNames, caught_names, suppressed_names
from stepgraph.syntax.walk import EnclosingBlock, statements


def nested_import_runs(
    interpreter: Interpreter, scope: LexicalScope, statement: cst.Import | cst.ImportFrom
) -> bool | None:
    """Return whether an import that is nested in a module body runs. Return None if it runs on only some paths."""
    position = statement_positions(scope.module, scope.module.tree).get(id(statement))
    if position is None:
        return True
    enclosing = position.enclosing
    inner = [*(block.statement for block in enclosing[1:]), statement]
    with interpreter.in_definition_body(scope):
        runs = [_block_runs(interpreter, block, child) for block, child in zip(enclosing, inner, strict=True)]
    return False if False in runs else None if None in runs else True


def _block_runs(interpreter: Interpreter, block: EnclosingBlock, child: cst.CSTNode) -> bool | None:
    """Return whether a block of a compound statement runs, up to and including one of its statements."""
    match block.statement:
        case cst.If() as statement:
            return _clause_runs(statement, block.suite)
        case cst.Try() | cst.TryStar() as statement:
            return _part_runs(interpreter, statement, block.suite, child)
        case cst.With() as statement:
            return _must_reach(interpreter, statement.body, child, suppressed_names(statement)) or None
        case _:
            return None


def _clause_runs(statement: cst.If, suite: cst.BaseSuite) -> bool | None:
    clauses = list(reachable_clauses(statement))
    if never_runs(statement) or all(reachable is not suite for _, reachable in clauses):
        return False
    return True if clauses[0][1] is suite and clauses[0][0] is None else None


def _part_runs(
    interpreter: Interpreter, statement: cst.Try | cst.TryStar, suite: cst.BaseSuite, child: cst.CSTNode
) -> bool | None:
    if statement.finalbody is not None and suite is statement.finalbody.body:
        return True
    handlers = [caught_names(handler) for handler in statement.handlers if not has_raise(handler.body)]
    if suite is statement.body:
        return _must_reach(interpreter, suite, child, handlers) or None
    must_succeed = all_must_succeed(interpreter, list(statements(statement.body)), handlers)
    if statement.orelse is not None and suite is statement.orelse.body:
        return must_succeed or None
    return False if must_succeed else None


def _must_reach(
    interpreter: Interpreter, body: cst.BaseSuite, child: cst.CSTNode, handlers: Sequence[CaughtNames]
) -> bool:
    """Return whether no exception that the handlers may catch can end a block before one of its statements has run."""
    if not handlers:
        return True
    before = list(takewhile(lambda statement: statement is not child, statements(body)))
    interpreter.budget.spend(Limit.EVALUATIONS, len(before))  # again for each import of the block
    return all_must_succeed(interpreter, [*before, child], handlers)

"""The positions of bindings in a module or class body, and names that the body binds on only some paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.syntax.module import once_per_code
from stepgraph.syntax.reachability import literal_truth
from stepgraph.syntax.walk import EnclosingBlock, statements, statements_with_enclosing


class StatementPosition(Struct, frozen=True):
    """The position of a statement in a body."""

    index: int
    """The 0-based index among all statements of the body, including nested statements, in source order."""
    enclosing: tuple[EnclosingBlock, ...]
    """The enclosing compound statements, outermost first."""


@once_per_code
def statement_positions(body: cst.BaseSuite | cst.Module) -> dict[int, StatementPosition]:
    """Return the position of each statement in a body of a module, by `id(statement)`."""
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


def never_runs(statement: cst.If) -> bool:
    """Return whether the body of an `if` without `else` never runs when its module is imported."""
    if statement.orelse is not None:
        return False
    match statement.test:
        case cst.Comparison(
            left=cst.Name(value="__name__"),
            comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=cst.SimpleString() as name)],
        ):
            return name.raw_value == "__main__"
        case test:
            return literal_truth(test) is False


def reachable_clauses(statement: cst.If) -> Iterator[tuple[cst.BaseExpression | None, cst.BaseSuite | None]]:
    """Yield the reachable blocks of an `if` with their tests.

    The last test is None, for a literally true test, an `else`, or a missing `else`, whose block is also None.
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


def has_raise(body: cst.BaseSuite) -> bool:
    """Return whether a block has a `raise` at its top level."""
    return any(isinstance(statement, cst.Raise) for statement in statements(body))


def scope_body(scope: LexicalScope) -> cst.BaseSuite | cst.Module:
    """Return the body of a module or class."""
    return scope.owner.node.body if scope.owner is not None else scope.module.tree


def may_be_unbound(scope: LexicalScope, name: str, before: cst.CSTNode | None = None) -> bool:
    """Return whether a name may be unbound at the end of a module or class body, or before one of its statements."""
    binders = scope.bindings.binders.get(name, ())
    if before is None and any(
        isinstance(b, _UNCONDITIONAL) and id(b) in scope.bindings.top_level_statements for b in binders
    ):
        return any(isinstance(binder, cst.Del) for binder in binders)
    positions = statement_positions(scope_body(scope), scope.module)
    end = None if before is None else positions.get(id(before))
    in_body = [binder for binder in binders if id(binder) in positions]
    earlier = in_body if end is None else [b for b in in_body if positions[id(b)].index < end.index]
    return not _binds_on_all_paths(earlier, positions)


_UNCONDITIONAL: Final = (
    *(cst.AnnAssign, cst.Assign, cst.AugAssign, cst.ClassDef, cst.FunctionDef),
    *(cst.Import, cst.ImportFrom, cst.TypeAlias, cst.With),
)


def _binds_on_all_paths(
    binders: Sequence[cst.CSTNode], positions: dict[int, StatementPosition], depth: int = 0
) -> bool:
    """Return whether binders in a block at a nesting depth bind their name on every normal path through the block."""
    is_bound, index = False, 0
    while index < len(binders):
        enclosing = positions[id(binders[index])].enclosing
        if len(enclosing) <= depth:
            is_bound = isinstance(binders[index], _UNCONDITIONAL) or (
                is_bound and not isinstance(binders[index], cst.Del)
            )
            index += 1
            continue
        is_inside = partial(_is_inside, positions, enclosing[depth].statement, depth)
        group = list(takewhile(is_inside, binders[index:]))
        is_bound = (is_bound and not any(isinstance(binder, cst.Del) for binder in group)) or _compound_binds(
            enclosing[depth].statement, group, positions, depth
        )
        index += len(group)
    return is_bound


def _is_inside(
    positions: dict[int, StatementPosition], statement: cst.CSTNode, depth: int, binder: cst.CSTNode
) -> bool:
    enclosing = positions[id(binder)].enclosing
    return len(enclosing) > depth and enclosing[depth].statement is statement


def _compound_binds(
    statement: cst.CSTNode, group: Sequence[cst.CSTNode], positions: dict[int, StatementPosition], depth: int
) -> bool:
    def suite_binds(suite: cst.BaseSuite | None) -> bool:
        inner = [binder for binder in group if positions[id(binder)].enclosing[depth].suite is suite]
        return _binds_on_all_paths(inner, positions, depth + 1)

    match statement:
        case cst.If():
            return all(suite_binds(suite) for _, suite in reachable_clauses(statement))
        case cst.Try() | cst.TryStar():
            if statement.finalbody is not None and suite_binds(statement.finalbody.body):
                return True
            orelse = None if statement.orelse is None else statement.orelse.body
            handlers = (handler.body for handler in statement.handlers)
            return (suite_binds(statement.body) or suite_binds(orelse)) and all(
                has_raise(body) or suite_binds(body) for body in handlers
            )
        case _:
            return False

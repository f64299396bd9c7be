"""Where the body of a generator yields and how it ends, as far as syntax decides."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.walk import (
    EnclosingBlock,
    children,
    expressions_below,
    statements,
    statements_below,
    statements_with_enclosing,
    suites,
)


def yields_in_one_loop(body: cst.BaseSuite) -> bool:
    """Return whether each `yield` of a body is in the same loop, and in no loop inside of that loop."""
    loops: set[int] = set()
    for statement, enclosing in statements_with_enclosing(body):
        if isinstance(statement, cst.BaseCompoundStatement):
            continue
        if any(isinstance(node, cst.Yield) for node in expressions_below(statement)):
            around = [block.statement for block in enclosing if isinstance(block.statement, cst.For | cst.While)]
            if len(around) != 1 or enclosing[0].statement is not around[0]:
                return False
            loops.add(id(around[0]))
    return len(loops) == 1


def may_leave(body: cst.BaseSuite) -> bool:
    """Return whether a loop body has statements that may leave the loop."""
    for statement in statements(body):
        if isinstance(statement, cst.Assert | cst.Break | cst.Raise | cst.Return):
            return True
        is_loop = isinstance(statement, cst.For | cst.While)
        inner = [] if isinstance(statement, cst.FunctionDef | cst.ClassDef) else suites(statement)
        if any(_leaves_inner(suite) if is_loop else may_leave(suite) for suite in inner):
            return True
    return False


def _leaves_inner(body: cst.BaseSuite) -> bool:
    """Return whether the body of an inner loop has statements that may leave the outer loop."""
    return any(isinstance(statement, cst.Assert | cst.Raise | cst.Return) for statement in statements_below(body))


def last_statement(body: cst.BaseSuite) -> cst.CSTNode | None:
    """Return the last statement of a block. Return None if the block is empty."""
    return [None, *statements(body)][-1]


def has_plain_yields(body: cst.BaseSuite, *, in_finally: bool = False) -> bool:
    """Return whether each `yield` of a body is the only one of a simple statement outside of every `try` and `with`.

    With `in_finally`, a `yield` may be in a `with`, or in the block of a `try` without handlers.
    """
    for statement, enclosing in statements_with_enclosing(body):
        if isinstance(statement, cst.BaseCompoundStatement):
            if _has_yield_in_head(statement):
                return False
            continue
        yields = [node for node in expressions_below(statement) if isinstance(node, cst.Yield)]
        if not yields:
            continue
        is_guarded = any(_guards(block, except_finally=in_finally) for block in enclosing)
        if is_guarded or len(yields) > 1 or isinstance(yields[0].value, cst.From):
            return False
    return True


def _guards(block: EnclosingBlock, *, except_finally: bool) -> bool:
    """Return whether a block is a part of a `try` or `with`, other than those that only run code at their end."""
    match block:
        case EnclosingBlock(statement=cst.Try(handlers=[], body=body, finalbody=last), suite=suite) if except_finally:
            return suite is not body or (last is not None and any(map(_is_jump, statements_below(last.body))))
        case EnclosingBlock(statement=cst.With()) if except_finally:
            return False
        case _:
            return isinstance(block.statement, cst.Try | cst.TryStar | cst.With)


def _is_jump(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.Return | cst.Break | cst.Continue)


def _has_yield_in_head(statement: cst.BaseCompoundStatement) -> bool:
    if isinstance(statement, cst.FunctionDef | cst.ClassDef):
        return False
    parts = [part for part in children(statement) if isinstance(part, cst.BaseExpression | cst.WithItem)]
    return any(isinstance(node, cst.Yield) for part in parts for node in expressions_below(part))


def is_last_statement(body: cst.BaseSuite, statement: cst.CSTNode) -> bool:
    """Return whether no statement of a body can run after a statement outside of its loops."""
    last = last_statement(body)
    if last is statement:
        return True
    return isinstance(last, cst.If | cst.Match) and any(is_last_statement(suite, statement) for suite in suites(last))

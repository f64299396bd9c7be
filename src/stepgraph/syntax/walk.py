"""Walking trees without LibCST's visitors, which cost more than the parse itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TypeAlias

import libcst as cst
from msgspec import Struct

Statement: TypeAlias = cst.BaseSmallStatement | cst.BaseCompoundStatement

_LAYOUT = (cst.BaseParenthesizableWhitespace, cst.EmptyLine, cst.TrailingWhitespace, cst.Comma, cst.LeftParen)
_LAYOUT_FIELDS = frozenset({"lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "colon"})

_child_fields: dict[type[cst.CSTNode], tuple[str, ...]] = {}


def statements(body: cst.BaseSuite | cst.Module) -> Iterator[Statement]:
    """Yield the statements of a block in order, small statements that share a line one by one."""
    for statement in body.body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from statement.body
        else:
            yield statement  # type: ignore[misc] # a compound statement, or the small ones of a one-line suite


def suites(statement: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    """Yield the blocks of a compound statement, in order; those of a function or class too."""
    match statement:
        case cst.If():
            yield from _if_suites(statement)
        case cst.Try() | cst.TryStar():
            yield statement.body
            for handler in statement.handlers:
                yield handler.body
            if statement.orelse:
                yield statement.orelse.body
            if statement.finalbody:
                yield statement.finalbody.body
        case cst.For() | cst.While():
            yield statement.body
            if statement.orelse:
                yield statement.orelse.body
        case cst.With() | cst.FunctionDef() | cst.ClassDef():
            yield statement.body
        case cst.Match():
            for case in statement.cases:
                yield case.body


def _if_suites(statement: cst.If) -> Iterator[cst.BaseSuite]:
    clause: cst.If | cst.Else | None = statement
    while isinstance(clause, cst.If):
        yield clause.body
        clause = clause.orelse
    if clause is not None:
        yield clause.body


def statements_below(body: cst.BaseSuite | cst.Module, *, into_functions: bool = False) -> Iterator[Statement]:
    """Yield the statements of a block and of all blocks in it, in source order.

    Functions and classes are yielded; their bodies are entered only with `into_functions`.
    """
    stack = [statements(body)]
    while stack:
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
            continue
        yield statement
        if into_functions or not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            stack.extend(statements(suite) for suite in reversed(tuple(suites(statement))))


def with_below(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a statement and those in its blocks, in source order; bodies of functions and classes are not entered."""
    yield statement
    if not isinstance(statement, cst.FunctionDef | cst.ClassDef):
        for suite in suites(statement):
            yield from statements_below(suite)


class Enclosing(Struct, frozen=True):
    """A compound statement, and the one of its blocks that something stands in."""

    statement: cst.CSTNode
    suite: cst.BaseSuite


def statements_with_enclosing(
    body: cst.BaseSuite | cst.Module, around: tuple[Enclosing, ...] = ()
) -> Iterator[tuple[Statement, tuple[Enclosing, ...]]]:
    """Yield the statements of a block and of all blocks in it, each with what encloses it, outermost first.

    Functions and classes are yielded; their bodies are not entered.
    """
    for statement in statements(body):
        yield statement, around
        if not isinstance(statement, cst.FunctionDef | cst.ClassDef):
            for suite in suites(statement):
                yield from statements_with_enclosing(suite, (*around, Enclosing(statement, suite)))


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the nodes directly below `node` that are not white space or punctuation, in field order."""
    kind = type(node)
    names = _child_fields.get(kind)
    if names is None:
        names = tuple(
            field.name
            for field in fields(node)
            if not field.name.startswith(("whitespace", "leading", "lines_")) and field.name not in _LAYOUT_FIELDS
        )
        _child_fields[kind] = names
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            if not isinstance(value, _LAYOUT):
                yield value
        elif isinstance(value, list | tuple):
            for item in value:
                if isinstance(item, cst.CSTNode) and not isinstance(item, _LAYOUT):
                    yield item


def expressions_below(node: cst.CSTNode, *, into_lambdas: bool = False) -> Iterator[cst.CSTNode]:
    """Yield `node` and everything in it but the bodies of functions and, unless asked for, lambdas, depth first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if into_lambdas and isinstance(current, cst.Lambda):
            stack.append(current.body)
        elif not isinstance(current, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            stack.extend(reversed(tuple(children(current))))

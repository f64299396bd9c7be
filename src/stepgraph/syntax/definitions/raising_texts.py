"""The texts of the code in a `try` that may raise an exception, with the definitions of variables in it.

Renaming a variable does not change them, nor do logs and the messages of exceptions.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Sequence
from itertools import chain, pairwise, takewhile
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.hashing import short_digest
from stepgraph.model.expressions import DEFINITIONS
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.defined_texts import defined_condition, defined_loop, defined_value
from stepgraph.syntax.definitions.definition_code import expression_tree
from stepgraph.syntax.definitions.definition_scope import DefinitionScope, functions_around
from stepgraph.syntax.definitions.raising_code import (
    HandlingStatement,
    TryStatement,
    caught_types,
    is_suppression,
    may_raise,
    raising_parts,
)
from stepgraph.syntax.definitions.value_sources import ValueSources
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.source_text import formatted_text
from stepgraph.syntax.walk import ancestors_of, code_without_layout, expressions_below, statements_below

MAX_RESULT: Final = 2_000
"""The maximum length of a text. A digest replaces a longer one."""
MAX_STATEMENTS: Final = 50
"""The maximum number of statements that are described one by one."""

_OPTIONAL: Final = (ast.BoolOp, ast.IfExp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""The expressions that may skip others inside."""

_Text: TypeAlias = tuple[str, str]
"""A statement or expression, and the conditions around it."""
_Decisive: TypeAlias = tuple[cst.CSTNode, Sequence[cst.CSTNode]]
"""A statement, and its parts that may raise an exception. A jump has none."""


def raising_text(place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the code in the body of a `try` or `with` that may raise an exception, with the conditions around it.

    Return an empty string for other nodes.
    """
    block = place.node
    if not isinstance(block, HandlingStatement):
        return ""
    decisive = [*_decisive_statements(block)]
    if len(decisive) > MAX_STATEMENTS:
        return ValueSources(place.module, scope).of([block.body], functions_around(place), block)
    has_messages = sum(len(each.handlers) for each in handling_statements(block) if isinstance(each, TryStatement)) > 1
    texts: list[_Text] = []
    for statement, parts in decisive:
        conditions = " if ".join(conditions_of(statement, place, scope))
        described = [
            described_part(SourcePlace(place.module, part), scope, has_messages=has_messages) for part in parts
        ]
        texts += ((text, conditions) for text in described or [type(statement).__name__])
    different = [*dict.fromkeys(texts)]
    remaining = (each for index, each in enumerate(different) if not _is_part_of_any(each, different[index + 1 :]))
    result = "; ".join(" if ".join(filter(None, each)) for each in remaining) or "no exception"
    return result if len(result) <= MAX_RESULT else short_digest(result)


def _is_part_of_any(text: _Text, others: Sequence[_Text]) -> bool:
    """Return whether other code under the same conditions always evaluates an expression, too."""
    expression, conditions = text
    return any(conditions == outer and _always_evaluates(code, expression) for code, outer in others)


def _always_evaluates(text: str, part: str) -> bool:
    """Return whether code with definitions always evaluates an expression that has the same definitions."""
    code, _, definitions = text.partition(DEFINITIONS)
    expression, _, same_definitions = part.partition(DEFINITIONS)
    if definitions != same_definitions:
        return False
    for keyword in ("assert ", "raise ", "return "):
        code = code.removeprefix(keyword)
    outer, inner = expression_tree(code), expression_tree(expression)
    if outer is None or inner is None:
        return False
    nodes, searched = [*ast.walk(outer)], ast.dump(inner)
    if any(isinstance(each, _OPTIONAL) or (isinstance(each, ast.Compare) and len(each.ops) > 1) for each in nodes):
        return False
    return any(isinstance(each, ast.expr) and ast.dump(each) == searched for each in nodes)


def _decisive_statements(block: HandlingStatement) -> Iterator[_Decisive]:
    """Yield the statements in the body of a block that may raise an exception, and the jumps in front of them."""
    caught = frozenset(chain.from_iterable(map(caught_types, handling_statements(block))))
    jumps: list[_Decisive] = []
    for statement in statements_below(block.body):
        parts = raising_parts(statement, caught)
        if parts:
            yield from (*jumps, (statement, parts))
            jumps.clear()
        elif isinstance(statement, cst.Return | cst.Break | cst.Continue):
            jumps.append((statement, ()))


def handling_statements(block: HandlingStatement) -> Iterator[HandlingStatement]:
    """Yield a statement and the `try` statements in its body."""
    yield block
    yield from (each for each in statements_below(block.body) if isinstance(each, TryStatement))


def described_part(place: SourcePlace, scope: DefinitionScope, *, has_messages: bool) -> str:
    """Return a statement or expression with definitions in place of its local variables, or a digest.

    With `has_messages`, the messages of exceptions count if they may raise other exceptions.
    """
    match place.node:
        case cst.Raise(exc=None):
            return "raise"
        case cst.Return(value=cst.BaseExpression() as value):
            return f"return {_value(value, place, scope)}"
        case cst.Raise(exc=cst.Call(func=exception, args=args)) if not (has_messages and _may_raise_any(args)):
            return f"raise {_value(exception, place, scope)}"
        case cst.Raise(exc=cst.BaseExpression() as exception):
            return f"raise {_value(exception, place, scope)}"
        case cst.Assert(test=test):
            return f"assert {defined_condition(formatted_text(place.module.tree, test), place, scope)}"
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=value) | cst.Expr(value=value):
            return _value(value, place, scope)
        case cst.AnnAssign(target=cst.Name(), value=cst.BaseExpression() as value):
            return _value(value, place, scope)
        case cst.BaseExpression() as value:
            return _value(value, place, scope)
        case statement:
            return ValueSources(place.module, scope).of([statement], functions_around(place), statement)


def _may_raise_any(args: Sequence[cst.Arg]) -> bool:
    """Return whether the arguments of an exception may raise another one."""
    every_exception = frozenset({BaseException})
    return may_raise(chain.from_iterable(expressions_below(each) for each in args), every_exception)


def _value(value: cst.BaseExpression, place: SourcePlace, scope: DefinitionScope) -> str:
    while isinstance(value, cst.UnaryOperation) and isinstance(value.operator, cst.Not):
        value = value.expression
    text = text_without_settings(value, place.module)
    return defined_value(text, place, scope) or code_without_layout(value)


def handling_manager(place: SourcePlace, scope: DefinitionScope) -> str:
    """Return a context manager that may end exceptions, as `defined_value` does.

    Return an empty string for `suppress` and for other nodes.
    """
    node = place.node
    manager = node.item if isinstance(node, cst.WithItem) else node
    if not isinstance(manager, cst.BaseExpression) or is_suppression(manager):
        return ""
    return _value(manager, place, scope)


def conditions_of(
    node: cst.CSTNode, block: SourcePlace, scope: DefinitionScope, shown: Container[int] = ()
) -> Iterator[str]:
    """Yield the conditions, loops and handlers around a node in a block, innermost first.

    `shown` are the identities of the statements whose conditions the payload shows.
    """
    module = block.module
    outer_nodes = takewhile(lambda each: each is not block.node, ancestors_of(module.parents, node))
    for inner, outer in pairwise((node, *outer_nodes)):
        place = SourcePlace(module, outer)
        match outer:
            case cst.If() | cst.For() | cst.While() | cst.MatchCase() | cst.Match() if id(outer) in shown:
                yield f"{type(outer).__name__}{'' if inner is getattr(outer, 'body', None) else ' else'}"
            case cst.If(test=test) if inner is not test:
                text = formatted_text(module.tree, test)
                yield defined_condition(text if inner is outer.body else f"not ({text})", place, scope)
            case cst.For() | cst.While() if inner in (outer.body, outer.orelse):
                yield f"{'' if inner is outer.body else 'after '}{defined_loop(place, scope)}"
            case cst.Match(subject=subject) if inner is not subject:
                yield _value(subject, place, scope)
            case cst.MatchCase(pattern=pattern, guard=guard):
                yield " and ".join(code_without_layout(each) for each in (pattern, guard) if each is not None)
            case cst.Try(handlers=[_, *_]) | cst.TryStar() if inner in (outer.body, outer.orelse):
                word = "try" if inner is outer.body else "after try"
                yield " ".join((word, *map(_header, outer.handlers)))
            case cst.ExceptHandler() | cst.ExceptStarHandler():
                yield _header(outer)


def _header(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> str:
    """Return the head of a handler without the name of the exception."""
    return "except" if handler.type is None else f"except {code_without_layout(handler.type)}"

"""Names of steps, sleeps and waits with fields in braces, in a string without the prefix `f`.

Calls may pass names to a function of the project, as in `self.run_step(step, "charge {order}")`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from string import Formatter
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.ir.facts import UnformattedString
from stepgraph.model.parsed_code import parse_expression
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace

_MAX_LENGTH: Final = 256
"""The maximum length of a name. The engine accepts no longer names, and a rule reports them."""


def observe_unformatted_name(interpreter: Interpreter, arguments: Arguments) -> None:
    """Record the literals in the name of a step, sleep or wait whose fields in braces read variables in scope."""
    name = arguments.find(0, "name")
    if name is not None:
        _observe(interpreter, name, is_name=True)


def observe_unformatted_arguments(interpreter: Interpreter, arguments: Arguments) -> None:
    """Record such literals in the arguments of a call of a function of the project, which may use them as names."""
    for argument in arguments.items:
        if isinstance(argument.place.node, cst.SimpleString):
            _observe(interpreter, argument, is_name=False)


def _observe(interpreter: Interpreter, argument: Argument, *, is_name: bool) -> None:
    for literal in _literals(argument.place.node):
        fields = _fields(literal)
        if fields and all(_reads_variables(interpreter.frame.scope, field) for field in fields):
            place = SourcePlace(argument.place.module, literal)
            interpreter.observe(UnformattedString(tuple(fields), place, is_name))


def _literals(node: cst.CSTNode) -> Iterator[cst.SimpleString]:
    """Yield the string literals that become part of a string: the literal itself, or parts of a concatenation."""
    match node:
        case cst.SimpleString():
            yield node
        case cst.ConcatenatedString(left=left, right=right):
            yield from _literals(left)
            yield from _literals(right)
        case cst.BinaryOperation(left=left, operator=cst.Add(), right=right):
            yield from _literals(left)
            yield from _literals(right)


def _fields(literal: cst.SimpleString) -> list[str]:
    """Return the expressions in braces. Return none for a literal that is no format string or too long."""
    if "{" not in literal.value:
        return []
    text = string_of(literal)
    if text is None or len(text) > _MAX_LENGTH:
        return []
    try:
        return list(_fields_in(text))
    except ValueError:
        return []


def _fields_in(text: str) -> Iterator[str]:
    """Yield the fields in a text, each before those in its format specification. Raises ValueError for other text."""
    for _, field, specification, _ in Formatter().parse(text):
        if field is not None:
            yield field
            yield from _fields_in(specification or "")


def _reads_variables(scope: LexicalScope, field: str) -> bool:
    """Return whether a field is an expression with variables, all of which a function or the module binds."""
    expression = parse_expression(field)
    if expression is None:
        return False
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    return bool(names) and all(_is_variable(scope, name) for name in names)


def _is_variable(innermost: LexicalScope, name: str) -> bool:
    scope: LexicalScope | None = innermost
    while scope is not None and (scope.kind == "class" or not scope.bindings.binds(name)):
        scope = scope.parent
    return scope is not None

"""Expressions with values in place of their assignments, such as `total() > 1` for `(n := total()) > 1`.

They have the same value. Other expressions that read the variable find the assignment in its function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, cast

import libcst as cst

from stepgraph.syntax.definitions.name_replacement import in_parentheses
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of, expressions_below

_STATEMENTS: Final = (cst.BaseSmallStatement, cst.BaseCompoundStatement)


def without_assignments(expression: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression with values in place of its assignments, and of the variables that it reads after them.

    An assignment remains if another part of the expression may read another value of the variable.
    """
    nodes = [*expressions_below(expression, into_lambdas=True)]
    assignments = [node for node in nodes if isinstance(node, cst.NamedExpr)]
    names = Counter(cst.ensure_type(each.target, cst.Name).value for each in assignments)
    optional = {id(node) for part in _optional_parts(nodes) for node in expressions_below(part, into_lambdas=True)}
    members = {id(member) for member in _members(nodes)}
    positions = {id(node): index for index, node in enumerate(nodes)}
    values: dict[int, cst.BaseExpression] = {}
    for assignment in assignments:
        name = cst.ensure_type(assignment.target, cst.Name).value
        inside = [*expressions_below(assignment, into_lambdas=True)]
        reads = [
            node
            for node in nodes
            if isinstance(node, cst.Name)
            and node.value == name
            and node is not assignment.target
            and id(node) not in members
        ]
        is_first = all(positions[id(node)] >= positions[id(assignment)] + len(inside) for node in reads)
        is_nested = sum(isinstance(node, cst.NamedExpr) for node in inside) > 1
        if names[name] == 1 and not is_nested and (not reads or (is_first and id(assignment) not in optional)):
            values |= {id(node): assignment.value for node in (assignment, *reads)}
    return cast("cst.BaseExpression", expression.visit(_Replacer(values)))


def _optional_parts(nodes: Sequence[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Yield the parts of expressions that may not be evaluated, or several times."""
    for node in nodes:
        match node:
            case cst.BooleanOperation(right=right):
                yield right
            case cst.IfExp(body=body, orelse=orelse):
                yield from (body, orelse)
            case cst.Comparison(comparisons=[_, *others]):
                yield from others
            case cst.Lambda():
                yield node
            case _ if isinstance(node, COMPREHENSIONS):
                yield node


def is_certain(assignment: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether the statement with an assignment in an expression always evaluates it, and once."""
    outer_nodes = takewhile(lambda each: not isinstance(each, _STATEMENTS), ancestors_of(module.parents, assignment))
    enclosing = [assignment, *outer_nodes]
    return not any(part is each for part in _optional_parts(enclosing) for each in enclosing)


def _members(nodes: list[cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """Yield the names of attributes and keyword arguments."""
    for node in nodes:
        match node:
            case cst.Attribute(attr=member) | cst.Arg(keyword=cst.Name() as member):
                yield member


class _Replacer(cst.CSTTransformer):
    """Replaces nodes by values."""

    def __init__(self, values: dict[int, cst.BaseExpression]) -> None:
        super().__init__()
        self._values = values

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Return whether a node remains."""
        return id(node) not in self._values

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        """Return the value of a node in parentheses, or the node."""
        value = self._values.get(id(original_node))
        return updated_node if value is None else cast("cst.CSTNodeT", in_parentheses(value))

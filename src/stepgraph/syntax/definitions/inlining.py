"""Expressions in place of the variables that name their values."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from typing import Final

from stepgraph.syntax.definitions.code_facts import (
    SCOPES,
    Block,
    assignment_of,
    blocks_of,
    has_effect,
    is_pure,
    reads_parts,
)

_MAX_INLINED: Final = 30
"""The maximum number of nodes of an expression that takes the place of a variable with several uses."""
_VISITS_PER_NODE: Final = 10
"""The maximum number of nodes that are visited to replace variables by their values, for each node of a function."""
_CATCHING: Final = (ast.Try, ast.TryStar, ast.With, ast.AsyncWith)


class VariableInlining:
    """Replaces the variables of a function by their values, where this changes neither effects nor values."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, nodes: int) -> None:
        """Count the names in a function. `nodes` is the number of its nodes, which limits the work."""
        self._stores: Counter[str] = Counter()
        """How often each name is bound. The names in nested functions count as bound several times."""
        self._loads: Counter[str] = Counter()
        """How often each name is read."""
        self._remaining = _VISITS_PER_NODE * nodes
        """The number of nodes that may still be visited."""
        for node in ast.walk(function):
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    self._loads[name] += 1
                case ast.Name(id=name) | ast.arg(arg=name):
                    self._stores[name] += 1
                case ast.ExceptHandler(name=str(name)):
                    self._stores[name] += 2
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    self._stores.update(dict.fromkeys(names, 2))
                case _ if isinstance(node, SCOPES) and node is not function:
                    inside = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
                    self._remaining -= len(inside)
                    self._stores.update({each.id: 2 for each in inside})

    def replace(self, block: Block) -> None:
        """Replace the variables that a block and the blocks in it assign."""
        index = 0
        while index < len(block):
            statement = block[index]
            pair = assignment_of(statement)
            if pair is not None and self._can_replace(*pair, block[index + 1 :]):
                replacement = _VariableReplacer(*pair)
                block[index:] = [replacement.visit(each) for each in block[index + 1 :]]
                self._count(*pair)
                index = max(0, index - 1)
                continue
            for _, inner in blocks_of(statement):
                self.replace(inner)
            for handler in statement.handlers if isinstance(statement, ast.Try | ast.TryStar) else ():
                self.replace(handler.body)
            index += 1

    def _count(self, name: str, value: ast.expr) -> None:
        for each in ast.walk(value):
            if isinstance(each, ast.Name):
                self._loads[each.id] += self._loads[name] - 1
        del self._loads[name]

    def _can_replace(self, name: str, value: ast.expr, following: Sequence[ast.stmt]) -> bool:
        """Return whether the uses of a variable after its assignment have the value of an expression."""
        if self._stores[name] != 1 or not self._loads[name] or not following:
            return False
        uses, passed = self._uses(name, following)
        if sum(uses) != self._loads[name]:
            return False
        if uses == [1] and _first_evaluated(following[0], name):
            return True
        if not is_pure(value) or any(
            uses[index] and isinstance(each, _CATCHING) for index, each in enumerate(following[: len(uses)])
        ):
            return False
        if len(uses) and self._loads[name] > 1 and sum(1 for _ in ast.walk(value)) > _MAX_INLINED:
            return False
        names = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
        if any(self._stores[each] > 1 for each in names):
            return False
        if any(
            isinstance(each, ast.Name) and each.id in names and not isinstance(each.ctx, ast.Load) for each in passed
        ):
            return False
        # Calls may change global variables, which the function does not bind.
        reads = reads_parts(value) or any(not self._stores[each] for each in names)
        return not reads or not any(map(has_effect, passed))

    def _uses(self, name: str, following: Sequence[ast.stmt]) -> tuple[list[int], list[ast.AST]]:
        """Return the numbers of uses in the statements up to the last use, and the nodes of these."""
        uses: list[int] = []
        passed: list[ast.AST] = []
        for statement in following:
            if self._remaining < 0 or sum(uses) == self._loads[name]:
                break
            nodes = list(ast.walk(statement))
            self._remaining -= len(nodes)
            uses.append(sum(_is_read(each, name) for each in nodes))
            passed += nodes
        return uses, passed


def _is_read(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _first_evaluated(statement: ast.stmt, name: str) -> bool:
    """Return whether a statement evaluates a variable before all other parts."""
    match statement:
        case ast.Return(value=value) | ast.Assign(targets=[ast.Name()], value=value) | ast.Expr(value=value):
            expression = value
        case ast.If(test=value) | ast.For(iter=value):
            expression = value
        case _:
            return False
    while True:
        match expression:
            case ast.Name(id=first):
                return first == name
            case ast.UnaryOp(operand=inner) | ast.Compare(left=inner) | ast.BinOp(left=inner):
                expression = inner
            case ast.BoolOp(values=[inner, *_]) | ast.IfExp(test=inner) | ast.Call(func=inner):
                expression = inner
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
                expression = inner
            case _:
                return False


class _VariableReplacer(ast.NodeTransformer):
    """Replaces the uses of a variable by an expression."""

    def __init__(self, name: str, value: ast.expr) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._value if _is_read(node, self._name) else node

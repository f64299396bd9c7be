"""Code that no run reaches: statements after a jump, and code that a literal test excludes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.walk import Parents, Statement, statements, statements_below

_JUMPS: Final = (cst.Return, cst.Raise, cst.Break, cst.Continue)


class UnreachableCode(Struct):
    """The code of one module that is unreachable by its syntax alone. Each node is examined once."""

    parents: Parents
    _answers: dict[int, bool] = field(default_factory=dict)
    """Whether a node is unreachable, by its identity."""
    _dead_statements: dict[int, frozenset[int]] = field(default_factory=dict)
    """The identities of the statements after the first one that never completes, by the identity of their block."""

    def contains(self, node: cst.CSTNode) -> bool:
        """Return whether a node, or code around it, is unreachable."""
        path: list[cst.CSTNode] = []
        current: cst.CSTNode | None = node
        while current is not None and id(current) not in self._answers:
            path.append(current)
            current = self.parents.get(id(current))
        answer = current is not None and self._answers[id(current)]
        for inner in reversed(path):
            answer = answer or self._is_excluded(inner)
            self._answers[id(inner)] = answer
        return answer

    def _is_excluded(self, node: cst.CSTNode) -> bool:
        """Return whether the parent of a node never executes the node."""
        match self.parents.get(id(node)):
            case cst.If() as parent if node is not parent.test:
                truth = literal_truth(parent.test)
                return truth is (node is parent.orelse) if truth is not None else False
            case cst.IfExp() as parent if node is not parent.test:
                truth = literal_truth(parent.test)
                return truth is (node is parent.orelse) if truth is not None else False
            case cst.BooleanOperation(left=left, operator=operator, right=right) if node is right:
                return literal_truth(left) is isinstance(operator, cst.Or)
            case cst.While() as parent if node is parent.body or node is parent.orelse:
                return literal_truth(parent.test) is (node is parent.orelse)
            case cst.Try() | cst.TryStar() as parent if node is parent.orelse:
                return ends_in_jump(statements(parent.body))
            case cst.IndentedBlock() | cst.Module() | cst.SimpleStatementLine() | cst.SimpleStatementSuite() as block:
                if id(block) not in self._dead_statements:
                    self._dead_statements[id(block)] = frozenset(map(id, _after_jump(block.body)))
                return id(node) in self._dead_statements[id(block)]
            case _:
                return False


def literal_truth(test: cst.BaseExpression) -> bool | None:
    """Return the truth of a literal test. Return None for other tests. `TYPE_CHECKING` is false."""
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


def _after_jump(block: Iterable[cst.CSTNode]) -> Iterable[cst.CSTNode]:
    """Return the statements of a block after the first one that never completes."""
    remaining = iter(block)
    for statement in remaining:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
        if any(map(_never_completes, small)):
            break
    return remaining


def _never_completes(statement: cst.CSTNode) -> bool:
    """Return whether control never reaches the statement after a statement."""
    match statement:
        case cst.If():
            return _always_jumps(statement)
        case cst.While(test=test):
            return not _may_break(statement) and (literal_truth(test) is True or _else_never_completes(statement))
        case cst.For():
            return not _may_break(statement) and _else_never_completes(statement)
        case cst.With(body=body):
            return ends_in_jump(statements(body))
        case cst.Match(cases=[*_, cst.MatchCase(pattern=cst.MatchAs(pattern=None), guard=None)]):
            return all(ends_in_jump(statements(case.body)) for case in statement.cases)
        case cst.Try() | cst.TryStar():
            return _try_never_completes(statement)
        case _:
            return isinstance(statement, _JUMPS)


def _may_break(loop: cst.For | cst.While) -> bool:
    return any(isinstance(inner, cst.Break) for inner in statements_below(loop.body))


def _else_never_completes(loop: cst.For | cst.While) -> bool:
    return loop.orelse is not None and ends_in_jump(statements(loop.orelse.body))


def _try_never_completes(statement: cst.Try | cst.TryStar) -> bool:
    """Return whether the `finally` of a `try` jumps, or its body or `else` and all its handlers do."""
    if statement.finalbody is not None and ends_in_jump(statements(statement.finalbody.body)):
        return True
    bodies = [statement.body] if statement.orelse is None else [statement.body, statement.orelse.body]
    return any(ends_in_jump(statements(body)) for body in bodies) and all(
        ends_in_jump(statements(handler.body)) for handler in statement.handlers
    )


def _always_jumps(statement: cst.If) -> bool:
    """Return whether every branch of an `if` jumps."""
    clause: cst.If | cst.Else | None = statement
    while isinstance(clause, cst.If):
        if not ends_in_jump(statements(clause.body)):
            return False
        clause = clause.orelse
    return clause is not None and ends_in_jump(statements(clause.body))


def ends_in_jump(block: Iterable[Statement]) -> bool:
    """Return whether control never reaches the end of a block."""
    return any(map(_never_completes, block))


def always_returns_value(function: cst.CSTNode) -> bool:
    """Return whether a function or lambda evaluates an expression for its result in each call that ends normally.

    The manager of a `with` may swallow an error before a `return` in its block, as `suppress` does.
    """
    if not isinstance(function, cst.FunctionDef):
        return True
    inner = [*statements_below(function.body)]
    has_values = all(each.value is not None for each in inner if isinstance(each, cst.Return))
    may_swallow = any(isinstance(each, cst.With) and ends_in_jump(statements(each.body)) for each in inner)
    return ends_in_jump(statements(function.body)) and has_values and not may_swallow

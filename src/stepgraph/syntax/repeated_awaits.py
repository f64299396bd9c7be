"""Coroutines that are awaited twice, as by `await job` in two statements after `job = charge()`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of

_FUNCTIONS: Final = (cst.FunctionDef, cst.Lambda)
_SCOPES: Final = (*_FUNCTIONS, *COMPREHENSIONS)
_MAY_HANDLE_ERRORS: Final = (cst.Try, cst.TryStar, cst.With)
_AWAITING_FUNCTIONS: Final = frozenset(["create_task", "ensure_future", "gather", "run_sync", "run_until_complete"])


def is_awaited_again(place: SourcePlace) -> bool:
    """Return whether an earlier statement always awaits the variable of an `await`, or of an argument, at a location.

    The variable has the same value there. An `await` in a `try` or `with` does not count, because its error may be
    expected.
    """
    node = place.node.expression if isinstance(place.node, cst.Await) else place.node
    return isinstance(node, cst.Name) and _follows_await(node, place.module, _MAY_HANDLE_ERRORS)


def may_fail_as_repeated(node: cst.BaseExpression, module: SourceModule) -> bool:
    """Return whether an earlier statement always awaits an awaited variable, so that the `await` raises an error."""
    return isinstance(node, cst.Name) and _follows_await(node, module, ())


def _follows_await(node: cst.Name, module: SourceModule, excluded: tuple[type[cst.CSTNode], ...]) -> bool:
    """Return whether a statement before a name always awaits it, outside of the `excluded` statements."""
    enclosing: list[cst.CSTNode] = [node]
    for ancestor in ancestors_of(module.parents, node):
        if isinstance(ancestor, excluded):
            return False
        enclosing.append(ancestor)
        if isinstance(ancestor, _SCOPES):
            break
    return _is_bound_once(enclosing[-1], module, node.value) and any(
        isinstance(block, cst.IndentedBlock) and module.once_for_code(block, _awaits_in).precede(statement, node.value)
        for statement, block in pairwise(enclosing)
    )


def _is_bound_once(scope: cst.CSTNode, module: SourceModule, name: str) -> bool:
    if not isinstance(scope, _FUNCTIONS) or module.mentions(b"nonlocal"):
        return False
    match bindings_of(scope, module).binders.get(name):
        case [cst.Assign() | cst.AnnAssign() | cst.Param()]:
            return True
        case _:
            return False


class _Awaits(NamedTuple):
    """The statements of a block that await variables."""

    index_of: dict[int, int]
    """The index of each statement, by its identity."""
    first_index: dict[str, int]
    """The index of the first statement that awaits a variable, by its name."""

    def precede(self, statement: cst.CSTNode, name: str) -> bool:
        """Return whether a statement before `statement` awaits the variable."""
        return self.first_index.get(name, len(self.index_of)) < self.index_of[id(statement)]


def _awaits_in(block: cst.IndentedBlock) -> _Awaits:
    awaits = _Awaits({}, {})
    for index, statement in enumerate(block.body):
        awaits.index_of[id(statement)] = index
        match statement:
            case cst.SimpleStatementLine(body=[cst.Expr(value=value) | cst.Assign(value=value)]) if value is not None:
                for name in _awaited_names(value):
                    awaits.first_index.setdefault(name, index)
            case cst.SimpleStatementLine(body=[cst.AnnAssign(value=cst.BaseExpression() as value)]):
                for name in _awaited_names(value):
                    awaits.first_index.setdefault(name, index)
    return awaits


def _awaited_names(value: cst.BaseExpression) -> Iterator[str]:
    """Yield the variables that an expression awaits, or passes to a function that awaits its arguments."""
    operand = value.expression if isinstance(value, cst.Await) else value
    match operand:
        case cst.Name(value=name) if operand is not value:
            yield name
        case cst.Call(func=cst.Name(value=function) | cst.Attribute(attr=cst.Name(value=function)), args=arguments):
            awaited = arguments if function in _AWAITING_FUNCTIONS else ()
            yield from (each.value.value for each in awaited if not each.star and isinstance(each.value, cst.Name))

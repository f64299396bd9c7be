"""Coroutines that are awaited twice, as by `await job` in two statements after `job = charge()`."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import COMPREHENSIONS, ancestors_of

_FUNCTIONS: Final = (cst.FunctionDef, cst.Lambda)
_SCOPES: Final = (*_FUNCTIONS, *COMPREHENSIONS)
_MAY_HANDLE_ERRORS: Final = (cst.Try, cst.TryStar, cst.With)


def is_awaited_again(place: SourcePlace) -> bool:
    """Return whether an earlier statement always awaits the variable of an `await`, which has the same value there.

    An `await` in a `try` or `with` does not count, because its error may be expected.
    """
    if not isinstance(place.node, cst.Await) or not isinstance(place.node.expression, cst.Name):
        return False
    enclosing: list[cst.CSTNode] = [place.node]
    for ancestor in ancestors_of(place.module.parents, place.node):
        if isinstance(ancestor, _MAY_HANDLE_ERRORS):
            return False
        enclosing.append(ancestor)
        if isinstance(ancestor, _SCOPES):
            break
    name = place.node.expression.value
    return _is_bound_once(enclosing[-1], place.module, name) and any(
        isinstance(block, cst.IndentedBlock) and place.module.once_for_code(block, _awaits_in).precede(statement, name)
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
    """The statements of a block that await a variable and do nothing else with it."""

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
            case cst.SimpleStatementLine(
                body=[
                    cst.Expr(value=cst.Await(expression=cst.Name(value=name)))
                    | cst.Assign(value=cst.Await(expression=cst.Name(value=name)))
                    | cst.AnnAssign(value=cst.Await(expression=cst.Name(value=name)))
                ]
            ):
                awaits.first_index.setdefault(name, index)
    return awaits

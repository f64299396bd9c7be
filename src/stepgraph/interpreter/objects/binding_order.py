"""Where the names of a module or class body are bound, and which of its statements surely run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.imports import is_in_project, is_in_python, lacks_name
from stepgraph.syntax.import_names import source_names
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import Enclosing, expressions_below, statements, statements_with_enclosing


class Position(Struct, frozen=True):
    """Where a statement of a body stands."""

    index: int
    """Its number among all statements of the body, those in other statements included."""
    around: tuple[Enclosing, ...]
    """The statements that it stands in, outermost first."""


def positions_in(module: SourceModule, body: cst.BaseSuite | cst.Module) -> dict[int, Position]:
    """Return where each statement of a body of a module stands, by the identity of the statement."""
    known = module.once(_bodies)
    if body not in known:
        found = enumerate(statements_with_enclosing(body))
        known[body] = {id(statement): Position(index, around) for index, (statement, around) in found}
    return known[body]


def _bodies(_: SourceModule) -> dict[cst.BaseSuite | cst.Module, dict[int, Position]]:
    return {}


def at_run_time(binders: Sequence[cst.CSTNode], positions: dict[int, Position]) -> list[cst.CSTNode]:
    """Return the binders of a name without those that only type checkers see, if there are others."""
    running = [b for b in binders if id(b) not in positions or not _is_for_types(positions[id(b)].around)]
    return running or list(binders)


def _is_for_types(around: Sequence[Enclosing]) -> bool:
    return any(
        isinstance(enclosing.statement, cst.If)
        and enclosing.suite is enclosing.statement.body
        and literally(enclosing.statement.test) is False
        for enclosing in around
    )


def literally(test: cst.BaseExpression) -> bool | None:
    """Return what a test is at run time, None where it is no literal; TYPE_CHECKING is false."""
    match test:
        case cst.Name(value="True"):
            return True
        case cst.Name(value="False" | "TYPE_CHECKING") | cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            return False
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            negated = literally(inner)
            return None if negated is None else not negated
        case _:
            return None


def clauses(statement: cst.If) -> Iterator[tuple[cst.BaseExpression | None, cst.BaseSuite | None]]:
    """Yield the tests of an `if` with their blocks as far as they are reached; at last no test, for what is left."""
    clause: cst.If | cst.Else | None = statement
    while isinstance(clause, cst.If):
        holds = literally(clause.test)
        if holds is not False:
            yield (None if holds else clause.test), clause.body
        if holds:
            return
        clause = clause.orelse
    yield None, None if clause is None else clause.body


def surely_runs(interpreter: Interpreter, body: cst.BaseSuite) -> bool:
    """Whether nothing in a block fails: imports of what is there, definitions, and values without calls."""
    return all(_surely_runs(interpreter, statement) for statement in statements(body))


def _surely_runs(interpreter: Interpreter, statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Import() | cst.ImportFrom():
            return is_in_python(statement) or is_in_project(interpreter, statement) or _is_in_library(statement)
        case cst.FunctionDef() | cst.ClassDef() | cst.Pass():
            return True
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value) | cst.Expr(value=value):
            return not any(isinstance(node, _FAILING) for node in expressions_below(value))
        case _:
            return False


def _is_in_library(statement: cst.Import | cst.ImportFrom) -> bool:
    return all(not level and name.split(".", 1)[0] in _LIBRARY for level, name in source_names(statement))


# Modules of Python that the runtime has: https://pyodide.org/en/stable/usage/wasm-constraints.html
_LIBRARY: Final = sys.stdlib_module_names - {
    *("curses", "dbm", "ensurepip", "fcntl", "grp", "idlelib", "lib2to3", "lzma", "msvcrt", "pwd", "resource"),
    *("sqlite3", "ssl", "syslog", "termios", "test", "tkinter", "turtle", "turtledemo", "venv", "winreg", "winsound"),
}


def surely_fails(interpreter: Interpreter, body: cst.BaseSuite) -> bool:
    """Whether a block imports a name from a module of the project that lacks it."""
    imports = (statement for statement in statements(body) if isinstance(statement, cst.ImportFrom))
    return any(lacks_name(interpreter, statement) for statement in imports)


_FAILING: Final = (cst.Call, cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)


def fails(body: cst.BaseSuite) -> bool:
    """Whether a block ends with a `raise`."""
    return any(isinstance(statement, cst.Raise) for statement in statements(body))

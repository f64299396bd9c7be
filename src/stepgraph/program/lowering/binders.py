"""Names bound in several places of a module or class: which of these can be the ones that count."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.program.lowering.imports import is_in_project, is_in_python
from stepgraph.program.lowering.machine import Machine
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import Enclosing, statements_with_enclosing


def taken(
    machine: Machine, module: SourceModule, body: cst.BaseSuite | cst.Module, binders: Sequence[cst.CSTNode]
) -> list[cst.CSTNode]:
    """Return the binders of a name without those that only type checkers see, and those of fallbacks not needed."""
    around = _enclosing(module, body)
    running = [binder for binder in binders if not _is_for_types(around.get(id(binder), ()))] or list(binders)
    outermost = [around.get(id(binder), ())[:1] for binder in running]
    if any(not enclosing or enclosing[0].statement is not outermost[0][0].statement for enclosing in outermost):
        return running
    if not isinstance(outermost[0][0].statement, cst.Try):
        return running
    tried = outermost[0][0].statement.body
    attempts = [binder for binder, around in zip(running, outermost, strict=True) if around[0].suite is tried]
    # All of the body runs, so that its last one counts, but only one of the fallbacks.
    found = next((binder for binder in reversed(attempts) if _succeeds(machine, binder)), None)
    return [found or next((binder for binder in running if _succeeds(machine, binder)), running[0])]


def _enclosing(module: SourceModule, body: cst.BaseSuite | cst.Module) -> dict[int, tuple[Enclosing, ...]]:
    """Return what encloses each statement of a body of a module, by the identity of the statement."""
    known = module.once(_bodies)
    if body not in known:
        known[body] = {id(statement): enclosing for statement, enclosing in statements_with_enclosing(body)}
    return known[body]


def _bodies(_: SourceModule) -> dict[cst.BaseSuite | cst.Module, dict[int, tuple[Enclosing, ...]]]:
    return {}


def _is_for_types(around: Sequence[Enclosing]) -> bool:
    return any(
        isinstance(enclosing.statement, cst.If)
        and enclosing.suite is enclosing.statement.body
        and _tests_types(enclosing.statement.test)
        for enclosing in around
    )


def _tests_types(test: cst.BaseExpression) -> bool:
    match test:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name == "TYPE_CHECKING"
        case _:
            return False


def _succeeds(machine: Machine, binder: cst.CSTNode) -> bool:
    """Whether a `try` goes no further than this: an import of what is there, or a definition; `= None` is neither."""
    if isinstance(binder, cst.Import | cst.ImportFrom):
        return is_in_python(binder) or is_in_project(machine, binder)
    return isinstance(binder, cst.FunctionDef | cst.ClassDef)

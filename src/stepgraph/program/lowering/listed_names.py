"""The names that a module lists in `__all__`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.program.lowering.frames import Frame
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.star_memory import Listed
from stepgraph.program.values import Collection, Constant, LexicalScope, Value
from stepgraph.syntax.changes import changed_names
from stepgraph.syntax.walk import Statement, expressions_below, statements_with_enclosing

_ALL = "__all__"


def listed_names(machine: Machine, scope: LexicalScope) -> Listed | None:
    """Return the names in a module's `__all__`, None where it has none.

    They are known if they come of assignments, `+=`, `append`, `extend` and `remove` at the top of the module, and of
    constants. Else all names that are mentioned are among them.
    """
    binders = scope.bindings.binders.get(_ALL)
    if not binders:
        return None
    reading = _Reading(machine)
    others = {id(binder) for binder in binders}
    with machine.in_frame(Frame(scope)), machine.nested():
        for statement, around in statements_with_enclosing(scope.module.tree):
            if reading.read(statement, is_certain=not around):
                others.discard(id(statement))
    return Listed(tuple(dict.fromkeys(reading.names)), reading.is_known and not others)


class _Reading:
    """The list after the statements that were read: its names and, where these are not known, all that were named."""

    def __init__(self, machine: Machine) -> None:
        self.names: list[str] = []
        self.is_known = True
        self._machine = machine

    def read(self, statement: Statement, *, is_certain: bool) -> bool:
        """Go on by a statement, which runs for sure if it `is_certain`. Return whether it was understood."""
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))], value=value):
                self._assign(value, is_certain=is_certain)
            case cst.AnnAssign(target=cst.Name(value="__all__"), value=cst.BaseExpression() as value):
                self._assign(value, is_certain=is_certain)
            case cst.AugAssign(target=cst.Name(value="__all__"), operator=cst.AddAssign(), value=value):
                self._add(value, is_certain=is_certain)
            case cst.Expr(
                value=cst.Call(func=cst.Attribute(value=cst.Name(value="__all__"), attr=method), args=[given])
            ):
                self._call(method.value, given.value, is_certain=is_certain)
            case _:
                self.is_known = self.is_known and _ALL not in changed_names(statement)
                return False
        return True

    def _assign(self, listed: cst.BaseExpression, *, is_certain: bool) -> None:
        if is_certain:
            self.names, self.is_known = [], True
        self._add(listed, is_certain=is_certain)

    def _add(self, listed: cst.BaseExpression, *, is_certain: bool) -> None:
        value = self._machine.evaluate(listed)
        items = value.items if isinstance(value, Collection) else ()
        names = [_name(item.value) for item in items]
        if not isinstance(value, Collection):
            names = [_name(self._machine.evaluate(text)) for text in _texts(listed)]
        self.names += [name for name in names if name is not None]
        is_whole = isinstance(value, Collection) and value.shows_constants and None not in names
        self.is_known = self.is_known and is_certain and is_whole and not any(item.maybe or item.many for item in items)

    def _call(self, method: str, given: cst.BaseExpression, *, is_certain: bool) -> None:
        if method == "extend":
            self._add(given, is_certain=is_certain)
            return
        name = _name(self._machine.evaluate(given))
        self.is_known = self.is_known and is_certain and name is not None and method in ("append", "remove")
        if name is not None and method == "append":
            self.names.append(name)
        elif name in self.names and self.is_known:
            self.names.remove(name)


def _name(value: Value) -> str | None:
    return value.value if isinstance(value, Constant) and isinstance(value.value, str) else None


def _texts(listed: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    return (node for node in expressions_below(listed) if isinstance(node, cst.SimpleString))

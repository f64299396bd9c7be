"""Values that are put to no use: thrown away, looked at only, or kept under a name of which nothing more is made.

What is said here is certain: any use that is not known to leave a value alone counts as one that may hand it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.parents import Parents, scope_around
from stepgraph.syntax.walk import children

# Functions that look at what they are given, and keep nothing of it.
_LOOKING: Final = frozenset(["bool", "isinstance", "len", "print", "repr", "str", "type"])
# Methods of loggers, which are known by their names too.
_LOGGERS: Final = frozenset(["LOG", "LOGGER", "_log", "_logger", "log", "logger", "logging"])
_LOGGING: Final = frozenset(["critical", "debug", "error", "exception", "info", "warning"])
_LITERAL: Final = (cst.BaseNumber, cst.BaseString)
_ADDING: Final = frozenset(["add", "append", "extend"])
# Functions that may come by whatever has a name.
_BY_ANY_NAME: Final = frozenset(["eval", "exec", "locals", "vars"])
# What a coroutine has itself; any other attribute is one that its result was meant to have.
_OF_COROUTINES: Final = frozenset(["__await__", "close", "cr_await", "cr_code", "cr_frame", "send", "throw"])


class Discarding(Struct):
    """Tells of expressions in one module whether their values are put to no use.

    `ends` are the functions whose results go nowhere. With `is_coroutine`, values are of no use but to be awaited: an
    attribute or element of one is read by mistake.
    """

    parents: Parents
    ends: frozenset[int] = frozenset()
    is_coroutine: bool = True
    _open: set[tuple[int, str]] = field(default_factory=set)

    def discards(self, node: cst.CSTNode, *, collected: bool = False) -> bool:
        """Whether nothing is made of the value of an expression, or, if it is `collected`, of what it holds."""
        parent = self.parents.get(id(node))
        match parent:
            case cst.Expr() | cst.If() | cst.While() | cst.Assert() | cst.FormattedStringExpression():
                return True
            case cst.UnaryOperation(operator=cst.Not()):
                return True
            case cst.Comparison() | cst.ComparisonTarget():
                return not collected
            case cst.BinaryOperation(left=left, right=right):
                return self.is_coroutine and isinstance(right if left is node else left, _LITERAL)
            case cst.Subscript() | cst.Attribute() if parent.value is node:
                return not collected and self.is_coroutine and self._is_mistaken(parent)
            case cst.Arg(star=""):
                return self._discarded_by_call(parent)
            case cst.Assign():
                return all(self._kept_idly(target.target, collected=collected) for target in parent.targets)
            case cst.AnnAssign():
                return self._kept_idly(parent.target, collected=collected)
            case cst.Return():
                function = scope_around(self.parents, parent)
                return id(function) in self.ends or self._returns_in_vain(function, collected=collected)
            case cst.BooleanOperation() | cst.IfExp():
                tested = isinstance(parent, cst.IfExp) and parent.test is node
                return tested or self.discards(parent, collected=collected)
            case cst.Element() | cst.DictElement():
                return self._discards_outer(parent)
            case cst.ListComp() | cst.SetComp() if parent.elt is node:
                return self.discards(parent, collected=True)
            case _:
                return False

    def stands_alone(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a statement of its own, in a function where `await` can be written before it."""
        scope = scope_around(self.parents, node)
        is_async = isinstance(scope, cst.FunctionDef) and scope.asynchronous is not None
        return is_async and isinstance(self.parents.get(id(node)), cst.Expr)

    def _is_mistaken(self, use: cst.Subscript | cst.Attribute) -> bool:
        return isinstance(use, cst.Subscript) or use.attr.value not in _OF_COROUTINES

    def _discards_outer(self, element: cst.CSTNode) -> bool:
        display = self.parents.get(id(element))
        return display is not None and self.discards(display, collected=True)

    def _discarded_by_call(self, argument: cst.Arg) -> bool:
        match self.parents.get(id(argument)):
            case cst.Call(func=cst.Name(value=name)):
                return name in _LOOKING
            case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name))) if (
                name in _LOGGING
            ):
                return owner in _LOGGERS
            case cst.Call(func=cst.Attribute(value=cst.Name() as owner, attr=cst.Name(value=name))) if name in _ADDING:
                return self._kept_idly(owner, collected=True)
            case _:
                return False

    def _returns_in_vain(self, function: cst.CSTNode | None, *, collected: bool) -> bool:
        """Whether nothing is made of what a function gives that is defined in another one, wherever it is called."""
        outer = None if function is None else scope_around(self.parents, function)
        if not isinstance(function, cst.FunctionDef) or function.decorators or not isinstance(outer, cst.FunctionDef):
            return False
        name, key = function.name.value, (id(function), "return")
        uses = [n for n in _below(outer.body) if isinstance(n, cst.Name) and n.value == name and n is not function.name]
        if key in self._open:
            return True
        self._open.add(key)
        given = [self._given_by(use, is_async=function.asynchronous is not None) for use in uses]
        in_vain = bool(given) and all(node is not None and self.discards(node, collected=collected) for node in given)
        self._open.discard(key)
        return in_vain

    def _given_by(self, name: cst.Name, *, is_async: bool) -> cst.CSTNode | None:
        """Return the call of a function by its name, or the `await` of that; None if it is put to another use."""
        call = self.parents.get(id(name))
        if not isinstance(call, cst.Call) or call.func is not name:
            return None
        awaited = self.parents.get(id(call)) if is_async else call
        return awaited if not is_async or isinstance(awaited, cst.Await) else None

    def ignores(self, function: cst.FunctionDef) -> bool:
        """Whether nothing is made of a function that is defined in another one, by its name."""
        outer = scope_around(self.parents, function)
        return isinstance(outer, cst.FunctionDef) and self._leaves_idle(outer, function.name.value, collected=False)

    def _kept_idly(self, target: cst.CSTNode, *, collected: bool) -> bool:
        """Whether nothing is made of what is kept under a name of a function."""
        function = scope_around(self.parents, target)
        if not isinstance(target, cst.Name) or not isinstance(function, cst.FunctionDef):
            return False
        return self._leaves_idle(function, target.value, collected=collected)

    def _leaves_idle(self, function: cst.FunctionDef, name: str, *, collected: bool) -> bool:
        """Whether nothing is made of what a name holds, wherever a function reads it."""
        key = (id(function), name)
        if key in self._open:
            return True
        self._open.add(key)
        names = [node for node in _below(function.body) if isinstance(node, cst.Name)]
        idle = not any(node.value in _BY_ANY_NAME for node in names) and all(
            self._is_idle(node, collected=collected) for node in names if node.value == name
        )
        self._open.discard(key)
        return idle

    def _is_idle(self, name: cst.Name, *, collected: bool) -> bool:
        match self.parents.get(id(name)):
            case cst.AssignTarget() | cst.Del() | cst.Param():
                return True
            case cst.FunctionDef(name=own) if own is name:
                return True
            case cst.AnnAssign(target=target) if target is name:
                return True
            case cst.Attribute(value=owner) as attribute if owner is not name:
                return attribute.attr is name  # an attribute of that name
            case cst.Arg(keyword=keyword) if keyword is name:
                return True
            case cst.Attribute(attr=cst.Name(value=method)) as attribute if collected and method in _ADDING:
                return self._is_called_alone(attribute)
            case cst.Attribute(attr=cst.Name("discard")) as attribute if collected:
                return self._is_done_callback(attribute)
            case cst.Attribute(attr=cst.Name("add_done_callback")) as attribute if not collected:
                return self._is_called_alone(attribute) and self._only_discards(attribute)
            case _:
                return self.discards(name, collected=collected)

    def _is_called_alone(self, function: cst.CSTNode) -> bool:
        call = self.parents.get(id(function))
        return isinstance(call, cst.Call) and call.func is function and isinstance(self.parents.get(id(call)), cst.Expr)

    def _is_done_callback(self, function: cst.CSTNode) -> bool:
        """Whether this is the `tasks.discard` of `task.add_done_callback(tasks.discard)`."""
        argument = self.parents.get(id(function))
        call = None if argument is None else self.parents.get(id(argument))
        return isinstance(call, cst.Call) and self._only_discards(call.func)

    def _only_discards(self, function: cst.CSTNode) -> bool:
        """Whether this is called to forget a task that is over, from a collection that nothing waits for."""
        match self.parents.get(id(function)):
            case cst.Call(
                func=cst.Attribute(attr=cst.Name("add_done_callback")),
                args=[cst.Arg(value=cst.Attribute(value=cst.Name() as tasks, attr=cst.Name("discard")))],
            ):
                return self._kept_idly(tasks, collected=True)
            case _:
                return False


def _below(body: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield all nodes of a function's body, those of functions in it too."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))

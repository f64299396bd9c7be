"""Values that are put to no use: thrown away, looked at only, or kept under a name of which nothing more is made.

What is said here is certain: any use that is not known to leave a value alone counts as one that may hand it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.parents import SCOPES, Parents
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


class _Value(Struct, frozen=True):
    """An expression's value, or, if it is `collected`, the members of that."""

    node: cst.CSTNode
    collected: bool


class _Name(Struct, frozen=True):
    """Whether all reads of a function's local name discard its value."""

    function: cst.FunctionDef
    name: str
    collected: bool


class _Result(Struct, frozen=True):
    """Whether all calls of a nested function discard its result."""

    function: cst.FunctionDef
    collected: bool


_Question: TypeAlias = _Name | _Result

# The questions that must all be answered with yes; None is a no.
_Conditions: TypeAlias = "Sequence[_Question] | None"
_DISCARDED: Final[tuple[_Question, ...]] = ()


class Discarding(Struct):
    """Tells of expressions in one module whether their values are put to no use.

    `ends` are the functions whose results go nowhere. With `is_coroutine`, values are of no use but to be awaited: an
    attribute or element of one is read by mistake. Each question is answered once.
    """

    parents: Parents
    ends: frozenset[int] = frozenset()
    is_coroutine: bool = True
    _answers: dict[_Question, bool] = field(default_factory=dict)
    _fates: dict[tuple[int, bool], _Conditions] = field(default_factory=dict)
    _names: dict[int, dict[str, list[cst.Name]]] = field(default_factory=dict)
    _scopes: dict[int, cst.CSTNode | None] = field(default_factory=dict)

    def discards(self, node: cst.CSTNode) -> bool:
        """Whether nothing is made of the value of an expression."""
        conditions = self._of_value(_Value(node, collected=False))
        return conditions is not None and all(map(self._answer, conditions))

    def ignores(self, function: cst.FunctionDef) -> bool:
        """Whether nothing is made of a function that is defined in another one, by its name."""
        outer = self._scope(function)
        return isinstance(outer, cst.FunctionDef) and self._answer(_Name(outer, function.name.value, collected=False))

    def stands_alone(self, node: cst.CSTNode) -> bool:
        """Whether an expression is a statement of its own, in a function where `await` can be written before it."""
        scope = self._scope(node)
        is_async = isinstance(scope, cst.FunctionDef) and scope.asynchronous is not None
        return is_async and isinstance(self.parents.get(id(node)), cst.Expr)

    def _answer(self, question: _Question) -> bool:
        """Answer a question, and all that it leads to: no if one of these is a no, which a cycle alone is not."""
        if question not in self._answers:
            self._explore(question)
        return self._answers[question]

    def _explore(self, question: _Question) -> None:
        asking: dict[_Question, list[_Question]] = {question: []}
        refuted: list[_Question] = []
        pending = [question]
        while pending:
            current = pending.pop()
            conditions = self._conditions(current)
            if conditions is None:
                refuted.append(current)
                continue
            for condition in conditions:
                if condition not in asking:
                    asking[condition] = []
                    if self._answers.get(condition) is None:
                        pending.append(condition)
                    elif not self._answers[condition]:
                        refuted.append(condition)
                asking[condition].append(current)
        self._answers.update(dict.fromkeys(asking, True))
        while refuted:
            current = refuted.pop()
            if self._answers[current]:
                self._answers[current] = False
                refuted += asking[current]

    def _conditions(self, question: _Question) -> _Conditions:
        match question:
            case _Name(function, name, collected):
                return self._of_name(function, name, collected=collected)
            case _Result(function, collected):
                return self._of_result(function, collected=collected)

    def _of_value(self, value: _Value) -> _Conditions:
        """Return the conditions for a value, which may become a part of others around it."""
        passed: list[tuple[int, bool]] = []
        fate: _Value | _Conditions = value
        while isinstance(fate, _Value):
            key = id(fate.node), fate.collected
            if key in self._fates:
                fate = self._fates[key]
            else:
                passed.append(key)
                fate = self._fate(fate.node, collected=fate.collected)
        self._fates.update(dict.fromkeys(passed, fate))
        return fate

    def _fate(self, node: cst.CSTNode, *, collected: bool) -> _Value | _Conditions:
        """Return what a value becomes a part of, or the conditions for it."""
        parent = self.parents.get(id(node))
        match parent:
            case cst.Expr() | cst.If() | cst.While() | cst.Assert() | cst.FormattedStringExpression():
                return _DISCARDED
            case cst.UnaryOperation(operator=cst.Not()):
                return _DISCARDED
            case cst.Comparison() | cst.ComparisonTarget():
                return _DISCARDED if not collected else None
            case cst.BinaryOperation(left=left, right=right):
                literal = isinstance(right if left is node else left, _LITERAL)
                return _DISCARDED if self.is_coroutine and literal else None
            case cst.Subscript() | cst.Attribute() if parent.value is node:
                return _DISCARDED if not collected and self.is_coroutine and _is_mistaken(parent) else None
            case cst.Arg(star=""):
                return self._of_argument(parent)
            case cst.Assign():
                return self._of_targets([target.target for target in parent.targets], collected=collected)
            case cst.AnnAssign():
                return self._of_targets([parent.target], collected=collected)
            case cst.Return():
                return self._of_return(parent, collected=collected)
            case cst.BooleanOperation() | cst.IfExp():
                tested = isinstance(parent, cst.IfExp) and parent.test is node
                return _DISCARDED if tested else _Value(parent, collected)
            case cst.Element() | cst.DictElement():
                display = self.parents.get(id(parent))
                return None if display is None else _Value(display, collected=True)
            case cst.ListComp() | cst.SetComp() if parent.elt is node:
                return _Value(parent, collected=True)
            case _:
                return None

    def _of_argument(self, argument: cst.Arg) -> _Conditions:
        match self.parents.get(id(argument)):
            case cst.Call(func=cst.Name(value=name)):
                return _DISCARDED if name in _LOOKING else None
            case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name))) if (
                name in _LOGGING
            ):
                return _DISCARDED if owner in _LOGGERS else None
            case cst.Call(func=cst.Attribute(value=cst.Name() as owner, attr=cst.Name(value=name))) if name in _ADDING:
                return self._of_targets([owner], collected=True)
            case _:
                return None

    def _of_targets(self, targets: Iterable[cst.CSTNode], *, collected: bool) -> _Conditions:
        """Return the conditions for values kept under names of a function; a value kept anywhere else is used."""
        found: list[_Question] = []
        for target in targets:
            function = self._scope(target)
            if not isinstance(target, cst.Name) or not isinstance(function, cst.FunctionDef):
                return None
            found.append(_Name(function, target.value, collected))
        return found

    def _of_return(self, statement: cst.Return, *, collected: bool) -> _Conditions:
        function = self._scope(statement)
        if id(function) in self.ends:
            return _DISCARDED
        return (_Result(function, collected),) if isinstance(function, cst.FunctionDef) else None

    def _of_result(self, function: cst.FunctionDef, *, collected: bool) -> _Conditions:
        """Return the conditions for the results of a function that is defined in another one, wherever it is called."""
        outer = self._scope(function)
        if function.decorators or not isinstance(outer, cst.FunctionDef):
            return None
        uses = [use for use in self._names_in(outer).get(function.name.value, ()) if use is not function.name]
        is_async = function.asynchronous is not None
        results = [result for use in uses if (result := self._result_at(use, is_async=is_async)) is not None]
        if not results or len(results) < len(uses):
            return None
        return self._of_all(self._of_value(_Value(result, collected)) for result in results)

    def _result_at(self, name: cst.Name, *, is_async: bool) -> cst.CSTNode | None:
        """Return the call of a function by its name, or the `await` of that; None if it is put to another use."""
        call = self.parents.get(id(name))
        if not isinstance(call, cst.Call) or call.func is not name:
            return None
        awaited = self.parents.get(id(call)) if is_async else call
        return awaited if not is_async or isinstance(awaited, cst.Await) else None

    def _of_name(self, function: cst.FunctionDef, name: str, *, collected: bool) -> _Conditions:
        names = self._names_in(function)
        if not _BY_ANY_NAME.isdisjoint(names):
            return None
        return self._of_all(self._of_use(use, collected=collected) for use in names.get(name, ()))

    def _of_all(self, uses: Iterable[_Conditions]) -> _Conditions:
        """Return the conditions of all uses of a value; one that is no discard decides."""
        found: dict[_Question, None] = {}
        for conditions in uses:
            if conditions is None:
                return None
            found.update(dict.fromkeys(conditions))
        return tuple(found)

    def _of_use(self, name: cst.Name, *, collected: bool) -> _Conditions:
        match self.parents.get(id(name)):
            case cst.AssignTarget() | cst.Del() | cst.Param():
                return _DISCARDED
            case cst.FunctionDef(name=own) if own is name:
                return _DISCARDED
            case cst.AnnAssign(target=target) if target is name:
                return _DISCARDED
            case cst.Attribute(value=owner) as attribute if owner is not name:
                return _DISCARDED if attribute.attr is name else None  # an attribute of that name
            case cst.Arg(keyword=keyword) if keyword is name:
                return _DISCARDED
            case cst.Attribute(attr=cst.Name(value=method)) as attribute if collected and method in _ADDING:
                return _DISCARDED if self._is_called_alone(attribute) else None
            case cst.Attribute(attr=cst.Name("discard")) as attribute if collected:
                return self._of_done_callback(attribute)
            case cst.Attribute(attr=cst.Name("add_done_callback")) as attribute if not collected:
                return self._of_discard_call(attribute) if self._is_called_alone(attribute) else None
            case _:
                return self._of_value(_Value(name, collected))

    def _is_called_alone(self, function: cst.CSTNode) -> bool:
        call = self.parents.get(id(function))
        return isinstance(call, cst.Call) and call.func is function and isinstance(self.parents.get(id(call)), cst.Expr)

    def _of_done_callback(self, function: cst.CSTNode) -> _Conditions:
        """Return the conditions for the `tasks.discard` of `task.add_done_callback(tasks.discard)`."""
        argument = self.parents.get(id(function))
        call = None if argument is None else self.parents.get(id(argument))
        return self._of_discard_call(call.func) if isinstance(call, cst.Call) else None

    def _of_discard_call(self, function: cst.CSTNode) -> _Conditions:
        """Return the conditions for a call that forgets a task that is over: nothing waits for its collection."""
        match self.parents.get(id(function)):
            case cst.Call(
                func=cst.Attribute(attr=cst.Name("add_done_callback")),
                args=[cst.Arg(value=cst.Attribute(value=cst.Name() as tasks, attr=cst.Name("discard")))],
            ):
                return self._of_targets([tasks], collected=True)
            case _:
                return None

    def _names_in(self, function: cst.FunctionDef) -> dict[str, list[cst.Name]]:
        """Return the names in a function's body by their text, those of functions in it too."""
        found = self._names.get(id(function))
        if found is None:
            found = self._names[id(function)] = {}
            for node in _below(function.body):
                if isinstance(node, cst.Name):
                    found.setdefault(node.value, []).append(node)
        return found

    def _scope(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """Return the innermost function, lambda, class or module that a node is in."""
        passed: list[cst.CSTNode] = []
        while id(node) not in self._scopes:
            passed.append(node)
            outer = self.parents.get(id(node))
            if outer is None or isinstance(outer, SCOPES):
                self._scopes[id(node)] = outer
            else:
                node = outer
        scope = self._scopes[id(node)]
        self._scopes.update((id(inner), scope) for inner in passed)
        return scope


def _is_mistaken(use: cst.Subscript | cst.Attribute) -> bool:
    return isinstance(use, cst.Subscript) or use.attr.value not in _OF_COROUTINES


def _below(body: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield all nodes of a function's body, those of functions in it too."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))

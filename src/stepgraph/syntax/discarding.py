"""Discarded values: expression statements, values that are only inspected, and values assigned to unused names.

The analysis computes must facts: a use discards a value only if it cannot pass the value on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.bound_names import binds_subject, unpacking_targets
from stepgraph.syntax.discard_predicates import (
    DISCARDED,
    AttributeDiscarded,
    Conditions,
    NameDiscarded,
    Predicate,
    ResultDiscarded,
    UsedValue,
)
from stepgraph.syntax.free_names import comprehension_targets
from stepgraph.syntax.mutation.changes import LOG_METHODS, LOGGER_NAMES
from stepgraph.syntax.names_in_modules import AttributeUses
from stepgraph.syntax.python_names import is_coroutine_attribute
from stepgraph.syntax.reachability import UnreachableCode
from stepgraph.syntax.walk import COMPREHENSIONS, SCOPES, Parents, all_nodes, ancestors_of, expressions_below

# Functions that inspect their arguments without storing them.
_INSPECTING_FUNCTIONS: Final = frozenset(["bool", "isinstance", "len", "print", "repr", "str", "type"])
# Functions that fail for an awaitable.
_REJECTING_FUNCTIONS: Final = frozenset(
    [
        *("abs", "all", "any", "bytes", "dict", "enumerate", "float", "frozenset", "int", "iter", "list", "max"),
        *("min", "reversed", "round", "set", "sorted", "sum", "tuple"),
    ]
)
# Expressions whose values cannot be combined with a coroutine. The result of a step is plain data.
_PLAIN_DATA: Final = (cst.Await, cst.BaseNumber, cst.BaseString, cst.Dict, cst.List, cst.Tuple)
_ADDING_METHODS: Final = frozenset(["add", "append", "extend"])
# Methods of tasks that neither wait for the task nor return its result.
_INSPECTING_METHODS: Final = frozenset(["cancelled", "done", "get_name", "get_stack", "print_stack", "set_name"])
# Functions that may read any local name.
_DYNAMIC_LOOKUPS: Final = frozenset(["eval", "exec", "locals", "vars"])


class DiscardAnalysis(Struct):
    """An analysis of the discarded values in one module. It evaluates each predicate once."""

    parents: Parents
    attributes: AttributeUses | None = None
    """The uses of attributes, or None if other code may read all attributes."""
    discarded_results: frozenset[int] = frozenset()
    """Identities of the functions whose results are discarded."""
    data_calls: AbstractSet[int] = frozenset()
    """Identities of the calls of functions that fail for a coroutine, or convert it to text."""
    decorators: AbstractSet[int] = frozenset()
    """Identities of the calls that return decorators, `step.do(...)`, whose results keep the decorated functions."""
    is_coroutine: bool = True
    """Whether values are useful only if awaited, so that access to an attribute or element is a mistake."""
    _results: dict[Predicate, bool] = field(default_factory=dict)
    """Whether each evaluated predicate holds."""
    _conditions_by_value: dict[tuple[int, bool], Conditions] = field(default_factory=dict)
    """The conditions for a value to be discarded, by the identity of its node and `elements_only`."""
    _unpacking_targets: dict[int, dict[int, cst.BaseExpression]] = field(default_factory=dict)
    """The results of `unpacking_targets`, by the identity of the assignment."""
    _names_by_function: dict[int, dict[str, list[cst.Name]]] = field(default_factory=dict)
    """The name nodes in each function, by the identity of the function and the text of the name."""
    _loops_with_await: dict[int, bool] = field(default_factory=dict)
    """Whether a `for` loop contains an `await`, by the identity of the loop."""
    _plain_data: dict[tuple[int, str], bool] = field(default_factory=dict)
    """Whether a local variable only has plain data as its values, by the identity of the function and the name."""
    _scopes: dict[int, cst.CSTNode | None] = field(default_factory=dict)
    """The innermost scope of a node, by the identity of the node."""
    _unreachable: UnreachableCode | None = None
    """The unreachable code of the module, once a use of a name is examined."""

    def is_discarded(self, node: cst.CSTNode) -> bool:
        """Return whether the program discards the value of an expression."""
        conditions = self._value_conditions(UsedValue(node, elements_only=False))
        return conditions is not None and all(map(self._holds, conditions))

    def is_never_used(self, function: cst.FunctionDef) -> bool:
        """Return whether all uses of the name of a nested function discard it."""
        outer = self._scope(function)
        return isinstance(outer, cst.FunctionDef) and self._holds(
            NameDiscarded(outer, function.name.value, elements_only=False)
        )

    def is_async_statement(self, node: cst.CSTNode) -> bool:
        """Return whether an expression is a statement in an async function, so `await` can precede it."""
        scope = self._scope(node)
        is_async = isinstance(scope, cst.FunctionDef) and scope.asynchronous is not None
        return is_async and isinstance(self.parents.get(id(node)), cst.Expr)

    def _holds(self, predicate: Predicate) -> bool:
        """Return whether a predicate holds, computed as a greatest fixpoint: the predicates of a cycle hold."""
        if predicate not in self._results:
            self._solve(predicate)
        return self._results[predicate]

    def _solve(self, predicate: Predicate) -> None:
        dependents: dict[Predicate, list[Predicate]] = {predicate: []}
        refuted: list[Predicate] = []
        pending = [predicate]
        while pending:
            current = pending.pop()
            conditions = self._conditions_of(current)
            if conditions is None:
                refuted.append(current)
                continue
            for condition in conditions:
                if condition not in dependents:
                    dependents[condition] = []
                    if self._results.get(condition) is None:
                        pending.append(condition)
                    elif not self._results[condition]:
                        refuted.append(condition)
                dependents[condition].append(current)
        self._results.update(dict.fromkeys(dependents, True))
        while refuted:
            current = refuted.pop()
            if self._results[current]:
                self._results[current] = False
                refuted += dependents[current]

    def _conditions_of(self, predicate: Predicate) -> Conditions:
        match predicate:
            case NameDiscarded(function, name, elements_only):
                return self._name_conditions(function, name, elements_only=elements_only)
            case AttributeDiscarded(name, elements_only):
                return self._attribute_conditions(name, elements_only=elements_only)
            case ResultDiscarded(function, elements_only):
                return self._result_conditions(function, elements_only=elements_only)

    def _value_conditions(self, value: UsedValue) -> Conditions:
        """Return the conditions for discarding a value, which may become part of enclosing expressions."""
        keys: list[tuple[int, bool]] = []
        use: UsedValue | Conditions = value
        while isinstance(use, UsedValue):
            key = id(use.node), use.elements_only
            if key in self._conditions_by_value:
                use = self._conditions_by_value[key]
            else:
                keys.append(key)
                use = self._enclosing_use(use.node, elements_only=use.elements_only)
        self._conditions_by_value.update(dict.fromkeys(keys, use))
        return use

    def _enclosing_use(self, node: cst.CSTNode, *, elements_only: bool) -> UsedValue | Conditions:
        """Return the enclosing value that contains a node's value, or the conditions for discarding that value."""
        parent = self.parents.get(id(node))
        match parent:
            case cst.Expr() | cst.If() | cst.While() | cst.Assert() | cst.FormattedStringExpression():
                return DISCARDED
            case cst.UnaryOperation(operator=cst.Not()):
                return DISCARDED
            case cst.Comparison() | cst.ComparisonTarget():
                return DISCARDED if not elements_only else None
            case cst.BinaryOperation(left=first, right=second):
                is_data = isinstance(second if first is node else first, _PLAIN_DATA)
                return DISCARDED if self.is_coroutine and is_data and not elements_only else None
            case cst.AugAssign(target=cst.Name() as target):
                return DISCARDED if not elements_only and self._is_plain_data(target) else None
            case cst.Attribute(attr=cst.Name(value=name)) if parent.value is node and name in _INSPECTING_METHODS:
                return DISCARDED if not elements_only and self._only_inspects(parent) else None
            case cst.For(asynchronous=None, target=target) | cst.CompFor(asynchronous=None, target=target) if (
                parent.iter is node
            ):
                return self._target_conditions([target], elements_only=False) if elements_only else DISCARDED
            case cst.Subscript() if parent.value is node:
                return None if elements_only else DISCARDED
            case cst.Attribute() if parent.value is node:
                is_missing_await = not is_coroutine_attribute(parent.attr.value)
                return DISCARDED if not elements_only and self.is_coroutine and is_missing_await else None
            case cst.Arg(star=""):
                return self._argument_conditions(parent, elements_only=elements_only)
            case cst.BooleanOperation() | cst.IfExp():
                tested = isinstance(parent, cst.IfExp) and parent.test is node
                return DISCARDED if tested else UsedValue(parent, elements_only)
            case cst.Match() if parent.subject is node:
                return None if elements_only or binds_subject(parent) else DISCARDED
            case cst.BaseElement() | cst.BaseDictElement():
                return self._use_in_display(parent, elements_only=elements_only)
            case cst.ListComp() | cst.SetComp() if parent.elt is node:
                return UsedValue(parent, elements_only=True)
            case _:
                return self._transfer_conditions(parent, node, elements_only=elements_only)

    def _transfer_conditions(self, parent: cst.CSTNode | None, node: cst.CSTNode, *, elements_only: bool) -> Conditions:
        """Return the conditions for discarding a value that an assignment or function passes to other code."""
        match parent:
            case cst.Assign(targets=targets):
                return self._target_conditions([target.target for target in targets], elements_only=elements_only)
            case cst.AnnAssign():
                return self._target_conditions([parent.target], elements_only=elements_only)
            case cst.Return():
                return self._return_conditions(parent, elements_only=elements_only)
            case cst.Lambda() if parent.body is node:
                return (ResultDiscarded(parent, elements_only),)
            case cst.NamedExpr(target=target, value=value) if value is node:
                outer = self._target_conditions([target], elements_only=elements_only)
                return self._merge_conditions([outer, self._value_conditions(UsedValue(parent, elements_only))])
            case _:
                return None

    def _use_in_display(
        self, element: cst.BaseElement | cst.BaseDictElement, *, elements_only: bool
    ) -> UsedValue | Conditions:
        """Return the list, tuple, set or dictionary that contains a value as an element, or the conditions for it."""
        if isinstance(element, cst.StarredElement | cst.StarredDictElement):
            return None if elements_only else DISCARDED
        unpacked = self._unpacking_target(element) if isinstance(element, cst.Element) else None
        if unpacked is not None:
            return self._target_conditions([unpacked], elements_only=elements_only)
        display = self.parents.get(id(element))
        return None if display is None else UsedValue(display, elements_only=True)

    def _argument_conditions(self, argument: cst.Arg, *, elements_only: bool) -> UsedValue | Conditions:
        match self.parents.get(id(argument)):
            case cst.Call() as call if id(call) in self.data_calls:
                return None if elements_only else DISCARDED
            case cst.Call(func=decorator) as decorated if id(decorator) in self.decorators:
                return UsedValue(decorated, elements_only)
            case cst.Call(func=cst.Name(value=name), args=arguments) if name in _REJECTING_FUNCTIONS:
                has_keyword = any(each.keyword is not None for each in arguments)  # `max` and `min` may compare keys
                return None if elements_only or has_keyword else DISCARDED
            case cst.Call(func=cst.Name(value=name)):
                return DISCARDED if name in _INSPECTING_FUNCTIONS else None
            case cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name))) if (
                name in LOG_METHODS
            ):
                return DISCARDED if owner in LOGGER_NAMES else None
            case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(value=name))) if name in _ADDING_METHODS:
                return self._target_conditions([owner], elements_only=True)
            case _:
                return None

    def _target_conditions(self, targets: Iterable[cst.CSTNode], *, elements_only: bool) -> Conditions:
        """Return the conditions for discarding an assigned value.

        Return None unless all targets are local names, attributes, or elements of these.
        """
        conditions: list[Predicate] = []
        for target in targets:
            function = self._scope(target)
            if isinstance(target, cst.Tuple | cst.List) and not elements_only:
                continue  # an awaitable cannot be unpacked
            of_elements = elements_only or isinstance(target, cst.Subscript)
            match target.value if isinstance(target, cst.Subscript) else target:
                case cst.Name(value=name) if isinstance(function, cst.FunctionDef):
                    conditions.append(NameDiscarded(function, name, of_elements))
                case cst.Attribute(attr=cst.Name(value=name)):
                    conditions.append(AttributeDiscarded(name, of_elements))
                case _:
                    return None
        return conditions

    def _unpacking_target(self, element: cst.Element) -> cst.BaseExpression | None:
        """Return the target of an element in an assignment such as `first, second = 1, 2`. Return None elsewhere."""
        display = self.parents.get(id(element))
        assign = None if display is None else self.parents.get(id(display))
        if not isinstance(assign, cst.Assign):
            return None
        if id(assign) not in self._unpacking_targets:
            self._unpacking_targets[id(assign)] = unpacking_targets(assign)
        return self._unpacking_targets[id(assign)].get(id(element))

    def _is_plain_data(self, name: cst.Name) -> bool:
        """Return whether a local variable only has literals and results of `await` as its values, memoized."""
        function = self._scope(name)
        if not isinstance(function, cst.FunctionDef):
            return False
        key = (id(function), name.value)
        if key not in self._plain_data:
            uses = self._names_in(function).get(name.value, ())
            values = [value for use in uses for value in self._values_assigned_to(use)]
            self._plain_data[key] = bool(values) and all(isinstance(value, _PLAIN_DATA) for value in values)
        return self._plain_data[key]

    def _values_assigned_to(self, name: cst.Name) -> Sequence[cst.CSTNode | None]:
        """Return the value that a use of a name assigns to it, None for an unknown value, or nothing for a read."""
        match self.parents.get(id(name)):
            case cst.AssignTarget() as target:
                assign = self.parents.get(id(target))
                return (assign.value if isinstance(assign, cst.Assign) else None,)
            case cst.AnnAssign(target=target, value=value) if target is name:
                return (value,)
            case cst.Element() if not self._is_target(name):
                return ()
            case cst.For(target=target) | cst.CompFor(target=target) | cst.NamedExpr(target=target) if (
                target is not name
            ):
                return ()
            case (
                cst.Element() | cst.For() | cst.CompFor() | cst.NamedExpr() | cst.AsName() | cst.MatchAs() | cst.Param()
            ):
                return (None,)
            case _:
                return ()

    def _return_conditions(self, statement: cst.Return, *, elements_only: bool) -> Conditions:
        function = self._scope(statement)
        if id(function) in self.discarded_results:
            return DISCARDED
        return (ResultDiscarded(function, elements_only),) if isinstance(function, cst.FunctionDef) else None

    def _result_conditions(self, function: cst.FunctionDef | cst.Lambda, *, elements_only: bool) -> Conditions:
        """Return the conditions under which all calls of a nested function or lambda discard its result."""
        outer, name = self._scope(function), self._bound_name(function)
        if name is None or not isinstance(outer, cst.FunctionDef):
            return None
        uses = [use for use in self._names_in(outer).get(name.value, ()) if use is not name]
        is_async = isinstance(function, cst.FunctionDef) and function.asynchronous is not None
        results = [result for use in uses if (result := self._call_result(use, is_async=is_async)) is not None]
        if not results or len(results) < len(uses):
            return None
        return self._merge_conditions(self._value_conditions(UsedValue(result, elements_only)) for result in results)

    def _bound_name(self, function: cst.FunctionDef | cst.Lambda) -> cst.Name | None:
        """Return the only name to which a function or lambda is bound. Return None for a decorated function."""
        if isinstance(function, cst.FunctionDef):
            return None if function.decorators else function.name
        match self.parents.get(id(function)):
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name() as name)]):
                return name
            case _:
                return None

    def _call_result(self, name: cst.Name, *, is_async: bool) -> cst.CSTNode | None:
        """Return the call of `name`, or the `await` of that call if `is_async`. Return None for other uses."""
        call = self.parents.get(id(name))
        if not isinstance(call, cst.Call) or call.func is not name:
            return None
        awaited = self.parents.get(id(call)) if is_async else call
        return awaited if not is_async or isinstance(awaited, cst.Await) else None

    def _name_conditions(self, function: cst.FunctionDef, name: str, *, elements_only: bool) -> Conditions:
        names = self._names_in(function)
        if not names.keys().isdisjoint(_DYNAMIC_LOOKUPS):  # a dictionary as the argument would be iterated
            return None
        return self._merge_conditions(
            conditions if conditions is not None else self._unexecuted_conditions(use, function)
            for use in names.get(name, ())
            for conditions in (self._name_use_conditions(use, elements_only=elements_only),)
        )

    def _attribute_conditions(self, name: str, *, elements_only: bool) -> Conditions:
        uses = None if self.attributes is None else self.attributes.of_name(name)
        if uses is None:
            return None
        return self._merge_conditions(self._name_use_conditions(use, elements_only=elements_only) for use in uses)

    def _unexecuted_conditions(self, use: cst.Name, function: cst.FunctionDef) -> Conditions:
        """Return the conditions for a name in a function never to be read there as a variable of that function.

        The name may be in unreachable code, be a parameter of a nested function or a variable of a comprehension, or
        be in a nested function that nothing uses.
        """
        if self._unreachable is None:
            self._unreachable = UnreachableCode(self.parents)
        if self._unreachable.contains(use):
            return DISCARDED
        body: cst.CSTNode = use
        is_outside = False
        nested: list[cst.FunctionDef] = []
        for ancestor in takewhile(lambda outer: outer is not function, ancestors_of(self.parents, use)):
            if isinstance(ancestor, cst.FunctionDef | cst.Lambda) and body is ancestor.body:
                if any(parameter.name.value == use.value for parameter in parameters(ancestor.params)):
                    return DISCARDED
                if isinstance(ancestor, cst.FunctionDef):
                    nested.append(ancestor)
            if isinstance(ancestor, COMPREHENSIONS) and not is_outside and use.value in comprehension_targets(ancestor):
                return DISCARDED
            # The first iterable of a comprehension is evaluated in the scope around the comprehension.
            is_outside = isinstance(ancestor, cst.CompFor) and body is ancestor.iter
            body = ancestor
        scope = self._scope(nested[-1]) if nested and not nested[-1].decorators else None
        if not isinstance(scope, cst.FunctionDef):
            return None
        return (NameDiscarded(scope, nested[-1].name.value, elements_only=False),)

    def _merge_conditions(self, uses: Iterable[Conditions]) -> Conditions:
        """Return the conjunction of the conditions of all uses. Return None if a use is not a discard."""
        merged: dict[Predicate, None] = {}
        for conditions in uses:
            if conditions is None:
                return None
            merged.update(dict.fromkeys(conditions))
        return tuple(merged)

    def _name_use_conditions(self, name: cst.Name | cst.Attribute, *, elements_only: bool) -> Conditions:
        match self.parents.get(id(name)):
            case cst.AssignTarget() | cst.Del() | cst.Param():
                return DISCARDED
            case cst.FunctionDef(name=function_name) if function_name is name:
                return DISCARDED
            case (
                cst.AnnAssign(target=target)
                | cst.For(target=target)
                | cst.CompFor(target=target)
                | cst.NamedExpr(target=target)
                | cst.AsName(name=target)
                | cst.MatchAs(name=target)
            ) if target is name:
                return DISCARDED
            case cst.Element() if self._is_target(name):
                return DISCARDED
            case cst.Subscript() as subscript if elements_only and subscript.value is name:
                return DISCARDED if isinstance(self.parents.get(id(subscript)), cst.AssignTarget) else None
            case cst.Attribute(value=owner) as attribute if owner is not name:
                return DISCARDED if attribute.attr is name else None  # the name of the attribute, not a local name
            case cst.Arg(keyword=keyword) if keyword is name:
                return DISCARDED
            case cst.Attribute(attr=cst.Name(value=method)) as attribute if elements_only and method in _ADDING_METHODS:
                return DISCARDED if self._is_call_statement(attribute) else None
            case cst.Attribute(attr=cst.Name("discard")) as attribute if elements_only:
                return self._discard_method_conditions(attribute)
            case cst.Attribute(attr=cst.Name("add_done_callback")) as attribute if not elements_only:
                return self._done_callback_conditions(attribute) if self._is_call_statement(attribute) else None
            case _:
                return self._value_conditions(UsedValue(name, elements_only))

    def _is_target(self, name: cst.CSTNode) -> bool:
        """Return whether a name is an element of an assignment target, such as `a` in `a, *b = pair`."""
        node: cst.CSTNode = name
        for ancestor in ancestors_of(self.parents, name):
            match ancestor:
                case cst.Element() | cst.StarredElement() | cst.Tuple() | cst.List():
                    node = ancestor
                case cst.AssignTarget(target=target) | cst.For(target=target) | cst.CompFor(target=target):
                    return target is node
                case _:
                    return False
        return False

    def _only_inspects(self, method: cst.Attribute) -> bool:
        """Return whether a method of a task is called, but not in a loop that waits for the task by polling."""
        call = self.parents.get(id(method))
        if not isinstance(call, cst.Call) or call.func is not method:
            return False
        return method.attr.value != "done" or not any(map(self._may_poll, ancestors_of(self.parents, call)))

    def _may_poll(self, node: cst.CSTNode) -> bool:
        """Return whether a node is a loop that may wait for a task: a `while`, or a `for` that awaits something."""
        if not isinstance(node, cst.For):
            return isinstance(node, cst.While)
        if id(node) not in self._loops_with_await:
            parts = expressions_below(node)
            self._loops_with_await[id(node)] = any(isinstance(part, cst.Await) for part in parts)
        return self._loops_with_await[id(node)]

    def _is_call_statement(self, function: cst.CSTNode) -> bool:
        call = self.parents.get(id(function))
        return isinstance(call, cst.Call) and call.func is function and isinstance(self.parents.get(id(call)), cst.Expr)

    def _discard_method_conditions(self, function: cst.CSTNode) -> Conditions:
        """Return the conditions for discarding `tasks` in `task.add_done_callback(tasks.discard)`."""
        argument = self.parents.get(id(function))
        call = None if argument is None else self.parents.get(id(argument))
        return self._done_callback_conditions(call.func) if isinstance(call, cst.Call) else None

    def _done_callback_conditions(self, function: cst.CSTNode) -> Conditions:
        """Return the conditions for discarding a task in `task.add_done_callback(tasks.discard)`."""
        match self.parents.get(id(function)):
            case cst.Call(
                func=cst.Attribute(attr=cst.Name("add_done_callback")),
                args=[cst.Arg(value=cst.Attribute(value=cst.Name() as tasks, attr=cst.Name("discard")))],
            ):
                return self._target_conditions([tasks], elements_only=True)
            case _:
                return None

    def _names_in(self, function: cst.FunctionDef) -> dict[str, list[cst.Name]]:
        """Return the name nodes in a function's body by their text, including those in nested functions."""
        names = self._names_by_function.get(id(function))
        if names is None:
            names = self._names_by_function[id(function)] = {}
            for node in all_nodes(function.body):
                if isinstance(node, cst.Name):
                    names.setdefault(node.value, []).append(node)
        return names

    def _scope(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """Return the innermost function, lambda, class or module that contains a node, memoized."""
        path: list[cst.CSTNode] = []
        while id(node) not in self._scopes:
            path.append(node)
            outer = self.parents.get(id(node))
            if outer is None or isinstance(outer, SCOPES):
                self._scopes[id(node)] = outer
            else:
                node = outer
        scope = self._scopes[id(node)]
        self._scopes.update((id(visited), scope) for visited in path)
        return scope

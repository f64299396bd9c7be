"""The functions that expressions call, the values that they return, and the code that decides their results.

In `ok = await self.run_step("check", self.check, order)`, only the name of the step decides the result if nothing but
the body of the step reads the other arguments: the engine keeps the results of steps.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise, takewhile
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.hashing import short_digest
from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name, parameters
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_code import expression_tree
from stepgraph.syntax.definitions.definition_scope import (
    DefinitionExpansion,
    DefinitionScope,
    OpaqueFunction,
    functions_around,
)
from stepgraph.syntax.definitions.function_calls import (
    DefinedFunction,
    arguments_for,
    is_collection,
    names_function,
    only_function,
    returned_value,
)
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError, in_parentheses
from stepgraph.syntax.definitions.normal_values import NO_MODULE
from stepgraph.syntax.definitions.raising_code import (
    NO_TYPES,
    CaughtTypes,
    HandlingStatement,
    caught_types,
    may_end_exceptions,
    raising_parts,
)
from stepgraph.syntax.definitions.variable_changes import BlockStatement, deciding_parts
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.function_attributes import keeps_function
from stepgraph.syntax.walk import ancestors_of, code_without_layout, statements, statements_below

_SUPER: Final = "super("
"""The call whose value depends on the class around it."""


class FunctionResult(Struct, frozen=True):
    """The code that decides the result of a function with steps."""

    identifier: str
    """An identifier for the code, without the arguments."""
    parameters: frozenset[str]
    """The names of the parameters that the code reads, perhaps with attributes, such as `activity.name`."""
    reads: frozenset[str]
    """The variables and attributes in the code, as in `WriteIndex`."""


class CalledFunctions(Struct):
    """The functions with steps that the expressions of a graph call."""

    scope: DefinitionScope
    _calls: dict[tuple[cst.FunctionDef, str], list[tuple[SourcePlace, DefinedFunction]]] = field(default_factory=dict)
    """The calls with their functions, by the function around the call and the last name in the call."""
    _by_text: dict[tuple[cst.FunctionDef, str], dict[str, dict[cst.FunctionDef, DefinedFunction]]] = field(
        default_factory=dict
    )
    """The functions that calls may run, by the text of the call, with the keys of `_calls`."""
    _pending: list[cst.FunctionDef] = field(default_factory=list)
    """The functions whose results are being searched, outermost first."""

    @classmethod
    def of(cls, scope: DefinitionScope) -> CalledFunctions:
        """Return the functions of a graph that calls name."""
        called = cls(scope)
        for function, places in scope.calls.items():
            module = scope.modules.get(function)
            if module is None:
                continue
            for place in places:
                enclosing = functions_around(place)
                if enclosing and isinstance(place.node, cst.Call):
                    key = enclosing[0], last_name(place.node.func)
                    definition = DefinedFunction(module, function, function)
                    called._calls.setdefault(key, []).append((place, definition))
        return called

    def called_by(self, call: cst.Call, enclosing: Sequence[cst.FunctionDef]) -> DefinedFunction | None:
        """Return the only function with steps that a call in an expression of nested functions, innermost first, runs.

        Return None for a call without the name of the function, whose arguments may be those of other functions.
        """
        match self.run_by(call, enclosing):
            case [function] if names_function(call, function.node):
                return function
            case _:
                return None

    def identifier_of(self, call: cst.Call, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return an identifier for the code of all functions with steps that a call may run, or an empty string."""
        return "_".join(filter(None, map(self._identifier_of, self.run_by(call, enclosing))))

    def _identifier_of(self, function: DefinedFunction) -> str:
        """Return an identifier for the code of a function, by its text within the code of functions that it calls."""
        result = self.result_of(function)
        if result is not None:
            return result.identifier
        is_recursive = function.node in self._pending[-1:]
        return "" if is_recursive else f"s_{short_digest(code_without_layout(function.node))}"

    def run_by(self, call: cst.Call, enclosing: Sequence[cst.FunctionDef]) -> Sequence[DefinedFunction]:
        """Return the functions with steps that a call in an expression of nested functions may run."""
        key = (enclosing[0], last_name(call.func)) if enclosing else None
        if key is None or key not in self._calls:
            return ()
        if key not in self._by_text:
            self._by_text[key] = {}
            for place, function in self._calls[key]:
                self._add(self._by_text[key], place, function)
        return [*self._by_text[key].get(_normal_call(NO_MODULE.code_for_node(call)), {}).values()]

    def may_call(self, name: str, enclosing: cst.FunctionDef) -> bool:
        """Return whether a function may call one with steps by a name."""
        return (enclosing, name) in self._calls

    @staticmethod
    def _add(
        by_text: dict[str, dict[cst.FunctionDef, DefinedFunction]], place: SourcePlace, function: DefinedFunction
    ) -> None:
        if isinstance(place.node, cst.BaseExpression):
            for text in (place.text, text_without_settings(place.node, place.module)):
                by_text.setdefault(_normal_call(text), {})[function.node] = function

    def reads_of_result(self, function: cst.FunctionDef, module: SourceModule) -> frozenset[str] | None:
        """Return the variables and attributes that decide the result of a function, or None within its code."""
        result = self.result_of(DefinedFunction(module, function, function))
        return None if result is None else result.reads

    def result_of(self, function: DefinedFunction) -> FunctionResult | None:
        """Return the code that decides the result of a function with steps, or None within this code."""
        results = self.scope.results
        if function.node not in results:
            results[function.node] = None
            self._pending.append(function.node)
            results[function.node] = self._search(function)
            self._pending.pop()
        return results[function.node]

    def _search(self, function: DefinedFunction) -> FunctionResult:
        # Imported here because few expressions contain the results of such functions.
        from stepgraph.syntax.definitions.value_sources import ValueSources

        module, enclosing = function.module, functions_around(SourcePlace(function.module, function.node))
        opaque = OpaqueFunction(function.node)
        expansion = DefinitionExpansion(self.scope, opaque=opaque)
        definitions = VariableDefinitions(module, (function.node, *enclosing), expansion)
        sources = ValueSources(module, self.scope, opaque)
        texts: list[str] = []
        for statement, part in self.deciding_code(function):
            text = ""
            with suppress(UnknownDefinitionError, cst.ParserSyntaxError):
                text = definitions.expand(_text_of(part, module), statement, 0)
            texts.append(text or sources.of([part], (function.node, *enclosing), statement))
        read = {each.partition(".")[0] for each in opaque.parameters}
        defaults = (each.default for each in parameters(function.node.params) if each.name.value in read)
        texts += [sources.of([each], enclosing, function.node) for each in defaults if each is not None]
        reads = frozenset({*expansion.reads, *sources.reads})
        return FunctionResult(f"s_{short_digest(' '.join(texts))}", frozenset(opaque.parameters), reads)

    def deciding_code(self, function: DefinedFunction) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        """Yield the code that decides the result of a function and its effects on its arguments, with the statements.

        These are the values that it returns, its decorators except `functools.wraps`, the statements that mutate
        arguments, and the exceptions that other code handles, all with the code that selects them.
        """
        for decorator in function.node.decorators:
            if not keeps_function(decorator):
                yield function.node, decorator.decorator
        yield from _deciding_code(function.node, function.module, _results)
        for parameter in parameters(function.node.params):
            mutations = self.scope.writes.mutations(parameter.name.value, function.node, function.module)
            yield from ((statement, statement) for statement in mutations)
        caught = self._handled_exceptions(function.node)
        if caught is not None:
            yield from _deciding_code(function.node, function.module, lambda each: raising_parts(each, caught) or None)

    def _handled_exceptions(self, function: cst.FunctionDef) -> CaughtTypes | None:
        """Return the exceptions of a function that its callers may handle, or None if they handle no exception."""
        pending, visited = [function], {function}
        handled: list[CaughtTypes] = []
        while pending:
            for call in self.scope.calls.get(pending.pop(), ()):
                handled += _handled_by_caller(call)
                callers = [each for each in functions_around(call)[:1] if each not in visited]
                visited.update(callers)
                pending += callers
        return NO_TYPES.union(*handled) if handled else None


def _deciding_code(
    function: cst.FunctionDef, module: SourceModule, values_of: Callable[[cst.CSTNode], Sequence[cst.CSTNode] | None]
) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield the values of some statements of a function and the code that selects these, with the statements.

    `values_of` returns None for other statements.
    """
    for statement in statements_below(function.body):
        values = values_of(statement)
        if values is None:
            continue
        yield from ((statement, value) for value in values)
        for outer in takewhile(lambda each: each is not function, ancestors_of(module.parents, statement)):
            if isinstance(outer, cst.For):
                yield statement, outer.iter
            if isinstance(outer, BlockStatement):
                yield from ((statement, part) for part in deciding_parts(outer, module))


def _results(statement: cst.CSTNode) -> Sequence[cst.CSTNode] | None:
    """Return the value that a statement returns, or None for another statement."""
    match statement:
        case cst.Return(value=value):
            return () if value is None else (value,)
        case _:
            return None


def _handled_by_caller(call: SourcePlace) -> Iterator[CaughtTypes]:
    """Yield the exceptions of a call that code around it, or code that reads the task, may handle.

    Of the exceptions of a task, only exceptions of other calls and of `raise` count.
    """
    path = [call.node, *ancestors_of(call.module.parents, call.node)]
    if not isinstance(path[1], cst.Await):
        yield NO_TYPES
    for inner, outer in pairwise(path):
        if isinstance(outer, cst.FunctionDef):
            break
        if isinstance(outer, HandlingStatement) and inner is outer.body and _may_continue(outer, call.module):
            yield caught_types(outer)


def _may_continue(statement: HandlingStatement, module: SourceModule) -> bool:
    """Return whether code after a statement, or in its `finally`, may run after an exception in its body."""
    if isinstance(statement, cst.With):
        return may_end_exceptions(statement, module)
    return statement.finalbody is not None or not all(map(_raises_again, statement.handlers))


def _raises_again(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    *_, last = statements(handler.body)
    return isinstance(last, cst.Raise)


def _text_of(part: cst.CSTNode, module: SourceModule) -> str:
    """Return the text of a returned value or condition. Raises UnknownDefinitionError for a pattern or statement."""
    if not isinstance(part, cst.BaseExpression):
        raise UnknownDefinitionError
    return text_without_settings(part, module)


def deciding_arguments(
    call: cst.Call, function: cst.FunctionDef, result: FunctionResult
) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield numbers for the parameters that decide the result of a call, with the values that it passes for them.

    If only attributes of a parameter decide it, yield these.
    """
    for position, parameter in enumerate(parameters(function.params)):
        name = parameter.name.value
        for each in sorted(each for each in result.parameters if each.partition(".")[0] == name):
            _, *attributes = each.split(".")
            match arguments_for(name, position, function, call):
                case []:
                    continue
                case [cst.Arg(value=value, star="")] if not is_collection(name, function):
                    yield "_".join((f"p{position}", *attributes)), _attribute(value, attributes)
                case arguments:
                    yield "_".join((f"p{position}", *attributes)), cst.Tuple([_element(each) for each in arguments])


def _attribute(value: cst.BaseExpression, attributes: Sequence[str]) -> cst.BaseExpression:
    """Return the expression for an attribute of a value, or for an attribute of the attribute and so on."""
    for each in attributes:
        value = cst.Attribute(in_parentheses(value), cst.Name(each))
    return value


def _element(argument: cst.Arg) -> cst.BaseElement:
    """Return an argument as an element of a tuple."""
    match argument:
        case cst.Arg(star="*", value=value):
            return cst.StarredElement(value)
        case cst.Arg(star="**", value=value):
            return cst.Element(cst.Dict([cst.StarredDictElement(value)]))
        case cst.Arg(keyword=cst.Name(keyword), value=value):
            return cst.Element(cst.Dict([cst.DictElement(cst.SimpleString(f'"{keyword}"'), value)]))
        case _:
            return cst.Element(argument.value)


def _normal_call(text: str) -> str:
    """Return a text that is equal for calls that differ only in their layout."""
    tree = expression_tree(text)
    try:
        return text if tree is None else ast.dump(tree)
    except RecursionError:
        return text


def result_of(call: SimpleCall, numbers: Numbers, *, is_awaited: bool) -> cst.BaseExpression | None:
    """Return the value that a call of a simple function returns, or the code that decides the result of another one.

    Return None for a call of an unknown function, and for a function without steps that is not simple.
    """
    caller = call.caller
    calls, functions = caller.expansion.calls, caller.expansion.scope.called_functions
    with_steps = functions.called_by(call.node, caller.functions[call.function :])
    called = with_steps or called_function(call)
    value = None if called is None else returned_value(called, is_awaited=is_awaited)
    if called is not None and value is not None and called.node not in calls and _SUPER not in value:
        result = _returned(called, value, call, numbers)
        if result is not None:
            return result
    return _wrapped(call, numbers) if with_steps is None else _decided(with_steps, call, numbers)


def _wrapped(call: SimpleCall, numbers: Numbers) -> cst.BaseExpression | None:
    """Return the code that decides the result of a call of a wrapped function, or None for another call."""
    caller = call.caller
    match caller.expansion.scope.called_functions.run_by(call.node, caller.functions[call.function :]):
        case [wrapper]:
            # Imported here because few functions are wrapped.
            from stepgraph.syntax.definitions.wrapped_functions import wrapped_result

            return wrapped_result(call, wrapper, numbers)
        case _:
            return None


def called_function(call: SimpleCall) -> DefinedFunction | None:
    """Return the function that the name in a call stands for, or None if it is unknown."""
    caller, function = call.caller, call.function
    match dotted_names(call.node.func):
        case [receiver, member] if (method := caller.method_around(receiver, function)) is not None:
            return caller.expansion.scope.globals.method(member, method, caller.module)
        case [name] if not caller.is_of_comprehension(name, call.at, function):
            return _function_of(name, caller, function)
        case _:
            return None


def _function_of(name: str, caller: VariableDefinitions, function: int) -> DefinedFunction | None:
    for each in caller.functions[function:]:
        bindings = bindings_of(each, caller.module)
        if name in bindings.globals:
            return None
        if bindings.binds(name):
            return only_function(bindings.binders[name], caller.module)
    return caller.expansion.scope.globals.function((name,), caller.module)


def _returned(called: DefinedFunction, value: str, call: SimpleCall, numbers: Numbers) -> cst.BaseExpression | None:
    """Return the value that a call of a simple function returns, or None if a definition is unknown."""
    expansion = call.caller.expansion
    enclosing = functions_around(SourcePlace(called.module, called.binder))
    callee = VariableDefinitions(called.module, (called.node, *enclosing), expansion)
    *_, last = statements(called.node.body)
    pending, by_variable, remaining = dict(expansion.pending), dict(numbers.by_variable), expansion.remaining
    try:
        with expansion.calling(called.node, call):
            return callee.numbered(value, last, 0, numbers)
    except UnknownDefinitionError:
        expansion.pending, numbers.by_variable, expansion.remaining = pending, by_variable, remaining
        return None


def _decided(called: DefinedFunction, call: SimpleCall, numbers: Numbers) -> cst.BaseExpression | None:
    """Return a call of an identifier for the code that decides a result, with the arguments that it reads."""
    expansion = call.caller.expansion
    result = expansion.scope.called_functions.result_of(called)
    if result is None:
        return None
    expansion.reads |= result.reads
    arguments = [
        cst.Arg(call.value_of(value, numbers), keyword=cst.Name(name))
        for name, value in deciding_arguments(call.node, called.node, result)
    ]
    return cst.Call(cst.Name(result.identifier), arguments)

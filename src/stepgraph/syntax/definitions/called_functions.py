"""The functions with steps that expressions call, and the code that decides their results.

In `ok = await self.run_step("check", self.check, order)`, only the name of the step decides the result if nothing but
the body of the step reads the other arguments: the engine keeps the results of steps.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.hashing import digest
from stepgraph.syntax.bindings import last_name, parameters
from stepgraph.syntax.deferred.outline import python_tree
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_scope import DefinitionExpansion, OpaqueFunction, functions_around
from stepgraph.syntax.definitions.function_calls import arguments_for, is_collection, names_function
from stepgraph.syntax.definitions.name_replacement import UnknownDefinitionError
from stepgraph.syntax.definitions.simple_functions import DefinedFunction
from stepgraph.syntax.definitions.variable_changes import BlockStatement, deciding_parts
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of, statements_below

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_DIGITS: Final = 16
_NO_MODULE: Final = cst.Module([])
"""The module of expressions that are parsed here."""


class FunctionResult(Struct, frozen=True):
    """The code that decides the result of a function with steps."""

    identifier: str
    """An identifier for the code, without the arguments."""
    parameters: frozenset[str]
    """The names of the parameters that the code reads."""
    reads: frozenset[str]
    """The variables and attributes in the code, as in `WriteIndex`."""


class CalledFunctions(Struct):
    """The functions with steps that the expressions of a graph call."""

    scope: DefinitionScope
    _calls: dict[tuple[cst.FunctionDef, str], list[tuple[SourcePlace, DefinedFunction]]] = field(default_factory=dict)
    """The calls with their functions, by the function around the call and the last name of the called one."""
    _by_text: dict[tuple[cst.FunctionDef, str], dict[str, DefinedFunction | None]] = field(default_factory=dict)
    """The called functions by the text of the call, with the keys of `_calls`. None stands for several functions."""
    _results: dict[cst.FunctionDef, FunctionResult | None] = field(default_factory=dict)
    """The results so far, or None for one that is being computed."""

    @classmethod
    def of(cls, scope: DefinitionScope) -> CalledFunctions:
        """Return the functions of a graph that calls name."""
        called = cls(scope)
        for function, places in scope.calls.items():
            module = scope.modules.get(function)
            if module is None:
                continue
            for place in places:
                around = functions_around(place)
                if around and isinstance(place.node, cst.Call) and names_function(place.node, function):
                    key = around[0], last_name(place.node.func)
                    definition = DefinedFunction(module, function, function)
                    called._calls.setdefault(key, []).append((place, definition))
        return called

    def called_by(self, call: cst.Call, around: Sequence[cst.FunctionDef]) -> DefinedFunction | None:
        """Return the function with steps that a call in an expression of nested functions, innermost first, runs."""
        key = (around[0], last_name(call.func)) if around else None
        if key is None or key not in self._calls:
            return None
        if key not in self._by_text:
            self._by_text[key] = {}
            for place, function in self._calls[key]:
                self._add(self._by_text[key], place, function)
        return self._by_text[key].get(_normal_call(_NO_MODULE.code_for_node(call)))

    def may_call(self, name: str, around: cst.FunctionDef) -> bool:
        """Return whether a function may call one with steps by a name."""
        return (around, name) in self._calls

    @staticmethod
    def _add(by_text: dict[str, DefinedFunction | None], place: SourcePlace, function: DefinedFunction) -> None:
        if isinstance(place.node, cst.BaseExpression):
            for text in (place.text, text_without_settings(place.node, place.module)):
                other = by_text.setdefault(_normal_call(text), function)
                if other is None or other.node is not function.node:
                    by_text[_normal_call(text)] = None

    def result_of(self, function: DefinedFunction) -> FunctionResult | None:
        """Return the code that decides the result of a function with steps, or None within this code."""
        if function.node not in self._results:
            self._results[function.node] = None
            self._results[function.node] = self._search(function)
        return self._results[function.node]

    def _search(self, function: DefinedFunction) -> FunctionResult:
        # Imported here because few expressions contain the results of such functions.
        from stepgraph.syntax.definitions.value_sources import ValueSources
        from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions

        module, around = function.module, functions_around(SourcePlace(function.module, function.node))
        opaque = OpaqueFunction(function.node)
        expansion = DefinitionExpansion(self.scope, opaque=opaque)
        definitions = VariableDefinitions(module, (function.node, *around), expansion)
        sources = ValueSources(module, self.scope, opaque)
        texts: list[str] = []
        for statement, part in deciding_code(function.node, module):
            text = ""
            with suppress(UnknownDefinitionError, cst.ParserSyntaxError):
                text = definitions.expand(_text_of(part, module), statement, 0)
            texts.append(text or sources.of([part], (function.node, *around), statement))
        identifier = digest(" ".join(texts).encode(errors="replace"))[:_DIGITS]
        reads = frozenset({*expansion.reads, *sources.reads})
        return FunctionResult(f"s_{identifier}", frozenset(opaque.parameters), reads)


def deciding_code(function: cst.FunctionDef, module: SourceModule) -> Iterator[tuple[cst.Return, cst.CSTNode]]:
    """Yield the expressions that a function returns and the code that selects them, with the `return` statements."""
    for statement in statements_below(function.body):
        if not isinstance(statement, cst.Return):
            continue
        if statement.value is not None:
            yield statement, statement.value
        for outer in takewhile(lambda each: each is not function, ancestors_of(module.parents, statement)):
            if isinstance(outer, cst.For):
                yield statement, outer.iter
            if isinstance(outer, BlockStatement):
                yield from ((statement, part) for part in deciding_parts(outer, module))


def _text_of(part: cst.CSTNode, module: SourceModule) -> str:
    """Return the text of a returned value or condition. Raises UnknownDefinitionError for a pattern or statement."""
    if not isinstance(part, cst.BaseExpression):
        raise UnknownDefinitionError
    return text_without_settings(part, module)


def deciding_arguments(
    call: cst.Call, function: cst.FunctionDef, result: FunctionResult
) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the parameters that decide the result of a call, with the values that it passes for them."""
    for position, parameter in enumerate(parameters(function.params)):
        name = parameter.name.value
        arguments = arguments_for(name, position, function, call) if name in result.parameters else ()
        match arguments:
            case []:
                continue
            case [cst.Arg(value=value, star="")] if not is_collection(name, function):
                yield name, value
            case _:
                yield name, cst.Tuple([_element(each) for each in arguments])


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
    match python_tree(f"({text})"):
        case ast.Module(body=[ast.Expr(value=value)]):
            return ast.dump(value)
        case _:
            return text

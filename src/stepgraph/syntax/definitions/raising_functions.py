"""The exceptions of functions without steps, for comparing the calls of these functions outside of handlers.

The engine keeps the results of steps but runs all other code again, so such an exception may end an instance that has
passed the call.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.hashing import short_digest
from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name, parameters
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.class_hierarchy import PlacedClass
from stepgraph.syntax.definitions.defined_texts import defined_value
from stepgraph.syntax.definitions.definition_code import ast_names, code_of, with_values
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import DefinedFunction, arguments_for, parameter_position
from stepgraph.syntax.definitions.global_values import source_digest
from stepgraph.syntax.definitions.named_functions import CallingCode, NamedFunctions
from stepgraph.syntax.definitions.normal_functions import normal_body
from stepgraph.syntax.definitions.raising_slices import raising_slice, with_merged_tests
from stepgraph.syntax.definitions.simple_calls import SimpleCalls
from stepgraph.syntax.definitions.value_sources import ValueSources
from stepgraph.syntax.definitions.write_index import is_step_declaration
from stepgraph.syntax.free_names import captured_variables
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import LOG_METHODS
from stepgraph.syntax.walk import code_without_layout, statements

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_MAX_DEPTH: Final = 15
"""The maximum number of nested calls whose exceptions are followed."""
_PROPERTIES: Final = frozenset({"property", "cached_property"})
_DESCRIPTORS: Final = _PROPERTIES | {"classmethod", "staticmethod", "abstractmethod", "override"}
"""The decorators with which a method runs only when its name is read."""
_MANAGER_METHODS: Final = frozenset({"__enter__", "__exit__", "__aenter__", "__aexit__"})
_OUTSIDE_OWNERS: Final = frozenset({"env", "ctx", "super"})
"""The names in calls whose methods are not those of the project."""


class RaisedExceptions(Struct, frozen=True):
    """The exceptions that a function may raise."""

    identifier: str
    """An identifier for the code that decides them."""
    parameters: tuple[str, ...] | None = None
    """The parameters that decide them, or None for all arguments of a call."""
    searched: frozenset[str] = frozenset()
    """The parameters of which only the presence of an attribute decides them."""


class RaisingFunctions(Struct):
    """The functions and classes of a program whose calls may raise exceptions."""

    scope: DefinitionScope
    _functions: dict[cst.FunctionDef, RaisedExceptions | None] = field(default_factory=dict)
    _classes: dict[cst.ClassDef, bool] = field(default_factory=dict)
    """Whether a method that the code of a call does not name may raise an exception, by class."""
    _values: dict[int, bool] = field(default_factory=dict)
    """Whether functions that are used as values may raise an exception, by the number of followed modules."""
    _depth: int = 0

    @property
    def _named(self) -> NamedFunctions:
        return NamedFunctions(self.scope)

    def text_of(self, expression: SourcePlace) -> str:
        """Return the exceptions that a call or property may raise with the arguments that decide them.

        Return an empty string for other expressions, and for calls of functions with steps.
        """
        node, caller = expression.node, CallingCode(expression.module, functions_around(expression))
        texts: dict[str, None] = {}
        match node:
            case cst.Call(func=called_expression):
                function = _named_attribute(called_expression)
                for called, raised in self._called(dotted_names(function), last_name(function), caller):
                    texts[f"{raised.identifier}({self._arguments(called, raised, expression)})"] = None
                for raised in self._passed(node, caller):
                    texts[f"{raised.identifier}({self._arguments(None, raised, expression)})"] = None
                if self._may_call_value(dotted_names(function), function, caller):
                    called_value = self._value(function, expression)
                    texts[f"{called_value}({self._arguments(None, RaisedExceptions(''), expression)})"] = None
            case cst.Attribute(value=value, attr=cst.Name(name)):
                for _, raised in self._properties(name, caller.module):
                    owner = "" if raised.parameters == () else self._value(value, expression)
                    texts[f"{raised.identifier}({owner})"] = None
        return " or ".join(sorted(texts))

    def text_of_manager(self, manager: SourcePlace) -> str:
        """Return a context manager whose methods may raise exceptions, or an empty string for another one.

        Calls of classes and functions have a text of their own.
        """
        node, caller = manager.node, CallingCode(manager.module, functions_around(manager))
        if not isinstance(node, cst.BaseExpression) or (isinstance(node, cst.Call) and self._is_named(node, caller)):
            return ""
        functions = self._named.methods(_MANAGER_METHODS, manager.module)
        may_raise = any(self._exceptions_of(each) is not None for each in functions)
        return f"with {self._value(node, manager)}" if may_raise else ""

    def _is_named(self, call: cst.Call, caller: CallingCode) -> bool:
        names = dotted_names(call.func)
        return bool(names) and caller.binders(names[0]) is None

    def _arguments(self, called: DefinedFunction | None, raised: RaisedExceptions, call: SourcePlace) -> str:
        node = call.node
        if not isinstance(node, cst.Call):
            return ""
        if called is None or raised.parameters is None:
            return ", ".join(f"{_keyword(each)}{self._value(each.value, call)}" for each in node.args)
        texts: list[str] = []
        for name in raised.parameters:
            arguments = arguments_for(name, parameter_position(name, called.node), called.node, node)
            value_of = code_without_layout if name in raised.searched else partial(self._value, place=call)
            texts += (f"{each.star}{value_of(each.value)}" for each in arguments or [cst.Arg(cst.Name("None"))])
        return ", ".join(texts)

    def _value(self, value: cst.BaseExpression, place: SourcePlace) -> str:
        text = text_without_settings(value, place.module)
        return defined_value(text, place, self.scope) or code_without_layout(value)

    def _called(
        self, names: tuple[str, ...], attribute: str, caller: CallingCode
    ) -> Iterator[tuple[DefinedFunction | None, RaisedExceptions]]:
        """Yield the functions and classes that a dotted name in a call may stand for, with their exceptions."""
        if not attribute or not _OUTSIDE_OWNERS.isdisjoint(names[:-1]):
            return
        owner = self._named.class_of(names, caller)
        if owner is not None and self._may_raise(owner):
            yield None, RaisedExceptions(self.scope.globals.of_function(*owner))
        functions = self._named.functions(names, caller) if owner is None else ()
        for function in self._methods(attribute, caller.module) if functions is None else functions:
            raised = self._exceptions_of(function)
            if raised is not None:
                yield function, raised
            wrapped = map(self._exceptions_of, self._named.wrappers(function))
            yield from ((None, RaisedExceptions(each.identifier)) for each in wrapped if each is not None)

    def _passed(self, call: cst.Call, caller: CallingCode) -> Iterator[RaisedExceptions]:
        """Yield the exceptions of the functions that a call passes, except for the functions of steps."""
        if isinstance(call.func, cst.Call) and is_step_declaration(call.func):
            return
        for argument in call.args:
            names = dotted_names(argument.value)
            for function in (self._named.functions(names, caller) if names else ()) or ():
                raised = self._exceptions_of(function)
                if raised is not None:
                    yield raised

    def _may_call_value(self, names: tuple[str, ...], function: cst.BaseExpression, caller: CallingCode) -> bool:
        """Return whether an expression in a call may stand for a function that may raise exceptions."""
        if (isinstance(function, cst.Attribute) and not names) or is_step_declaration(function):
            return False
        if not self._named.is_variable(names, caller):
            return False
        key = len(self.scope.writes.modules_with(caller.module))
        if key not in self._values:
            self._values[key] = False
            functions = self._named.values(caller.module)
            self._values[key] = any(self._exceptions_of(each) is not None for each in functions)
        return self._values[key]

    def _methods(self, name: str, module: SourceModule) -> Iterator[DefinedFunction]:
        """Yield the functions with a name in the program, except for those that log messages."""
        return self._named.methods(() if name in LOG_METHODS else (name,), module)

    def _properties(self, name: str, module: SourceModule) -> Iterator[tuple[DefinedFunction, RaisedExceptions]]:
        for function in self._methods(name, module):
            if any(last_name(each.decorator) in _PROPERTIES for each in function.node.decorators):
                raised = self._exceptions_of(function)
                if raised is not None:
                    yield function, raised

    def _may_raise(self, owner: PlacedClass) -> bool:
        """Return whether making or entering an object of a class, or a decorated method, may raise an exception."""
        node, module = owner
        if node not in self._classes:
            self._classes[node] = False
            methods = [
                DefinedFunction(inside, each, each)
                for base, inside in self.scope.classes.with_bases(node, module)
                for each in statements(base.body)
                if isinstance(each, cst.FunctionDef) and _runs_implicitly(each)
            ]
            self._classes[node] = any(self._exceptions_of(each) is not None for each in methods)
        return self._classes[node]

    def _exceptions_of(self, function: DefinedFunction) -> RaisedExceptions | None:
        """Return the exceptions of a function, or None for a function that raises none or has steps."""
        node, module = function.node, function.module
        if node not in self._functions:
            if self._depth == _MAX_DEPTH:
                return RaisedExceptions(f"u_{module.once(source_digest)}")
            self._functions[node] = RaisedExceptions("again")
            self._depth += 1
            has_steps = node in self.scope.modules or self.scope.globals.methods.has_steps(node)
            self._functions[node] = None if has_steps else self._search(function)
            self._depth -= 1
        return self._functions[node]

    def _search(self, function: DefinedFunction) -> RaisedExceptions | None:
        node, module = function.node, function.module
        enclosing = functions_around(SourcePlace(module, function.binder))
        caller = CallingCode(module, (node, *enclosing))
        trees = code_of(node, module)
        if trees is None:
            return RaisedExceptions(f"u_{module.once(source_digest)}")
        (tree,) = trees
        if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        try:
            variables = bindings_of(node, module).binders.keys()
            SimpleCalls(lambda names: self._named.functions(names, caller) or (), module, variables).visit(tree)
            tree.body = raising_slice(tree.body, lambda each: self._raising_call(each, caller))
            if not tree.body:
                return None
            tree.body = with_merged_tests(normal_body(tree))
            used = Counter(each.id for each in ast.walk(tree) if isinstance(each, ast.Name))
            searches = Counter(filter(None, map(_searched_name, ast.walk(tree))))
            searched = frozenset(name for name, count in searches.items() if count == used[name])
            names = tuple(each.name.value for each in parameters(node.params) if each.name.value in used)
            tree.args, tree.decorator_list = _arguments_with(tree.args, names), []
            identifier = self._identifier_of(tree, function)
            outer = ValueSources(module, self.scope).of_function(node, enclosing) if enclosing else ""
            return RaisedExceptions(f"{identifier}_{outer}" if outer else identifier, names, searched)
        except RecursionError:
            return RaisedExceptions(f"u_{module.once(source_digest)}")

    def _identifier_of(self, tree: ast.stmt, function: DefinedFunction) -> str:
        """Return an identifier for a part of the code of a function."""
        names, receiver = self.scope.globals.names_of(function.node, function.module)
        captured = captured_variables(function.node, function.module)
        return f"e_{short_digest(ast.dump(with_values(tree, names, receiver, captured)))}"

    def _raising_call(self, expression: ast.expr, caller: CallingCode) -> ast.expr | None:
        """Return an expression for the exceptions that another one may raise, or None without any."""
        match expression:
            case ast.Call(func=function, args=args, keywords=keywords):
                attribute = function.attr if isinstance(function, ast.Attribute) else ""
                names = ast_names(function)
                raised = [*self._called(names, attribute or next(reversed(names), ""), caller)]
                if (names or not attribute) and self._may_call_value(names, cst.Name("function"), caller):
                    return expression
                receiver = [function.value] if isinstance(function, ast.Attribute) else []
                arguments = [*receiver, *args]
            case ast.Attribute(value=value, attr=name):
                raised, arguments, keywords = [*self._properties(name, caller.module)], [value], []
            case ast.Name(id=name):
                functions = self._named.functions((name,), caller) or ()
                passed = (self._exceptions_of(each) for each in functions)
                raised, arguments, keywords = [(None, each) for each in passed if each is not None], [], []
            case _:
                return None
        identifiers = dict.fromkeys(each.identifier for _, each in raised)
        return ast.Call(ast.Name("_".join(identifiers), ast.Load()), arguments, keywords) if identifiers else None


def _named_attribute(expression: cst.BaseExpression) -> cst.BaseExpression:
    """Return the attribute that a call such as `getattr(rules, "check")` reads, or another expression itself."""
    match expression:
        case cst.Call(
            func=cst.Name("getattr"),
            args=[cst.Arg(value=value), cst.Arg(value=literal), *_],
        ) if (name := string_of(literal)) is not None:
            return cst.Attribute(value, cst.Name(name))
        case _:
            return expression


def _searched_name(node: ast.AST) -> str:
    """Return the name in `hasattr(name, "a")` or `getattr(name, "a", None) is None`, or an empty string.

    Such a test does not depend on the arguments of decorators, although the value of a function includes them.
    """
    match node:
        case (
            ast.Call(func=ast.Name("hasattr"), args=[ast.Name(name), ast.Constant()])
            | ast.Compare(
                left=ast.Call(func=ast.Name("getattr"), args=[ast.Name(name), ast.Constant(), ast.Constant(None)]),
                ops=[ast.Is() | ast.IsNot()],
                comparators=[ast.Constant(None)],
            )
        ):
            return name
        case _:
            return ""


def _runs_implicitly(method: cst.FunctionDef) -> bool:
    """Return whether other code than a call by name may run a method, such as a validator."""
    decorators = {last_name(each.decorator) for each in method.decorators}
    return method.name.value.startswith("__") or bool(decorators - _DESCRIPTORS)


def _keyword(argument: cst.Arg) -> str:
    return f"{argument.star}{'' if argument.keyword is None else f'{argument.keyword.value}='}"


def _arguments_with(arguments: ast.arguments, names: Sequence[str]) -> ast.arguments:
    """Return the parameters with some names, without their kind."""
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
    used = [
        (each, default)
        for each, default in zip([*positional, *arguments.kwonlyargs], defaults, strict=True)
        if each.arg in names
    ]
    return ast.arguments(
        [], [], arguments.vararg, [each for each, _ in used], [each for _, each in used], arguments.kwarg, []
    )

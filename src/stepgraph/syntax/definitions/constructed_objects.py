"""The values of attributes that only initializers write, which are constants of an object.

`runner.prefix` is `"late: "` for `runner = StepRunner(step, prefix="late: ")`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.model.expressions import constant_truth
from stepgraph.syntax.bindings import bindings_of, dotted_names, last_name
from stepgraph.syntax.definitions.attribute_writes import attribute_writes, writer_of_own_object
from stepgraph.syntax.definitions.bound_values import only_value
from stepgraph.syntax.definitions.call_results import called_function
from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy, PlacedClass, class_around
from stepgraph.syntax.definitions.definition_code import INITIALIZERS
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import arguments_for, parameter_position
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError
from stepgraph.syntax.definitions.normal_values import normal_text
from stepgraph.syntax.definitions.simple_functions import DefinedFunction, returned_function, returned_value
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, CodeEvent, write_index
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.source_text import formatted_text
from stepgraph.syntax.walk import statements

_MAX_LOOKUPS: Final = 40
"""The maximum number of expressions that are followed to the value of an attribute."""
_INITIALIZER: Final = "__init__"
_CALL_METHOD: Final = "__call__"
_NAME: Final = "__name__"
_SPECIAL_METHODS: Final = frozenset({"__new__", "__getattr__", "__getattribute__", "__setattr__"})
"""The methods that may give an attribute another value than the one that an initializer stores."""
_NO_MODULE: Final = cst.Module([])
"""The module of expressions that are parsed here."""


class _ObjectSource(Struct, frozen=True):
    """An expression for an object, and the code around it."""

    expression: cst.BaseExpression
    definitions: VariableDefinitions
    at: cst.CSTNode
    function: int
    """The node and the function of the expression, as in `VariableDefinitions.expand`."""


def attribute_value(
    definitions: VariableDefinitions, names: Sequence[str], at: cst.CSTNode, function: int, numbers: Numbers
) -> tuple[cst.BaseExpression, int] | None:
    """Return the constant that a dotted name stands for, and the number of its components, or None."""
    source = _ObjectSource(cst.Name(names[0]), definitions, at, function)
    for count in range(len(names), 1, -1):
        value = _value(source, names[1:count], numbers)
        if value is not None:
            return value, count
    return None


def value_of_attributes(
    definitions: VariableDefinitions, value: cst.BaseExpression, names: Sequence[str], at: cst.CSTNode
) -> str:
    """Return the constant in an attribute of an object, or in an attribute of the attribute and so on.

    Return an empty string if it is unknown.
    """
    numbers = Numbers()
    expression = _value(_ObjectSource(value, definitions, at, 0), names, numbers)
    return "" if expression is None else numbers.defined(normal_text(formatted_text(_NO_MODULE, expression)))


def _value(source: _ObjectSource, path: Sequence[str], numbers: Numbers) -> cst.BaseExpression | None:
    """Return the value of attributes of an object, or None without any change of the state of the expansion."""
    expansion = source.definitions.expansion
    pending, by_variable, reads = dict(expansion.pending), dict(numbers.by_variable), set(expansion.reads)
    try:
        value = _Resolution(numbers).value(source, path)
    except (UnknownDefinitionError, cst.ParserSyntaxError):
        value = None
    if value is None:
        expansion.pending, numbers.by_variable, expansion.reads = pending, by_variable, reads
    return value


class _Resolution(Struct):
    """The search for the value of one attribute."""

    numbers: Numbers
    remaining: int = _MAX_LOOKUPS

    def value(self, source: _ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of an object, or None unless they are constants of one class."""
        definitions = source.definitions
        self.remaining -= 1
        if self.remaining < 0:
            return None
        if not path:
            text = formatted_text(_NO_MODULE, source.expression)
            return definitions.numbered(text, source.at, source.function, self.numbers)
        match source.expression:
            case cst.Name(name):
                return self._of_variable(name, source, path)
            case cst.Attribute(value=value, attr=cst.Name(name)):
                return self.value(_ObjectSource(value, definitions, source.at, source.function), (name, *path))
            case cst.Call() as call:
                return self._of_call(SimpleCall(call, definitions, source.at, source.function), path)
            case _:
                return None

    def _of_variable(self, name: str, source: _ObjectSource, path: Sequence[str]) -> cst.BaseExpression | None:
        definitions = source.definitions
        match _binder(name, source):
            case cst.Param() as parameter, index:
                return self._of_parameter(parameter, definitions.functions[index], definitions, path)
            case cst.BaseExpression() as value, index, at:
                return self.value(_ObjectSource(value, definitions, at, index), path)
            case _ if _is_global(name, source):
                return self._of_global((name, *path), source)
            case _:
                return None

    def _of_global(self, names: Sequence[str], source: _ObjectSource) -> cst.BaseExpression | None:
        """Return the value of attributes of an object in a variable of a module, or None."""
        definitions, values = source.definitions, source.definitions.expansion.scope.globals
        *before, last = names
        if last == _NAME and (function := values.function(before, definitions.module)) is not None:
            return cst.SimpleString(repr(function.node.name.value)) if function.node is function.binder else None
        variable = values.variable(names, definitions.module)
        if variable is None:
            return None
        path = names[variable.used :]
        if variable.statement is source.at and isinstance(source.at, cst.FunctionDef):
            # The argument of its decorator.
            return cst.SimpleString(repr(source.at.name.value)) if [*path] == [_NAME] else None
        around = VariableDefinitions(variable.module, (), definitions.expansion)
        return self.value(_ObjectSource(variable.value, around, variable.statement, 0), path)

    def _of_parameter(
        self, parameter: cst.Param, owner: cst.FunctionDef, definitions: VariableDefinitions, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        name, expansion = parameter.name.value, definitions.expansion
        call = expansion.calls.get(owner)
        if call is not None:
            match arguments_for(name, parameter_position(name, owner), owner, call.node):
                case [cst.Arg(value=value, star="")]:
                    with expansion.calling(owner, None):
                        return self.value(_part_of(call, value), path)
                case [] if parameter.default is not None:
                    around = definitions.functions.index(owner) + 1
                    return self.value(_ObjectSource(parameter.default, definitions, owner, around), path)
            return None
        scope = expansion.scope
        if not (expansion.is_parametric and scope.calls.get(owner)) or owner is scope.run:
            return None
        constants, module = _Constants(scope.classes), definitions.module
        is_first = next(iter(owner.params.params), None) is parameter
        receiver = class_around(owner, module) if is_first else None
        others = path if receiver is None else path[1:]
        if receiver is not None and not constants.is_of_receivers(path[0], (receiver, module)):
            return None
        if not all(constants.is_of_any(each, module) for each in others):
            return None
        names = ".".join((name, *path))
        return self.numbers.of(owner, names, scope.parameter_mark(names, owner))

    def _of_call(self, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        owner = _class_in(call)
        if owner is not None:
            return self._of_new_object(owner, call, path)
        if isinstance(call.node.func, cst.Call):
            return self._of_returned_function(
                SimpleCall(call.node.func, call.caller, call.at, call.function), call, path
            )
        return self._of_function(called_function(call) or self._method(call), call, path)

    def _of_returned_function(
        self, factory: SimpleCall, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object that a function makes which another call returns."""
        expansion, owner = call.caller.expansion, _class_in(factory)
        if owner is not None:
            method = expansion.scope.globals.class_method(_CALL_METHOD, owner)
            is_returned = method is not None and _returns_receiver(method)
            return self._of_new_object(owner, factory, path) if is_returned else None
        called = called_function(factory) or self._method(factory)
        if called is None or called.node in expansion.calls:
            return None
        with expansion.calling(called.node, factory):
            return self._of_function(returned_function(called), call, path)

    def _of_function(
        self, called: DefinedFunction | None, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object that a simple function returns."""
        value = None if called is None else returned_value(called, is_awaited=False)
        if called is None or value is None:
            return None
        *_, last = called.node.body.body
        return self._inside(called, call, cst.parse_expression(value), last, path)

    def _method(self, call: SimpleCall) -> DefinedFunction | None:
        """Return the method that a call of a member of an object runs, or None for an unknown class or member."""
        match call.node.func:
            case cst.Attribute(value=value, attr=cst.Name(member)):
                owner = self._class_of(_part_of(call, value))
                return None if owner is None else call.caller.expansion.scope.globals.class_method(member, owner)
            case _:
                return None

    def _class_of(self, source: _ObjectSource) -> PlacedClass | None:
        """Return the class of the object that a variable holds, or that a call makes."""
        self.remaining -= 1
        match source.expression:
            case cst.Call() as call if self.remaining >= 0:
                return _class_in(SimpleCall(call, source.definitions, source.at, source.function))
            case cst.Name(name) if self.remaining >= 0:
                match _binder(name, source):
                    case cst.BaseExpression() as value, index, at:
                        return self._class_of(_ObjectSource(value, source.definitions, at, index))
                    case None if _is_global(name, source):
                        variable = _global_object((name,), source.definitions)
                        return None if variable is None else self._class_of(variable)
        return None

    def _of_new_object(self, owner: PlacedClass, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the value of attributes of the object that a call of a class makes."""
        scope = call.caller.expansion.scope
        name, *_ = path
        constants = _Constants(scope.classes)
        if not constants.is_constant(name, owner):
            return None
        write = next(constants.writes(name, owner), None)
        if write is not None:
            return self._of_write(write, _initializers(owner, scope.classes), call, path)
        if name in _fields(owner[0]):
            return self._of_field(owner, call, path)
        text = None if path[1:] else scope.globals.of_class_member(name, *owner)
        return None if text is None or not _is_literal(text) else cst.parse_expression(text)

    def _of_write(
        self, event: CodeEvent, initializers: Sequence[DefinedFunction], call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value that one of the initializers stores, which calls of `super()` run after each other."""
        if not initializers:
            return None
        first, *others = initializers
        if event.function is first.node:
            return self._of_initializer(first, event.statement, call, path)
        for statement in statements(first.node.body):
            match statement:
                case cst.Expr(
                    value=cst.Call(func=cst.Attribute(cst.Call(func=cst.Name("super"))) as named) as inner
                ) if named.attr.value == _INITIALIZER:
                    expansion = call.caller.expansion
                    caller = VariableDefinitions(first.module, (first.node,), expansion)
                    with expansion.calling(first.node, call):
                        return self._of_write(event, others, SimpleCall(inner, caller, statement, 0), path)
        return None

    def _of_initializer(
        self, initializer: DefinedFunction, statement: cst.CSTNode, call: SimpleCall, path: Sequence[str]
    ) -> cst.BaseExpression | None:
        """Return the value that the only assignment of an initializer stores."""
        if not any(each is statement for each in statements(initializer.node.body)):
            return None
        match statement:
            case (
                cst.Assign(targets=[cst.AssignTarget(cst.Attribute())], value=value)
                | cst.AnnAssign(target=cst.Attribute(), value=cst.BaseExpression() as value)
            ):
                return self._inside(initializer, call, value, statement, path[1:])
            case _:
                return None

    def _of_field(self, owner: PlacedClass, call: SimpleCall, path: Sequence[str]) -> cst.BaseExpression | None:
        """Return the argument for a field of a data class, or its default."""
        (node, module), arguments = owner, call.node.args
        if any(each.star for each in arguments):
            return None
        fields = _fields(node)
        keywords = {each.keyword.value: each.value for each in arguments if each.keyword is not None}
        positional = [each.value for each in arguments if each.keyword is None]
        index = [*fields].index(path[0])
        value = keywords.get(path[0], positional[index] if index < len(positional) else None)
        if value is not None:
            return self.value(_part_of(call, value), path[1:])
        default = fields[path[0]].value
        if default is None or isinstance(default, cst.Call):
            return None
        if path[1:]:
            around = VariableDefinitions(module, (), call.caller.expansion)
            return self.value(_ObjectSource(default, around, node, 0), path[1:])
        text = call.caller.expansion.scope.globals.of_expression(default, module, node)
        return cst.parse_expression(text) if _is_literal(text) else None

    def _inside(
        self,
        called: DefinedFunction,
        call: SimpleCall,
        value: cst.BaseExpression,
        at: cst.CSTNode,
        path: Sequence[str],
    ) -> cst.BaseExpression | None:
        """Return the value of attributes of an object in a called function, with the arguments of the call."""
        expansion = call.caller.expansion
        if called.node in expansion.calls:
            return None
        around = functions_around(SourcePlace(called.module, called.binder))
        callee = VariableDefinitions(called.module, (called.node, *around), expansion)
        with expansion.calling(called.node, call):
            return self.value(_ObjectSource(value, callee, at, 0), path)


class _Constants(Struct, frozen=True):
    """Decides which attributes only initializers write."""

    classes: ClassHierarchy

    def is_constant(self, name: str, owner: PlacedClass) -> bool:
        """Return whether an attribute of an object of a class has the value that its initializer stores, if any."""
        chained = [*self.classes.with_bases(*owner)]
        if not all(self.classes.is_plain(*each) or _fields(each[0]) for each in chained):
            return False
        methods = {each.name.value for node, _ in chained for each in _methods(node)}
        if name in methods or not methods.isdisjoint(_SPECIAL_METHODS):
            return False
        is_written_once = len([*self.writes(name, owner)]) <= 1
        return is_written_once and all(
            _is_in_initializer(event, name) for event in attribute_writes(name, owner, self.classes)
        )

    def writes(self, name: str, owner: PlacedClass) -> Iterator[CodeEvent]:
        """Yield the statements of the initializers of a class and its bases that write an attribute."""
        methods = (each for node, _ in self.classes.with_bases(*owner) for each in _methods(node))
        initializers = {id(each) for each in methods if each.name.value in INITIALIZERS}
        events = attribute_writes(name, owner, self.classes)
        return (event for event in events if id(event.function) in initializers)

    def is_of_receivers(self, name: str, owner: PlacedClass) -> bool:
        """Return whether an attribute differs between the objects on which a method runs, and is a constant of each."""
        receivers = self.classes.receivers(*owner)
        stored = [any(True for _ in self.writes(name, each)) or name in _fields(each[0]) for each in receivers]
        is_stored = any(stored) or len(receivers) > 1
        return is_stored and all(self.is_constant(name, each) for each in receivers)

    def is_of_any(self, name: str, module: SourceModule) -> bool:
        """Return whether an attribute is a constant of the objects of all classes that have it."""
        indexes = [write_index(each) for each in self.classes.modules_with(module)]
        if any(name in index.functions or ANY_ATTRIBUTE in index.writes for index in indexes):
            return False
        events = [*chain.from_iterable(index.writes.get(f".{name}", ()) for index in indexes)]
        is_stored = name == _NAME or bool(events) or any(f".{name}" in index.fields for index in indexes)
        return is_stored and all(_is_in_initializer(event, name) for event in events)


def _is_in_initializer(event: CodeEvent, name: str) -> bool:
    """Return whether an initializer writes an attribute, of its receiver."""
    is_initializer = event.function is not None and event.function.name.value in INITIALIZERS
    return is_initializer and writer_of_own_object(event, name) is not None


def _binder(
    name: str, source: _ObjectSource
) -> tuple[cst.Param, int] | tuple[cst.BaseExpression, int, cst.CSTNode] | None:
    """Return the parameter that a name stands for, or the only value of a variable with its statement.

    The number is the index of the function with the variable.
    """
    definitions = source.definitions
    if definitions.is_of_comprehension(name, source.at, source.function):
        return None
    for index in range(source.function, len(definitions.functions)):
        owner = definitions.functions[index]
        bindings = bindings_of(owner, definitions.module)
        if name in bindings.globals:
            return None
        if not bindings.binds(name):
            continue
        binders = definitions.reaching(bindings.binders[name], source.at, owner)
        match binders:
            case [cst.Param() as parameter]:
                return parameter, index
        value = only_value(name, binders)
        return None if value is None else (value, index, binders[0])
    return None


def _is_global(name: str, source: _ObjectSource) -> bool:
    """Return whether functions and comprehensions around an expression leave a name of it unbound."""
    functions, module = source.definitions.functions[source.function :], source.definitions.module
    is_local = any(bindings_of(each, module).binds(name) for each in functions)
    return not is_local and not source.definitions.is_of_comprehension(name, source.at, source.function)


def _global_object(names: Sequence[str], definitions: VariableDefinitions) -> _ObjectSource | None:
    """Return the source of the object in a variable of a module, or None."""
    variable = definitions.expansion.scope.globals.variable(names, definitions.module)
    if variable is None or variable.used < len(names):
        return None
    around = VariableDefinitions(variable.module, (), definitions.expansion)
    return _ObjectSource(variable.value, around, variable.statement, 0)


def _returns_receiver(method: DefinedFunction) -> bool:
    """Return whether a method always returns the object on which it runs."""
    match list(statements(method.node.body)), [*method.node.params.params]:
        case [*before, cst.Return(value=cst.Name(name))], [receiver, *_]:
            return name == receiver.name.value and all(isinstance(each, cst.BaseSmallStatement) for each in before)
        case _:
            return False


def _part_of(call: SimpleCall, part: cst.BaseExpression) -> _ObjectSource:
    """Return the source of an object that a part of a call makes or names."""
    return _ObjectSource(part, call.caller, call.at, call.function)


def _class_in(call: SimpleCall) -> PlacedClass | None:
    """Return the class that a call names, or None for a call of other code."""
    function = call.node.func
    is_global = all(_is_global(name, _part_of(call, function)) for name in dotted_names(function)[:1])
    return call.caller.expansion.scope.classes.class_of(function, call.caller.module) if is_global else None


def _methods(owner: cst.ClassDef) -> Iterator[cst.FunctionDef]:
    return (each for each in statements(owner.body) if isinstance(each, cst.FunctionDef))


def _initializers(owner: PlacedClass, classes: ClassHierarchy) -> Sequence[DefinedFunction]:
    """Return the methods `__init__` of a class and its bases, in the order of Python's search."""
    methods = ((method, module) for node, module in classes.with_bases(*owner) for method in _methods(node))
    return [DefinedFunction(module, each, each) for each, module in methods if each.name.value == _INITIALIZER]


def _fields(owner: cst.ClassDef) -> dict[str, cst.AnnAssign]:
    """Return the fields of a data class or named tuple in the order of its parameters, by name.

    Return an empty dictionary for classes with other bases or decorators, and for those that omit parameters.
    """
    names = [*(_name(each.decorator) for each in owner.decorators), *(_name(each.value) for each in owner.bases)]
    if owner.keywords or names not in (["dataclass"], ["NamedTuple"]):
        return {}
    fields = [
        each
        for each in statements(owner.body)
        if isinstance(each, cst.AnnAssign) and _name(each.annotation.annotation) != "ClassVar"
    ]
    calls = (*(each.decorator for each in owner.decorators), *(each.value for each in fields))
    keywords = (each.keyword for call in calls if isinstance(call, cst.Call) for each in call.args)
    if any(keyword is not None and keyword.value == "init" for keyword in keywords):
        return {}
    return {each.target.value: each for each in fields if isinstance(each.target, cst.Name)}


def _name(expression: cst.BaseExpression) -> str:
    """Return the last component of a dotted name, perhaps with arguments."""
    match expression:
        case cst.Call(func=named) | cst.Subscript(value=named):
            return last_name(named)
        case _:
            return last_name(expression)


def _is_literal(text: str) -> bool:
    """Return whether an expression is a literal, not an identifier for code."""
    return text == "None" or constant_truth(text) is not None

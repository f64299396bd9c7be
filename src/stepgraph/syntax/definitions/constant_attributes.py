"""The attributes that only initializers write, and the fields of data classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.definitions.class_hierarchy import ClassHierarchy, PlacedClass, class_around
from stepgraph.syntax.definitions.definition_code import INITIALIZERS
from stepgraph.syntax.definitions.function_calls import INITIALIZER, DefinedFunction
from stepgraph.syntax.definitions.write_index import ANY_ATTRIBUTE, CodeEvent, write_index
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.walk import statements

FUNCTION_NAME: Final = "__name__"
"""The attribute with the name of a function or class."""
_SPECIAL_METHODS: Final = frozenset({"__new__", "__getattr__", "__getattribute__", "__setattr__"})
"""The methods that may give an attribute another value than the one that an initializer stores."""


class ConstantAttributes(Struct, frozen=True):
    """Decides which attributes only initializers write."""

    classes: ClassHierarchy

    def is_constant(self, name: str, owner: PlacedClass) -> bool:
        """Return whether an attribute of an object of a class has the value that its initializer stores, if any."""
        chained = [*self.classes.with_bases(*owner)]
        if not all(self.classes.is_plain(*each) or fields_of(each[0]) for each in chained):
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
        stored = [any(True for _ in self.writes(name, each)) or name in fields_of(each[0]) for each in receivers]
        is_stored = any(stored) or len(receivers) > 1
        return is_stored and all(self.is_constant(name, each) for each in receivers)

    def is_of_any(self, name: str, module: SourceModule) -> bool:
        """Return whether an attribute is a constant of the objects of all classes that have it."""
        modules = self.classes.modules_with(module)
        indexes = [write_index(each) for each in modules]
        if any(ANY_ATTRIBUTE in index.writes for index in indexes) or any(_has_method(name, each) for each in modules):
            return False
        events = [*chain.from_iterable(index.writes.get(f".{name}", ()) for index in indexes)]
        is_field = any(f".{name}" in index.fields or f".{name}" in index.constants for index in indexes)
        is_stored = name == FUNCTION_NAME or bool(events) or is_field
        return is_stored and all(_is_in_initializer(event, name) or _is_in_decorator(event, name) for event in events)


def _has_method(name: str, module: SourceModule) -> bool:
    """Return whether a class in a module has a method or property with a name."""
    functions = write_index(module).functions.get(name, ())
    return any(isinstance(next(iter(module.scopes_around(each)), None), cst.ClassDef) for each in functions)


def _is_in_initializer(event: CodeEvent, name: str) -> bool:
    """Return whether an initializer writes an attribute, of its receiver."""
    is_initializer = event.function is not None and event.function.name.value in INITIALIZERS
    return is_initializer and writer_of_own_object(event, name) is not None


def _is_in_decorator(event: CodeEvent, name: str) -> bool:
    """Return whether a decorator writes an attribute, of the function that it returns."""
    function = event.function
    stored = None if function is None else stored_attribute(DefinedFunction(event.module, function, function), name)
    return stored is not None and stored[1] is event.statement


def stored_attribute(decorator: DefinedFunction, name: str) -> tuple[cst.BaseExpression, cst.CSTNode] | None:
    """Return the only value that a decorator stores in an attribute of the function that it returns, or None.

    The second value is the statement.
    """
    match [*statements(decorator.node.body)], [*decorator.node.params.params]:
        case [*before, cst.Return(value=cst.Name(returned))], [cst.Param(name=cst.Name(decorated)), *_] if (
            returned == decorated and all(isinstance(each, cst.BaseSmallStatement) for each in before)
        ):
            stored = [(value, each) for each in before if (value := _stored(each, decorated, name)) is not None]
            return stored[0] if len(stored) == 1 else None
        case _:
            return None


def _stored(statement: cst.CSTNode, owner: str, name: str) -> cst.BaseExpression | None:
    """Return the value that a statement assigns to an attribute of a variable, or None."""
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(cst.Attribute(cst.Name(of), cst.Name(attribute)))], value=value):
            return value if (of, attribute) == (owner, name) else None
        case _:
            return None


def _methods(owner: cst.ClassDef) -> Iterator[cst.FunctionDef]:
    return (each for each in statements(owner.body) if isinstance(each, cst.FunctionDef))


def initializers_of(owner: PlacedClass, classes: ClassHierarchy) -> Sequence[DefinedFunction]:
    """Return the methods `__init__` of a class and its bases, in the order of Python's search."""
    methods = ((method, module) for node, module in classes.with_bases(*owner) for method in _methods(node))
    return [DefinedFunction(module, each, each) for each, module in methods if each.name.value == INITIALIZER]


def fields_of(owner: cst.ClassDef) -> dict[str, cst.AnnAssign]:
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


def attribute_writes(name: str, owner: PlacedClass, classes: ClassHierarchy) -> Iterator[CodeEvent]:
    """Yield the statements that may write an attribute of an object of a class, except those in bodies of classes."""
    for module in classes.modules_with(owner[1]):
        writes = write_index(module).writes
        for event in (*writes.get(f".{name}", ()), *writes.get(ANY_ATTRIBUTE, ())):
            writer = writer_of_own_object(event, name)
            if writer is None or classes.are_related(writer, owner):
                yield event


def module_writes(name: str, module: SourceModule, classes: ClassHierarchy) -> Iterator[CodeEvent]:
    """Yield the statements that may write a variable of a module as an attribute of the module."""
    for each in classes.modules_with(module):
        events = write_index(each).writes.get(f".{name}", ())
        yield from (event for event in events if writer_of_own_object(event, name) is None)


def writer_of_own_object(event: CodeEvent, name: str) -> PlacedClass | None:
    """Return the class of the method with a statement, if it only writes the attribute of the receiver, or None."""
    function = event.function
    writer = None if function is None else class_around(function, event.module)
    if function is None or writer is None or not function.params.params:
        return None
    receiver = function.params.params[0].name.value
    owners = [each for each, attribute in attribute_targets(event.statement) if attribute == name]
    is_own = bool(owners) and all(isinstance(each, cst.Name) and each.value == receiver for each in owners)
    return (writer, event.module) if is_own else None

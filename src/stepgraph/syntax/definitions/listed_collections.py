"""The elements of the collections that loops iterate over, also of collections in arguments, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.syntax.bindings import dotted_names
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.enumerations import enumeration_members
from stepgraph.syntax.definitions.function_calls import (
    arguments_for,
    names_function,
    parameter_position,
)
from stepgraph.syntax.definitions.loop_elements import EACH_OF, listed_elements
from stepgraph.syntax.definitions.normal_values import is_literal, is_scalar
from stepgraph.syntax.definitions.object_sources import (
    ObjectSource,
    binder_of,
    global_collection,
    is_global,
    is_mutated,
    parameter_of,
    part_of,
)
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions

_MAX_LOOKUPS: Final = 20
"""The maximum number of variables and parameters that are followed to a collection."""


class ElementValues(Struct, frozen=True):
    """The values of the elements of a collection, empty if some elements are not constants."""

    texts: Sequence[str] = ()
    listed: str = ""
    """A list of the values, with the definitions of the variables in them, or an empty string if they are unknown."""

    @property
    def common(self) -> str:
        """The literal that is the value of every element, or an empty string."""
        return self.texts[0] if len({*self.texts}) == 1 and is_literal(self.texts[0]) else ""

    @property
    def definition(self) -> str:
        """The definition of a variable that holds each value in turn."""
        return f"<each of {self.listed}>"

    @property
    def are_scalars(self) -> bool:
        """Whether all values are literals other than collections."""
        return bool(self.texts) and all(map(is_scalar, self.texts))


def elements_of(source: ObjectSource, lookups: int = _MAX_LOOKUPS) -> Sequence[ObjectSource] | None:
    """Return the elements of a listed collection that nothing changes."""
    if lookups == 0:
        return None
    match source.expression:
        case cst.Name(name) if not is_global(name, source):
            match None if is_mutated(name, source) else binder_of(name, source):
                case cst.Param() as parameter, index:
                    return _elements_of_parameter(parameter, index, source.definitions, lookups - 1)
                case cst.BaseExpression() as value, index, at:
                    return elements_of(ObjectSource(value, source.definitions, at, index), lookups - 1)
            return None
        case cst.Attribute(value=cst.Name(name), attr=cst.Name(member)) if not is_global(name, source):
            values = source.definitions.member_source(name, member, source.function)
            return None if values is None else elements_of(ObjectSource(*values, 0), lookups - 1)
        case cst.Name() | cst.Attribute():
            return _global_elements(dotted_names(source.expression), source, lookups - 1)
        case cst.Call(func=cst.Attribute(value=cst.Name() as named, attr=listing), args=[]) as call:
            collection = global_collection(dotted_names(named), source)
            if collection is None:
                return None
            method = cst.Attribute(collection.expression, listing)
            return elements_of(replace(collection, expression=call.with_changes(func=method)), lookups - 1)
        case _:
            elements = listed_elements(source.expression)
            return None if elements is None else [replace(source, expression=each) for each in elements]


def _global_elements(names: Sequence[str], source: ObjectSource, lookups: int) -> Sequence[ObjectSource] | None:
    """Return the elements of a collection in a variable of a module, or the members of an enumeration."""
    definitions = source.definitions
    if not names or not is_global(names[0], source):
        return None
    collection = global_collection(names, source)
    if collection is not None:
        return elements_of(collection, lookups)
    name = cst.Name(names[0])
    owner = definitions.expansion.scope.classes.class_of(name, definitions.module) if len(names) == 1 else None
    members = () if owner is None else enumeration_members(owner[0])
    return [replace(source, expression=cst.Attribute(name, cst.Name(each))) for each in members] or None


def _elements_of_parameter(
    parameter: cst.Param, function: int, definitions: VariableDefinitions, lookups: int
) -> Sequence[ObjectSource] | None:
    """Return the elements of the collection that all calls of a function pass for a parameter, perhaps `*items`.

    Marks for parameters stand for values of the function itself, so that with marks, only elements that no function
    around a call decides are known, unless the function is inlined into its caller.
    """
    expansion, owner = definitions.expansion, definitions.functions[function]
    if expansion.opaque is not None or owner is expansion.scope.run or parameter is owner.params.star_kwarg:
        return None
    inlined = expansion.calls.get(owner)
    calls = expansion.scope.calls.get(owner, ()) if inlined is None else ()
    sources = [] if inlined is None else [part_of(inlined, inlined.node)]
    for call in calls:
        caller = VariableDefinitions(call.module, functions_around(call), expansion)
        if not isinstance(call.node, cst.Call) or not names_function(call.node, owner):
            return None
        sources.append(ObjectSource(call.node, caller, call.node, 0))
    collections: list[Sequence[ObjectSource]] = []
    for source in sources:
        elements = argument_elements(parameter, owner, source, lookups // len(sources))
        if elements is None:
            return None
        collections.append(elements)
    inside = [each.definitions.functions for elements in collections for each in elements]
    is_recursive = any(owner in functions for functions in inside)
    if is_recursive or (expansion.is_parametric and inlined is None and any(inside)):
        return None
    identities = {tuple(id(each.expression) for each in elements) for elements in collections}
    return collections[0] if len(identities) == 1 else None


def argument_elements(
    parameter: cst.Param, owner: cst.FunctionDef, call: ObjectSource, lookups: int = _MAX_LOOKUPS
) -> Sequence[ObjectSource] | None:
    """Return the elements of the collection that a call passes for a parameter, perhaps `*items`."""
    name = parameter.name.value
    arguments = arguments_for(name, parameter_position(name, owner), owner, call.expression)
    values = [replace(call, expression=each.value) for each in arguments]
    stars = [each.star for each in arguments]
    if not any(stars) and parameter is owner.params.star_arg:
        return values
    is_collection = stars == (["*"] if parameter is owner.params.star_arg else [""])
    return elements_of(values[0], lookups) if is_collection else None


def mark_of_elements(collection: ObjectSource, path: Sequence[str]) -> tuple[cst.FunctionDef, str, str] | None:
    """Return the name of a mark for attributes of the elements of a collection that each call passes, and the mark.

    The first value is the function with the parameter. Return None for another collection.
    """
    expansion, owner = collection.definitions.expansion, parameter_of(collection)
    if owner is None or not expansion.has_marks_for(owner[1]) or is_mutated(owner[0], collection):
        return None
    parameter, function = owner
    name = ".".join((parameter, EACH_OF, *path))
    return function, name, expansion.scope.parameter_mark(name, function)

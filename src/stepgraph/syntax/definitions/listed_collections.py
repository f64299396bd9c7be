"""The elements of the collections that loops iterate over, which functions may receive as arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.syntax.bindings import dotted_names
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.enumerations import enumeration_members
from stepgraph.syntax.definitions.function_calls import (
    arguments_for,
    is_collection,
    names_function,
    parameter_position,
)
from stepgraph.syntax.definitions.loop_elements import listed_elements
from stepgraph.syntax.definitions.object_sources import (
    ObjectSource,
    binder_of,
    global_collection,
    is_global,
    is_mutated,
    part_of,
)
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions

_MAX_LOOKUPS: Final = 20
"""The maximum number of variables and parameters that are followed to a collection."""


def elements_of(source: ObjectSource, lookups: int = _MAX_LOOKUPS) -> Sequence[ObjectSource] | None:
    """Return the elements of a listed collection that nothing changes."""
    if lookups == 0:
        return None
    match source.expression:
        case cst.Name(name) if not is_global(name, source):
            match None if is_mutated(name, source) else binder_of(name, source):
                case cst.Param() as parameter, index:
                    return _passed_elements(parameter, index, source.definitions, lookups - 1)
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


def _passed_elements(
    parameter: cst.Param, function: int, definitions: VariableDefinitions, lookups: int
) -> Sequence[ObjectSource] | None:
    """Return the elements of the collection that all calls of a function pass for a parameter.

    Marks for parameters stand for values of the function itself, so that with marks, only elements that no function
    around a call decides are known.
    """
    expansion, owner, name = definitions.expansion, definitions.functions[function], parameter.name.value
    if expansion.opaque is not None or owner is expansion.scope.run or is_collection(name, owner):
        return None
    inlined = expansion.calls.get(owner)
    calls = expansion.scope.calls.get(owner, ()) if inlined is None else ()
    passed = [] if inlined is None else [(inlined.node, part_of(inlined, inlined.node))]
    for call in calls:
        caller = VariableDefinitions(call.module, functions_around(call), expansion)
        if not isinstance(call.node, cst.Call) or not names_function(call.node, owner):
            return None
        passed.append((call.node, ObjectSource(call.node, caller, call.node, 0)))
    found: list[Sequence[ObjectSource]] = []
    for node, source in passed:
        arguments = arguments_for(name, parameter_position(name, owner), owner, node)
        is_plain = len(arguments) == 1 and not arguments[0].star
        elements = (
            elements_of(replace(source, expression=arguments[0].value), lookups // len(passed)) if is_plain else None
        )
        if elements is None:
            return None
        found.append(elements)
    is_global_only = expansion.is_parametric or inlined is not None or len(found) > 1
    if not found or (is_global_only and any(each.definitions.functions for elements in found for each in elements)):
        return None
    identities = {tuple(id(each.expression) for each in elements) for elements in found}
    return found[0] if len(identities) == 1 else None

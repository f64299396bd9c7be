"""The sources of the values of expressions: the names from which collections flow to them, as access paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import first_name, last_name
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.mutation.access_paths import AccessPath
from stepgraph.syntax.mutation.changes import COPYING_CALLS, ELEMENT_METHODS, PAIRING_CALLS, namespace_item
from stepgraph.syntax.mutation.definitions import Definitions
from stepgraph.syntax.mutation.member_reads import member_sources

# Expressions other than names, attributes, calls and subscripts that may evaluate to a collection of a name.
_SOURCE_TYPES: Final = frozenset(
    [
        *(cst.Tuple, cst.List, cst.Set, cst.Dict, cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp),
        *(cst.IfExp, cst.BooleanOperation, cst.BinaryOperation, cst.NamedExpr),
    ]
)
Paths: TypeAlias = tuple[AccessPath, ...]


def collection_sources(node: cst.BaseExpression, definitions: Definitions) -> Paths:
    """Return the access paths of the collections that an expression may evaluate to."""
    if type(node) is cst.Name:
        name = node.value
        return () if name in ("self", "cls", "None", "True", "False") else (AccessPath(name),)
    if type(node) is cst.Attribute:
        name, sources = node.attr.value, collection_sources(node.value, definitions)
        members = member_sources(node) if name == "__dict__" else ()
        return (AccessPath(name), *elements_at(sources), *(sources if name in ("args", "value") else ()), *members)
    if type(node) is cst.Call:
        return (*_call_sources(node, definitions), *member_sources(node))
    if type(node) is cst.Subscript:
        name_in_namespace = namespace_item(node)
        named = () if name_in_namespace is None else (AccessPath(name_in_namespace),)
        return (*elements_at(collection_sources(node.value, definitions)), *named)
    if type(node) is cst.Await:
        return collection_sources(node.expression, definitions)
    return _sources_of_operands(node, definitions) if type(node) in _SOURCE_TYPES else ()


def _sources_of_operands(node: cst.BaseExpression, definitions: Definitions) -> Paths:
    match node:
        case (
            cst.Tuple(elements=elements)
            | cst.List(elements=elements)
            | cst.Set(elements=elements)
            | cst.Dict(elements=elements)
        ):
            return tuple(path for element in elements for path in _sources_in_display(element, definitions))
        case cst.IfExp(body=first, orelse=second) | cst.BooleanOperation(left=first, right=second):
            return (*collection_sources(first, definitions), *collection_sources(second, definitions))
        case cst.BinaryOperation(left=first, right=second):
            return tuple(
                path.element().in_collection()
                for path in (*collection_sources(first, definitions), *collection_sources(second, definitions))
            )
        case cst.NamedExpr(value=inner):
            return collection_sources(inner, definitions)
        case cst.ListComp(elt=inner) | cst.SetComp(elt=inner) | cst.GeneratorExp(elt=inner) | cst.DictComp(value=inner):
            return tuple(path.in_collection() for path in collection_sources(inner, definitions))
        case _:
            return ()


def _sources_in_display(
    element: cst.BaseElement | cst.BaseDictElement, definitions: Definitions
) -> Iterator[AccessPath]:
    """Yield the access paths of the collections that a list, tuple, set or dictionary contains due to an element."""
    is_unpacked = isinstance(element, cst.StarredElement | cst.StarredDictElement)
    for path in collection_sources(element.value, definitions):
        yield (path.element() if is_unpacked else path).in_collection()


def _call_sources(call: cst.Call, definitions: Definitions) -> Paths:
    name = last_name(call.func)
    if type(call.func) is cst.Lambda:
        return collection_sources(call.func.body, definitions)
    if type(call.func) is cst.Call:
        return _call_sources(call.func, definitions)
    owner = collection_sources(call.func.value, definitions) if type(call.func) is cst.Attribute else ()
    inputs = (*owner, *(path for argument in call.args for path in collection_sources(argument.value, definitions)))
    if definitions.is_definition(name):
        return (AccessPath(name),)
    if name in ELEMENT_METHODS:
        return elements_at(inputs)
    if name in COPYING_CALLS:
        entries = (
            path for a in call.args if a.keyword is not None for path in collection_sources(a.value, definitions)
        )
        return (
            *(path.element().in_collection() for path in inputs),
            *(path.in_collection() for path in entries),
        )
    if name in PAIRING_CALLS:
        return tuple(path.element().in_collection().in_collection() for path in inputs)
    if name == "next":
        return (*inputs, *elements_at(inputs))
    if name == "getattr":
        return (*inputs, *literal_attribute(call))
    if definitions.is_opaque(first_name(call.func)):
        return (*inputs, AccessPath(name))
    return inputs if name == "cast" else ()


def elements_at(sources: Paths) -> Paths:
    """Return the paths of the elements of the collections at some paths."""
    return tuple(path.element() for path in sources)


def literal_attribute(call: cst.Call) -> Paths:
    """Return the path of the attribute that `getattr(owner, "name")` reads."""
    match call.args:
        case [_, cst.Arg(value=literal), *_] if (name := string_of(literal)) is not None:
            return (AccessPath(name),)
        case _:
            return ()

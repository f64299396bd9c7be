"""The constants in attributes of objects, in items of collections and in the elements of loops, for expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import libcst as cst

from stepgraph.syntax.definitions.constructed_objects import Resolution
from stepgraph.syntax.definitions.listed_collections import (
    ElementValues,
    argument_elements,
    elements_of,
    mark_of_elements,
)
from stepgraph.syntax.definitions.loop_elements import is_item
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError
from stepgraph.syntax.definitions.normal_values import normal_expression_text
from stepgraph.syntax.definitions.object_sources import ObjectSource, is_global, loop_of, loop_over
from stepgraph.syntax.definitions.variable_definitions import VariableDefinitions

_T = TypeVar("_T")


def attribute_value(
    definitions: VariableDefinitions, names: Sequence[str], at: cst.CSTNode, function: int, numbers: Numbers
) -> tuple[cst.BaseExpression, int] | None:
    """Return the constant that a dotted name stands for, and the number of its components, or None."""
    source = ObjectSource(cst.Name(names[0]), definitions, at, function)
    if is_item(names[1]) and not is_global(names[0], source) and loop_over(names[0], source) is None:
        return None  # The collection may change.
    for count in range(len(names), 1, -1):
        value = _value(source, names[1:count], numbers)
        if value is not None:
            return value, count
    return None


def computed_item(
    definitions: VariableDefinitions,
    node: cst.Attribute | cst.Subscript,
    at: cst.CSTNode,
    function: int,
    numbers: Numbers,
) -> cst.BaseExpression | None:
    """Return the value of an item with a computed key, or of attributes of such an item, or None if it is unknown."""
    path: list[str] = []
    item: cst.BaseExpression = node
    while isinstance(item, cst.Attribute):
        path.insert(0, item.attr.value)
        item = item.value
    return _unchanged(
        definitions, numbers, lambda search: search.of_subscript(ObjectSource(item, definitions, at, function), path)
    )


def value_of_attributes(
    definitions: VariableDefinitions, value: cst.BaseExpression, names: Sequence[str], at: cst.CSTNode
) -> str:
    """Return the constant in an attribute of an object, or in an attribute of the attribute and so on.

    Return an empty string if it is unknown.
    """
    numbers = Numbers()
    expression = _value(ObjectSource(value, definitions, at, 0), names, numbers)
    return "" if expression is None else numbers.defined(normal_expression_text(expression))


def value_of_item(collection: ObjectSource, names: Sequence[str], key: ObjectSource, attributes: Sequence[str]) -> str:
    """Return the value of attributes of the item of a collection with a key that a call passes, or an empty string."""
    numbers = Numbers()
    value = _unchanged(key.definitions, numbers, lambda search: search.of_item(collection, names, key, attributes))
    return "" if value is None else numbers.defined(normal_expression_text(value))


def value_of_elements(
    parameter: cst.Param, owner: cst.FunctionDef, call: ObjectSource, attributes: Sequence[str]
) -> str:
    """Return the values of attributes of the elements of a collection that a call passes, or an empty string."""
    elements = _unchanged(call.definitions, Numbers(), lambda _: argument_elements(parameter, owner, call))
    if elements is None:
        return ""
    values = _element_values(call.definitions, lambda: elements, attributes)
    return values.common or (values.definition if values.listed else "")


def element_value(
    definitions: VariableDefinitions,
    name: str,
    target: cst.BaseAssignTargetExpression,
    iterable: tuple[cst.BaseExpression, cst.CSTNode],
    function: int,
) -> str:
    """Return the definition of a variable of a loop by the literals or items that it holds, or an empty string.

    `iterable` is the collection, with the loop or comprehension.
    """
    expression, at = iterable
    loop = loop_of(name, target, ObjectSource(expression, definitions, at, function))
    if loop is None:
        return ""
    collection, path = loop.iterable, loop.path
    values = _element_values(definitions, lambda: elements_of(collection) or (), path)
    if values.texts:
        return values.definition if path or values.are_scalars else ""
    if path:
        return ""
    *_, mark = mark_of_elements(collection, ()) or ("",)
    return mark


def listed_head(definitions: VariableDefinitions, iterable: cst.BaseExpression, at: cst.CSTNode, function: int) -> str:
    """Return a list of the literals in the collection of a loop, or a list of the same length.

    Other elements decide no number of passes. Return an empty string for an unknown collection.
    """
    source = ObjectSource(iterable, definitions, at, function)
    elements = _unchanged(definitions, Numbers(), lambda _: elements_of(source))
    if not elements or function >= len(definitions.functions):
        return ""
    values = _element_values(definitions, lambda: elements, ())
    if values.are_scalars:
        return values.listed
    numbers = (f'"#{number}"' for number in range(len(elements)))
    return f"[{', '.join(numbers)}]"


def _element_values(
    definitions: VariableDefinitions, find_elements: Callable[[], Sequence[ObjectSource]], path: Sequence[str]
) -> ElementValues:
    """Return the values of a part of each element of a collection."""
    values = _unchanged(definitions, Numbers(), lambda search: search.element_values(find_elements(), path))
    return values or ElementValues()


def _value(source: ObjectSource, path: Sequence[str], numbers: Numbers) -> cst.BaseExpression | None:
    """Return the value of attributes or items of an object, if it is a constant."""
    return _unchanged(source.definitions, numbers, lambda search: search.value(source, path))


def _unchanged(
    definitions: VariableDefinitions, numbers: Numbers, search: Callable[[Resolution], _T | None]
) -> _T | None:
    """Return the result of a search. Without a result, the state of the expansion does not change."""
    expansion = definitions.expansion
    pending, by_variable, reads = dict(expansion.pending), dict(numbers.by_variable), set(expansion.reads)
    try:
        value = search(Resolution(numbers))
    except (UnknownDefinitionError, cst.ParserSyntaxError):
        value = None
    if value is None:
        expansion.pending, numbers.by_variable, expansion.reads = pending, by_variable, reads
    return value

"""The expressions whose objects the variables of a scope may share, as `todo` shares the list of `items`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.walk import assigned_targets

SharedObjects: TypeAlias = tuple[cst.BaseExpression, ...]
"""The expressions with the objects that some variables may share, or be a part of.

All variables that a statement binds to one value have the same tuple, because a statement may have thousands of
variables and thousands of objects.
"""

_PART_METHODS: Final = frozenset({"get", "items", "keys", "pop", "popitem", "popleft", "setdefault", "values"})
"""The methods of collections that return parts of them."""
_ITERATING_FUNCTIONS: Final = frozenset(
    {"enumerate", "filter", "iter", "list", "reversed", "set", "sorted", "tuple", "zip"}
)
"""The functions whose results have the elements of their arguments."""
_IN_PLACE_OPERATORS: Final = frozenset(
    [cst.AddAssign, cst.BitAndAssign, cst.BitOrAssign, cst.BitXorAssign, cst.MultiplyAssign, cst.SubtractAssign]
)
"""The operators that may change a collection in place."""
_IMMUTABLE_OPERANDS: Final = (cst.BaseNumber, cst.BaseString, cst.Comparison, cst.UnaryOperation)
_NUMERIC_OPERATORS: Final = (cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power)
_NUMERIC_FUNCTIONS: Final = frozenset({"abs", "bool", "float", "int", "len", "round", "str"})


class LocalAliases:
    """The objects that the variables of a scope may share."""

    def __init__(self, statements: Iterable[cst.CSTNode]) -> None:
        """Collect the objects that the variables assigned by statements may share."""
        self._by_name: defaultdict[str, list[SharedObjects]] = defaultdict(list)
        for statement in statements:
            for name, objects in _shared_by(statement):
                if objects:
                    self._by_name[name].append(objects)
        self._attributes: dict[int, list[cst.Attribute]] = {}
        """The attributes in each tuple, by the identity of the tuple."""

    def of(self, name: str) -> Sequence[SharedObjects]:
        """Return the objects that a variable may share: one tuple or more for each statement that binds it."""
        return self._by_name.get(name, ())

    def attributes_of(self, name: str) -> Iterator[cst.Attribute]:
        """Yield the attributes that a variable may share, such as `items.append`."""
        for objects in self.of(name):
            if id(objects) not in self._attributes:
                self._attributes[id(objects)] = [each for each in objects if isinstance(each, cst.Attribute)]
            yield from self._attributes[id(objects)]

    def shared_names(self) -> set[str]:
        """Return the variables whose objects others may share."""
        tuples = {id(objects): objects for values in self._by_name.values() for objects in values}
        return {each.value for objects in tuples.values() for each in objects if type(each) is cst.Name}


def may_change_in_place(statement: cst.CSTNode) -> bool:
    """Return whether a statement such as `todo += more` may change a collection that other variables share."""
    if not isinstance(statement, cst.AugAssign) or type(statement.operator) not in _IN_PLACE_OPERATORS:
        return False
    return not _is_immutable(statement.value)


def _is_immutable(operand: cst.BaseExpression) -> bool:
    """Return whether an operand is certainly a number or string, with which no collection changes."""
    match operand:
        case cst.BinaryOperation(left=left, operator=operator, right=right):
            return isinstance(operator, _NUMERIC_OPERATORS) or _is_immutable(left) or _is_immutable(right)
        case cst.Call(func=cst.Name(name)):
            return name in _NUMERIC_FUNCTIONS
        case _:
            return isinstance(operand, _IMMUTABLE_OPERANDS)


def _shared_by(statement: cst.CSTNode) -> Iterator[tuple[str, SharedObjects]]:
    """Yield the variables that a statement assigns, with the objects that each may share."""
    match statement:
        case cst.Assign(targets=targets, value=value):
            names = tuple(each.target for each in targets if isinstance(each.target, cst.Name))
            if len(names) > 1:
                yield from ((each.value, names) for each in names)
            yield from _with_objects(chain.from_iterable(_bound(each.target, value) for each in targets))
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            yield from _with_objects(_bound(target, value))
        case cst.For(iter=iterable):
            elements = tuple(_shared_elements(iterable))
            names = tuple(each for each in assigned_targets(statement) if isinstance(each, cst.Name))
            yield from ((each.value, elements) for each in names)
        case cst.With(items=items):
            for item in items:
                if item.asname is not None:
                    yield from _with_objects(_bound(item.asname.name, item.item))


def _with_objects(bound: Iterable[tuple[str, cst.BaseExpression]]) -> Iterator[tuple[str, SharedObjects]]:
    """Yield variables with the objects of their values."""
    objects: dict[int, SharedObjects] = {}
    for name, value in bound:
        if id(value) not in objects:
            objects[id(value)] = tuple(shared_objects(value))
        yield name, objects[id(value)]


def _bound(target: cst.BaseExpression, value: cst.BaseExpression) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the variables in a target, with the value whose objects each may share."""
    match target, value:
        case cst.Name(name), _:
            yield name, value
        case cst.Tuple(elements=targets), cst.Tuple(elements=values) if len(targets) == len(values) and not any(
            isinstance(each, cst.StarredElement) for each in (*targets, *values)
        ):
            for inner, element in zip(targets, values, strict=True):
                yield from _bound(inner.value, element.value)
        case ((cst.Tuple(elements=targets) | cst.List(elements=targets)), _):
            for each in targets:
                yield from _bound(each.value, value)


def shared_objects(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield the expressions in a value whose objects it may be, contain, or be a part of."""
    match value:
        case cst.Name() | cst.Attribute() | cst.Subscript():
            yield value
        case cst.Call(func=cst.Attribute(attr=cst.Name(method))) if method in _PART_METHODS:
            yield value
        case cst.NamedExpr(target=target, value=inner):
            yield target
            yield from shared_objects(inner)
        case cst.IfExp(body=first, orelse=second) | cst.BooleanOperation(left=first, right=second):
            yield from shared_objects(first)
            yield from shared_objects(second)
        case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Dict(elements=elements):
            for each in elements:
                yield from shared_objects(each.value)


def _shared_elements(iterable: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """Yield the expressions with the elements of the iterable of a loop."""
    match iterable:
        case cst.Call(func=cst.Name(name), args=arguments) if name in _ITERATING_FUNCTIONS:
            for each in arguments:
                yield from _shared_elements(each.value)
        case _:
            yield from shared_objects(iterable)

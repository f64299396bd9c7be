"""The predicates that decide whether a program discards a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct


class UsedValue(Struct, frozen=True):
    """A value to examine: the value of an expression, or the elements of that value."""

    node: cst.CSTNode
    elements_only: bool
    """Whether to examine the uses of the elements instead of the uses of the collection."""


class NameDiscarded(Struct, frozen=True):
    """The predicate that all uses of a local name discard its value."""

    function: cst.FunctionDef
    name: str
    elements_only: bool
    """See `UsedValue.elements_only`."""


class AttributeDiscarded(Struct, frozen=True):
    """The predicate that all uses of the attributes of a name discard their values."""

    name: str
    elements_only: bool
    """See `UsedValue.elements_only`."""


class ResultDiscarded(Struct, frozen=True):
    """The predicate that all calls of a nested function or lambda discard its result."""

    function: cst.FunctionDef | cst.Lambda
    elements_only: bool
    """See `UsedValue.elements_only`."""


Predicate: TypeAlias = NameDiscarded | AttributeDiscarded | ResultDiscarded

# A value is discarded if each of these predicates holds. None means that the value is used.
Conditions: TypeAlias = "Sequence[Predicate] | None"
DISCARDED: Final[tuple[Predicate, ...]] = ()

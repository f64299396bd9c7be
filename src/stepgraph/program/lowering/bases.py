"""Whether a class is meant to be derived from, and not to be deployed."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.program.lowering.classes import resolution_order
from stepgraph.program.values import ClassValue
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below

_MARKS: Final = (b"abstractmethod", b"NotImplementedError", b"ABC")


def may_be_base(defined: ClassValue) -> bool:
    """Whether a class looks like a base of others: private, abstract, or derived from in its module."""
    modules = {owner.scope.module for owner in resolution_order(defined) if isinstance(owner, ClassValue)}
    is_abstract = any(module.mentions(mark) for module in modules for mark in _MARKS)
    return defined.name.startswith("_") or is_abstract or _is_derived_from(defined)


def _is_derived_from(defined: ClassValue) -> bool:
    return defined.name in defined.scope.module.once(_base_names)


def _base_names(module: SourceModule) -> frozenset[str]:
    """Return the names of classes from which others in a module derive."""
    return frozenset(
        base.value.value
        for statement in statements_below(module.tree)
        if isinstance(statement, cst.ClassDef)
        for base in statement.bases
        if isinstance(base.value, cst.Name)
    )

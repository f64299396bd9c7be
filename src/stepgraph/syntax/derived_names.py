"""The names in a module by which others may derive workflow classes, as the text has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below


class Derivation(Struct, frozen=True):
    """A name that a module gives to a class with these bases, to one of another name, or to one that it imports."""

    name: str
    bases: tuple[str, ...]
    is_import: bool = False


def derivations_in(module: SourceModule) -> tuple[Derivation, ...]:
    """Return what may give a name to a workflow class, in the order of the source."""
    return tuple(_derivations(module))


def derived_names(derivations: Sequence[Derivation], known: Collection[str]) -> tuple[str, ...]:
    """Return the names that a module gives to classes derived from those of known names, and to these themselves."""
    found: dict[str, None] = {}
    for derivation in derivations:
        if any(base in known or (base in found and not derivation.is_import) for base in derivation.bases):
            found[derivation.name] = None
    return tuple(name for name in found if name not in known)


def _derivations(module: SourceModule) -> Iterator[Derivation]:
    for statement in statements_below(module.tree):
        match statement:
            case cst.ClassDef(name=cst.Name(value=name), bases=[_, *_] as bases):
                yield Derivation(name, tuple(_last(base.value) for base in bases))
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if _last(value):
                yield Derivation(name, (_last(value),))
            case cst.ImportFrom(names=[*aliases]):
                for alias in aliases:
                    if alias.asname:
                        yield Derivation(import_binding(alias), (alias.evaluated_name,), is_import=True)


def _last(node: cst.BaseExpression) -> str:
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Subscript(value=value):
            return _last(value)
        case _:
            return ""

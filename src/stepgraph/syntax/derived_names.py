"""The names in a module by which others may derive workflow classes, as the text has them."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below


def derived_names(module: SourceModule, known: Collection[str]) -> tuple[str, ...]:
    """Return the names that a module gives to classes derived from those of known names, and to these themselves."""
    found: dict[str, None] = {}
    for statement in statements_below(module.tree):
        match statement:
            case cst.ClassDef(name=cst.Name(value=name), bases=bases):
                derives = any(_last(base.value) in known or _last(base.value) in found for base in bases)
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                derives = _last(value) in known or _last(value) in found
            case cst.ImportFrom(names=[*aliases]):
                found |= {import_binding(a): None for a in aliases if a.asname and a.evaluated_name in known}
                continue
            case _:
                continue
        if derives:
            found[name] = None
    return tuple(name for name in found if name not in known)


def _last(node: cst.BaseExpression) -> str:
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Subscript(value=value):
            return _last(value)
        case _:
            return ""

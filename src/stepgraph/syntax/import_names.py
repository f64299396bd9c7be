"""Modules named in import statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

ModuleReference: TypeAlias = tuple[int, str]
"""The number of leading dots, 0 for an absolute import, and the dotted name after them."""

# Standard library and platform packages. The interpreter models them even if the project has a module of that name.
_MODELED_PACKAGES: Final = frozenset(
    {
        *("abc", "asyncio", "builtins", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools"),
        *("inspect", "itertools", "js", "logging", "pyodide", "pyodide_js", "random", "time", "typing"),
        *("typing_extensions", "uuid", "workers"),
    }
)


def is_modeled_package(name: str) -> bool:
    """Whether a dotted name belongs to a package that the interpreter models, even if the project has one too."""
    return name.split(".", maxsplit=1)[0] in _MODELED_PACKAGES


def imported_module(statement: cst.ImportFrom) -> ModuleReference:
    """Return the module after `from`."""
    node: cst.BaseExpression | None = statement.module
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    return len(statement.relative), ".".join(reversed(parts))


def must_load_modules(statement: cst.Import | cst.ImportFrom) -> tuple[ModuleReference, ...]:
    """Return the modules that an import statement must load."""
    if isinstance(statement, cst.ImportFrom):
        return (imported_module(statement),)
    return tuple((0, alias.evaluated_name) for alias in statement.names)


def may_load_modules(statement: cst.Import | cst.ImportFrom) -> Iterator[ModuleReference]:
    """Yield the modules that an import statement may load: a name imported from a package may be a submodule."""
    must_load = must_load_modules(statement)
    if all(not level and is_modeled_package(name) for level, name in must_load):
        return
    yield from must_load
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        level, source = imported_module(statement)
        yield from ((level, f"{source}.{alias.evaluated_name}".lstrip(".")) for alias in statement.names)

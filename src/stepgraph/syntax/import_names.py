"""What import statements name: how many dots, and the dotted name after them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

NamedModule: TypeAlias = tuple[int, str]

# What the platform and the standard library give under these names is known here, whatever stands beside a project.
_KNOWN: Final = frozenset(
    {
        *("abc", "asyncio", "builtins", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools"),
        *("inspect", "itertools", "js", "logging", "pyodide", "pyodide_js", "random", "time", "typing"),
        *("typing_extensions", "uuid", "workers"),
    }
)


def is_known(name: str) -> bool:
    """Whether a dotted name is one whose meaning is known, whatever stands beside a project."""
    return name.split(".", maxsplit=1)[0] in _KNOWN


def source_name(statement: cst.ImportFrom) -> NamedModule:
    """Return what a `from` names."""
    node: cst.BaseExpression | None = statement.module
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        parts.append(node.value)
    return len(statement.relative), ".".join(reversed(parts))


def source_names(statement: cst.Import | cst.ImportFrom) -> tuple[NamedModule, ...]:
    """Return the modules that an import statement surely names."""
    if isinstance(statement, cst.ImportFrom):
        return (source_name(statement),)
    return tuple((0, alias.evaluated_name) for alias in statement.names)


def possible_modules(statement: cst.Import | cst.ImportFrom) -> Iterator[NamedModule]:
    """Yield the modules that an import statement may load: what it takes of a package may be one too."""
    surely = source_names(statement)
    if all(not level and is_known(name) for level, name in surely):
        return
    yield from surely
    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
        level, source = source_name(statement)
        yield from ((level, f"{source}.{alias.evaluated_name}".lstrip(".")) for alias in statement.names)

"""The modules that a source may import, found without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from stepgraph.syntax.bindings import ModuleReference

_IGNORED: Final = re.compile(rb"#[^\n]*+|\\\r?\n")
_IMPORT: Final = re.compile(
    rb"(?:\bfrom(?P<dots>[. \t]*+)(?P<module>(?:(?!import\b)[\w.]++)?)[ \t]*+)?"
    rb"\bimport\b(?P<names>[^\n(]*+(?:\([^()]*+\))?)"
)
_DOTTED_NAME: Final = re.compile(rb"[\w.]+")


def may_imported_modules(source: bytes) -> tuple[ModuleReference, ...]:
    """Return the modules that import statements of a source may load: a superset, from regular expressions."""
    return tuple(dict.fromkeys(with_packages(_references(source))))


def _references(source: bytes) -> Iterator[ModuleReference]:
    for match in _IMPORT.finditer(_IGNORED.sub(b" ", source)):
        names = [name.decode(errors="replace") for name in _DOTTED_NAME.findall(match["names"])]
        if match["module"] is None:
            yield from ((0, name) for name in names)
            continue
        level, module = match["dots"].count(b"."), match["module"].decode(errors="replace")
        yield level, module
        yield from ((level, f"{module}.{name}".lstrip(".")) for name in names)


def with_packages(references: Iterable[ModuleReference]) -> Iterator[ModuleReference]:
    """Yield each module after the packages that it is in, which Python imports first."""
    for level, dotted_name in references:
        parts = dotted_name.split(".")
        yield from ((level, ".".join(parts[:length])) for length in range(1, len(parts) + 1))

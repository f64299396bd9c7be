"""The modules that a source may import, found without parsing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from stepgraph.syntax.bindings import ModuleReference

_IGNORED: Final = re.compile(rb"#[^\n]*+|\\\r?\n")
_IMPORT: Final = re.compile(rb"\bimport\b(?P<names>[^\n(]*+(?:\([^()]*+\))?)")
_MAX_SOURCE: Final = 300
"""The maximum length of the name between `from` and `import`, in bytes."""
_DOTTED_NAME: Final = re.compile(rb"[\w.]+")


def may_imported_modules(source: bytes) -> tuple[ModuleReference, ...]:
    """Return the modules that import statements of a source may load: a superset, from regular expressions."""
    return tuple(dict.fromkeys(with_packages(_references(source))))


def _references(source: bytes) -> Iterator[ModuleReference]:
    text = _IGNORED.sub(b" ", source)
    for match in _IMPORT.finditer(text):
        names = [name.decode(errors="replace") for name in _DOTTED_NAME.findall(match["names"])]
        before = text[max(0, match.start() - _MAX_SOURCE) : match.start()].rpartition(b"\n")[2]
        _, keyword, source_name = before.rpartition(b"from")
        if not keyword:
            yield from ((0, name) for name in names)
            continue
        module = source_name.translate(None, b" \t").decode(errors="replace")
        level = len(module) - len(module.lstrip("."))
        yield level, module[level:]
        yield from ((level, f"{module[level:]}.{name}".lstrip(".")) for name in names)


def with_packages(references: Iterable[ModuleReference]) -> Iterator[ModuleReference]:
    """Yield each module after the packages that it is in, which Python imports first."""
    for level, dotted_name in references:
        parts = dotted_name.split(".")
        yield from ((level, ".".join(parts[:length])) for length in range(1, len(parts) + 1))

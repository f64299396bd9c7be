"""Imports and exported names of sources in UTF-8, found by regular expressions without parsing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from stepgraph.syntax.bindings import ModuleReference
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import LETTER

_IGNORED: Final = rb"#[^\n]*+|\\\r?\n"
# The search for a pattern that starts with characters is fast.
_IMPORT: Final = rb"import(?<=\bimport)\b(?P<names>[^\n(]*+(?:\([^()]*+\))?)"
_TOP_LEVEL_IMPORT: Final = rb"^(?:from|import)[ \t][^\n]*+"
_MAX_SOURCE: Final = 300
"""The maximum length of the module name between `from` and `import`, in bytes."""
_STRINGS: Final = rb"(?:[\"'](?:%s|\.)*+[\"'][\s+]*+)++" % LETTER
"""Strings that Python concatenates, as in `"jobs" ".daily"` and `"jobs." + "daily"`."""
_IMPORT_CALL: Final = (
    rb"\b(?:import_module|__import__)\(\s*+(?:name\s*+=\s*+)?(?:(?P<strings>%s)|(?P<name>%s++)\s*+[,)])"
    % (_STRINGS, LETTER)
)
_STRING_ASSIGNMENT: Final = rb"^[ \t]*+(?P<name>%s++)[ \t]*+(?::[^\n=]*+)?=[\s(]*+(?P<strings>%s)" % (LETTER, _STRINGS)
_BETWEEN_STRINGS: Final = b"\"'+ \t\r\n\f\v"
_DOTTED_NAME: Final = rb"(?:%s|\.)+" % LETTER
_IMPORTED_WORD: Final = rb"%s++|\*" % LETTER
_EXPORT_LIST: Final = rb"^[ \t]*+__all__\b[^\[(\n]*+[\[(]([^\])]*+)"
_QUOTED: Final = rb"[\"'](%s++)[\"']" % LETTER

_DYNAMIC_IMPORTS: Final = (b"import_module(", b"__import__(", b"pkgutil", b"entry_points")
"""Source text that marks code that may import modules by computed names."""
_LISTED_FILES: Final = (b"glob(", b"iterdir(", b"listdir(", b"scandir(")
"""Source text that marks an `__all__` with the names of files, which a star import of the package imports."""


def may_import_dynamically(source: bytes) -> bool:
    """Return whether a source may import modules by computed names."""
    return mentions_dynamic_imports(source.__contains__)


def mentions_dynamic_imports(mentions: Callable[[bytes], bool]) -> bool:
    """Return whether a source may import modules by computed names. `mentions` searches it for text."""
    marks = (*_DYNAMIC_IMPORTS, *_LISTED_FILES) if mentions(b"__all__") else _DYNAMIC_IMPORTS
    return any(map(mentions, marks))


def imports_dynamically(module: SourceModule) -> bool:
    """Return whether a module may import modules by computed names."""
    return mentions_dynamic_imports(module.mentions)


def may_imported_modules(source: bytes) -> tuple[ModuleReference, ...]:
    """Return a superset of the modules that a source may load, except by computed names."""
    return tuple(dict.fromkeys(with_packages([*_references(source), *called_imports(source)])))


def called_imports(source: bytes) -> Iterator[ModuleReference]:
    """Yield the modules that calls such as `import_module("jobs.daily")` in a source load.

    The name may be a concatenation of strings, or a variable. All strings that are assigned to the variable count.
    """
    if b"import_module" not in source and b"__import__" not in source:
        return
    calls = list(re.finditer(_IMPORT_CALL, source))
    variables = {call["name"] for call in calls}
    assignments = re.finditer(_STRING_ASSIGNMENT, source, re.MULTILINE) if variables - {None} else ()
    assigned = [assignment for assignment in assignments if assignment["name"] in variables]
    for strings in (match["strings"] for match in (*calls, *assigned)):
        if name := (strings or b"").translate(None, _BETWEEN_STRINGS):
            module = name.lstrip(b".")
            yield len(name) - len(module), module.decode(errors="replace")


def top_level_imports(source: bytes) -> tuple[ModuleReference, ...]:
    """Return the modules that statements without indentation import, from the first line of each statement."""
    return may_imported_modules(b"\n".join(re.findall(_TOP_LEVEL_IMPORT, source, re.MULTILINE)))


def imported_words(source: bytes) -> frozenset[bytes]:
    """Return the words after `import` in the import statements of a source, with `*` if it imports by star."""
    statements = re.finditer(_IMPORT, re.sub(_IGNORED, b" ", source))
    return frozenset(word for statement in statements for word in re.findall(_IMPORTED_WORD, statement["names"]))


def names_in_export_list(source: bytes) -> tuple[str, ...]:
    """Return the names that a source writes into its `__all__`, in order."""
    lists = re.findall(_EXPORT_LIST, re.sub(_IGNORED, b" ", source), re.MULTILINE)
    names = (name.decode(errors="replace") for names in lists for name in re.findall(_QUOTED, names))
    return tuple(dict.fromkeys(names))


def _references(source: bytes) -> Iterator[ModuleReference]:
    text = re.sub(_IGNORED, b" ", source)
    for match in re.finditer(_IMPORT, text):
        # An import without names is a star import.
        imported = re.findall(_DOTTED_NAME, match["names"]) or match["names"].split()[:1]
        names = [name.decode(errors="replace") for name in imported]
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
    """Yield each module, preceded by the packages that contain it, because Python imports those first."""
    for level, dotted_name in references:
        parts = dotted_name.split(".")
        yield from ((level, ".".join(parts[:length])) for length in range(1, len(parts) + 1))

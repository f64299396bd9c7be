"""Imports and assigned attributes of sources in UTF-8, found by regular expressions without parsing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from stepgraph.syntax.bindings import ModuleReference
from stepgraph.syntax.mutation.assignments import ANY_NAME, EQUALS, LETTER, METHODS, has_split_target, joined_lines

_IGNORED: Final = re.compile(rb"#[^\n]*+|\\\r?\n")
_IMPORT: Final = re.compile(rb"\bimport\b(?P<names>[^\n(]*+(?:\([^()]*+\))?)")
_TOP_LEVEL_IMPORT: Final = re.compile(rb"^(?:from|import)[ \t][^\n]*+", re.MULTILINE)
_MAX_SOURCE: Final = 300
"""The maximum length of the module name between `from` and `import`, in bytes."""
_STRINGS: Final = rb"(?:[\"'](?:%s|\.)*+[\"'][\s+]*+)++" % LETTER
"""Strings that Python concatenates, as in `"jobs" ".daily"` and `"jobs." + "daily"`."""
_IMPORT_CALL: Final = re.compile(
    rb"\b(?:import_module|__import__)\(\s*+(?:name\s*+=\s*+)?(?:(?P<strings>%s)|(?P<name>%s++)\s*+[,)])"
    % (_STRINGS, LETTER)
)
_STRING_ASSIGNMENT: Final = re.compile(
    rb"^[ \t]*+(?P<name>%s++)[ \t]*+(?::[^\n=]*+)?=[\s(]*+(?P<strings>%s)" % (LETTER, _STRINGS), re.MULTILINE
)
_BETWEEN_STRINGS: Final = b"\"'+ \t\r\n\f\v"
_DOTTED_NAME: Final = re.compile(rb"(?:%s|\.)+" % LETTER)
_EXPORT_LIST: Final = re.compile(rb"^[ \t]*+__all__\b[^\[(\n]*+[\[(]([^\])]*+)", re.MULTILINE)
_QUOTED: Final = re.compile(rb"[\"'](%s++)[\"']" % LETTER)

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


def may_imported_modules(source: bytes) -> tuple[ModuleReference, ...]:
    """Return a superset of the modules that a source may load, except by computed names."""
    return tuple(dict.fromkeys(with_packages([*_references(source), *called_imports(source)])))


def called_imports(source: bytes) -> Iterator[ModuleReference]:
    """Yield the modules that calls such as `import_module("jobs.daily")` in a source load.

    The name may be a concatenation of strings, or a variable. All strings that are assigned to the variable count.
    """
    calls = list(_IMPORT_CALL.finditer(source))
    variables = {call["name"] for call in calls}
    assignments = _STRING_ASSIGNMENT.finditer(source) if variables - {None} else ()
    assigned = [assignment for assignment in assignments if assignment["name"] in variables]
    for strings in (match["strings"] for match in (*calls, *assigned)):
        if name := (strings or b"").translate(None, _BETWEEN_STRINGS):
            module = name.lstrip(b".")
            yield len(name) - len(module), module.decode(errors="replace")


def top_level_imports(source: bytes) -> tuple[ModuleReference, ...]:
    """Return the modules that statements without indentation import, from the first line of each statement."""
    return may_imported_modules(b"\n".join(_TOP_LEVEL_IMPORT.findall(source)))


def names_in_export_list(source: bytes) -> tuple[str, ...]:
    """Return the names that a source writes into its `__all__`, in order."""
    lists = _EXPORT_LIST.findall(_IGNORED.sub(b" ", source))
    names = (name.decode(errors="replace") for names in lists for name in _QUOTED.findall(names))
    return tuple(dict.fromkeys(names))


def _references(source: bytes) -> Iterator[ModuleReference]:
    text = _IGNORED.sub(b" ", source)
    for match in _IMPORT.finditer(text):
        # An import without names is a star import.
        imported = _DOTTED_NAME.findall(match["names"]) or match["names"].split()[:1]
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


_NAME = rb"(?<!%(letter)s)(%(letter)s++)" % {b"letter": LETTER}

# Names of attributes of objects other than `self`. The search for a pattern that starts with a character is fast.
_ATTRIBUTE = re.compile(rb"\.(?<!\bself\.)\s*+(%s++)" % LETTER)
_ASSIGNED_ATTRIBUTE = re.compile(
    rb"%(attribute)s[\s)]*+%(equals)s" % {b"attribute": _ATTRIBUTE.pattern, b"equals": EQUALS}
)
_MUTATED_NAME = re.compile(rb"%(name)s\.(?:%(methods)s)\(" % {b"name": _NAME, b"methods": METHODS})
_NAME_IN_CALL = re.compile(rb"\b(?:set|del)attr\([^\n,]*+(?:,\s*+[\"'](%s++))?" % LETTER)
_QUOTED_NAME = re.compile(rb"[\"'.](%s++)[\"']" % LETTER)
# Changes of attributes whose names may be computed.
_COMPUTED_NAME = re.compile(
    rb"(?<!\bself\.)\b__dict__\b"
    rb"|\bvars\(\s*+([^\s)]%(letter)s*+)"
    rb"|\b(?:set|del)attr\(\s*+(%(letter)s*+)[^\n,]*+(?:,\s*+(?:\"[^\"\n]*+\"|'[^'\n]*+')\s*+([,)]))?"
    % {b"letter": LETTER}
)
_SUBSCRIPT = re.compile(rb"%s[\s)]*+\[([^\n]*+)" % _NAME)
_SUBSCRIPT_ASSIGNMENT = re.compile(rb"\]\s*+%(equals)s" % {b"equals": EQUALS})
_DELETION = re.compile(rb"\bdel\s([^\n]*+)")
_DELETED_NAME = re.compile(rb"%s\s*+(?:\[|$)" % _NAME)

# Names that are imported under another name.
_IMPORT_ALIAS = re.compile(rb"%s\s++as\s++(%s++)" % (_NAME, LETTER))


def may_assigned_names(source: bytes) -> frozenset[str]:
    """Return a superset of the attribute names that a source assigns or mutates in objects other than `self`."""
    source = joined_lines(source)
    attributes = {*_ASSIGNED_ATTRIBUTE.findall(source), *_MUTATED_NAME.findall(source)}
    if b"attr(" in source:
        attributes.update(filter(None, _NAME_IN_CALL.findall(source)))
    if _SUBSCRIPT_ASSIGNMENT.search(source):
        attributes.update(name for name, rest in _SUBSCRIPT.findall(source) if _SUBSCRIPT_ASSIGNMENT.search(rest))
    if b"del" in source:
        deleted = (_DELETED_NAME.search(names) for names in _DELETION.findall(source))
        attributes.update(item[1] for item in deleted if item is not None)
    if b"attr__(" in source or b"patch" in source:
        attributes.update(_QUOTED_NAME.findall(source))
    if has_split_target(source):
        attributes.update(_ATTRIBUTE.findall(source))
    for line in source.splitlines():
        if b"." in line:
            attributes.update(_ATTRIBUTE.findall(_possible_targets(line)))
    attributes.update(name for name, alias in _IMPORT_ALIAS.findall(source) if alias in attributes)
    names = frozenset(map(_decoded_name, attributes))
    return names | {ANY_NAME} if _may_compute_names(source) else names


def _decoded_name(name: bytes) -> str:
    """Return a name as Python reads it: `field` for `ﬁeld` with a ligature."""
    if name.isascii():
        return name.decode()
    # Imported here for a fast start.
    from unicodedata import normalize

    return normalize("NFKC", name.decode(errors="replace"))


def _possible_targets(line: bytes) -> bytes:
    """Return the part of a line that may contain targets of `for`, `as`, or a multiple or annotated assignment."""
    if line.lstrip().startswith(b"#"):
        return b""
    if b"for " in line or b" as " in line:
        return line
    has_targets = any(sign in line for sign in (b",", b":", b"]"))
    return line[: line.rfind(b"=") + 1] if has_targets else b""


def _may_compute_names(source: bytes) -> bool:
    """Return whether a source may change an attribute of an object other than `self` by a computed name."""
    if not any(word in source for word in (b"__dict__", b"vars", b"attr(")):
        return False
    return any(
        not is_literal and b"self" not in (dictionary_owner, owner)
        for dictionary_owner, owner, is_literal in _COMPUTED_NAME.findall(source)
    )

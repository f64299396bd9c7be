"""Assigned attributes of sources in UTF-8, found by regular expressions without parsing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepgraph.syntax.mutation.assignments import ANY_NAME, EQUALS, LETTER, METHODS, has_split_target, joined_lines
from stepgraph.syntax.unparsed_imports import imported_words

_NAME = rb"(?<!%(letter)s)(%(letter)s++)" % {b"letter": LETTER}

# The search for a pattern that starts with a character is fast.

# Names of attributes of objects other than `self`.
_ATTRIBUTE = re.compile(rb"\.(?<!\bself\.)\s*+(%s++)" % LETTER)
_ASSIGNED_ATTRIBUTE = re.compile(
    rb"%(attribute)s[\s)]*+%(equals)s" % {b"attribute": _ATTRIBUTE.pattern, b"equals": EQUALS}
)
_MUTATION = re.compile(rb"\.(?:%s)\(" % METHODS)
_LETTERS = frozenset(each for each in range(0x100) if re.match(LETTER, bytes([each])))
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
_DELETION = re.compile(rb"del(?<=\bdel)\s([^\n]*+)")
_DELETED_NAME = re.compile(rb"%s\s*+(?:\[|$)" % _NAME)

# Names that are imported under another name.
_ALIAS = re.compile(rb"as(?<=\sas)\s++(%s++)" % LETTER)
_WHITESPACE = frozenset(b" \t\n\r\f\v")


def may_assigned_names(source: bytes) -> frozenset[str]:
    """Return a superset of the attributes and imported names that a source assigns or mutates, except those of `self`.

    Mutations of variables that the source does not import are left out.
    """
    source = joined_lines(source)
    attributes = {*_ASSIGNED_ATTRIBUTE.findall(source), *_mutated_names(source)}
    if b"attr(" in source:
        attributes.update(filter(None, _NAME_IN_CALL.findall(source)))
    if b"attr__(" in source or b"patch" in source:
        attributes.update(_QUOTED_NAME.findall(source))
    if has_split_target(source):
        attributes.update(_ATTRIBUTE.findall(source))
    for line in source.splitlines():
        if b"." in line and b"." in (targets := _possible_targets(line)):
            attributes.update(_ATTRIBUTE.findall(targets))
    for match in _ALIAS.finditer(source):
        if match[1] in attributes and (name := _name_before(source, match.start())):
            attributes.add(name)
    names = frozenset(map(_decoded_name, attributes))
    return names | {ANY_NAME} if _may_compute_names(source) else names


def _mutated_names(source: bytes) -> set[bytes]:
    """Return the names of attributes and imported names whose collection is mutated."""
    attributes: set[bytes] = set()
    variables: set[bytes] = set()
    for start, end in _mutated_spans(source):
        owner_end = _end_before(source, start)
        names = attributes if source[owner_end - 1 : owner_end] == b"." else variables
        names.add(source[start:end])
    return attributes | _imported_among(variables, source)


def _mutated_spans(source: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each name that is mutated by a method, an assigned entry or a deletion."""
    for method in _MUTATION.finditer(source):
        end = _end_before(source, method.start())
        yield _name_start(source, end), end
    if _SUBSCRIPT_ASSIGNMENT.search(source):
        for subscript in _SUBSCRIPT.finditer(source):
            if _SUBSCRIPT_ASSIGNMENT.search(source, subscript.start(2), subscript.end(2)):
                yield subscript.span(1)
    for deletion in _DELETION.finditer(source) if b"del" in source else ():
        deleted = _DELETED_NAME.search(source, *deletion.span(1))
        if deleted is not None:
            yield deleted.span(1)


def _imported_among(names: set[bytes], source: bytes) -> set[bytes]:
    """Return the names that a source may import from another module."""
    if not names:
        return names
    words = imported_words(source)
    return names if b"*" in words else names & words


def _name_before(source: bytes, offset: int) -> bytes:
    """Return the name in front of an offset, or an empty text without a name."""
    end = _end_before(source, offset)
    return source[_name_start(source, end) : end]


def _end_before(source: bytes, offset: int) -> int:
    """Return the end of the code in front of an offset, without white space."""
    while offset and source[offset - 1] in _WHITESPACE:
        offset -= 1
    return offset


def _name_start(source: bytes, end: int) -> int:
    """Return the start of the name that ends at an offset."""
    while end and source[end - 1] in _LETTERS:
        end -= 1
    return end


def _decoded_name(name: bytes) -> str:
    """Return a name as Python reads it: `field` for `ﬁeld` with a ligature."""
    if name.isascii():
        return name.decode()
    # Imported here for a fast start.
    from unicodedata import normalize

    return normalize("NFKC", name.decode(errors="replace"))


def _possible_targets(line: bytes) -> bytes:
    """Return the part of a line that may contain targets of `for`, `as`, or a multiple or annotated assignment."""
    if b"for " in line or b" as " in line:
        return b"" if line.lstrip().startswith(b"#") else line
    end = line.rfind(b"=") + 1
    has_targets = b"," in line or b":" in line or b"]" in line
    return line[:end] if end and has_targets and not line.lstrip().startswith(b"#") else b""


def _may_compute_names(source: bytes) -> bool:
    """Return whether a source may change an attribute of an object other than `self` by a computed name."""
    if not any(word in source for word in (b"__dict__", b"vars", b"attr(")):
        return False
    return any(
        not is_literal and b"self" not in (dictionary_owner, owner)
        for dictionary_owner, owner, is_literal in _COMPUTED_NAME.findall(source)
    )

"""Class names in the text of unparsed sources: names that a source may use, and names of derived classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

BASE_CLASS: Final = b"WorkflowEntrypoint"
"""The name of the SDK's base class, which every module with a class directly derived from it contains."""
COMMON: Final = b"orkflow"
"""A part of this name that most names of workflow classes contain, too."""
STAR_IMPORT: Final = "*"
"""The name for a star import, which may bind any name."""

_STAR: Final = b"import *"
# Patterns that start with literal text, such as a line end, match without a look at each word.
_CLASS: Final = re.compile(r"class(?<!\wclass)\s++(\w++)\s*+")
_AS: Final = re.compile(r"as(?<=\sas)\s++(\w++)")
_ASSIGNMENT: Final = re.compile(r"=\s*+(?:\w++\.)*+(\w++)[^\S\n]*+(?:#|$)", re.MULTILINE)
_ALIAS: Final = re.compile(r"\n[^\S\n]*+(\w++)[^\S\n]*+=[^\S\n]*+(?:\w++\.)*+(\w++)[^\S\n]*+(?:#|$)", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_SPACE: Final = re.compile(r"\s*+")
# Limits on the length of type parameters and bases, because the text need not be valid Python.
_MAX_TYPE_PARAMETERS_LENGTH: Final = 300
_MAX_BASES_LENGTH: Final = 600


def names_used(content: bytes) -> Iterator[str]:
    """Yield the names that are bases of classes, are imported under another name, or are assigned to variables."""
    text = _text(content)
    for match in _CLASS.finditer(text):
        yield from _WORD.findall(_bases(text, match.end()))
    for name, _ in _import_aliases(text):
        yield name
    yield from _ASSIGNMENT.findall(text)


class DerivedNames(Struct):
    """The names in sources that may refer to classes derived from a class of another source."""

    _by_base: dict[str, list[str]] = field(default_factory=dict)
    """The names that may refer to a class or to one derived from it, by the name of the class."""

    def add(self, content: bytes) -> None:
        """Add the classes, renamed imports and aliases of a source."""
        text = _text(content)
        for match in _CLASS.finditer(text):
            for base in _WORD.findall(_bases(text, match.end())):
                self._by_base.setdefault(base, []).append(match[1])
        for name, alias in _import_aliases(text):
            self._by_base.setdefault(name, []).append(alias)
        for alias, name in _ALIAS.findall(f"\n{text}"):
            self._by_base.setdefault(name, []).append(alias)

    @classmethod
    def in_source(cls, content: bytes) -> DerivedNames:
        """Return the names in one source."""
        names = cls()
        names.add(content)
        return names

    def of(self, base: str) -> tuple[str, ...]:
        """Return the names that may refer to classes derived from `base`, without `base` itself."""
        derived = {base: None}
        pending = [base]
        while pending:
            new = [name for name in self._by_base.get(pending.pop(), ()) if name not in derived]
            derived |= dict.fromkeys(new)
            pending += new
        return tuple(derived)[1:]


class NameSearch:
    """A search for many names in sources, which takes about the same time for any number of names.

    Names start with few different letters, and the identifiers that start with the common prefix of the names with one
    letter are found as fast as a single name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """Prepare the search for names, which are identifiers."""
        encoded = {name.encode(): name for name in names}
        self._names = {name: text for name, text in encoded.items() if name.isascii()}
        self._others = {name: text for name, text in encoded.items() if not name.isascii()}
        prefixes = _common_prefixes(self._names)
        self._identifiers = [re.compile(b"%s\\w*+" % prefix).findall for prefix in prefixes]

    def names_in(self, content: bytes) -> set[str]:
        """Return the names at the end of an identifier of a source, also in comments and strings."""
        words = {text for name, text in self._others.items() if name in content}
        for find_identifiers in self._identifiers:
            words.update(self._names[name] for name in find_identifiers(content) if name in self._names)
        return words

    def names_or_star_in(self, content: bytes) -> set[str]:
        """Like `names_in`, with `STAR_IMPORT` for a source with a star import."""
        names = self.names_in(content)
        return names | {STAR_IMPORT} if _STAR in content else names


def _common_prefixes(names: Iterable[bytes]) -> list[bytes]:
    """Return the longest common prefix of the names that start with each letter."""
    prefixes: dict[bytes, bytes] = {}
    for name in sorted(names):
        prefix = prefixes.setdefault(name[:1], name)
        length = next(
            (at for at, (left, right) in enumerate(zip(prefix, name, strict=False)) if left != right), len(prefix)
        )
        prefixes[name[:1]] = prefix[:length]
    return list(prefixes.values())


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _import_aliases(text: str) -> Iterator[tuple[str, str]]:
    """Yield the words before and after each `as`."""
    for match in _AS.finditer(text):
        end = match.start()
        while end and text[end - 1].isspace():
            end -= 1
        start = end
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        if start < end:
            yield text[start:end], match[1]


def _bases(text: str, start: int) -> str:
    """Return the text between the parentheses of a class statement, after its optional type parameters."""
    if text.startswith("[", start):
        after = _SPACE.match(text, text.find("]", start, start + _MAX_TYPE_PARAMETERS_LENGTH) + 1)
        start = start if after is None else after.end()
    if not text.startswith("(", start):
        return ""
    end = text.find(")", start, start + _MAX_BASES_LENGTH)
    return text[start : end if end >= 0 else start + _MAX_BASES_LENGTH]

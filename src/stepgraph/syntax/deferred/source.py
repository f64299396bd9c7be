"""The source of a module whose bodies are parsed on first use, and the words in each body."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct

from stepgraph.syntax.deferred.outline import BodyRange

_WORD: Final = re.compile(r"[A-Za-z_]\w*+", re.ASCII)
_ATTRIBUTE: Final = re.compile(r"\.\s*+([A-Za-z_]\w*+)", re.ASCII)
_READERS_BY_TEXT: Final = ("getattr", "vars", "globals", "locals", "__dict__")
"""Source text of code that reads a name of any module by a string literal."""
# A comment or a continued line that may separate a dot from an attribute.
_SEPARATE_DOT: Final = re.compile(r"\.\s*+[\\#]")


class DeferredSource(Struct, frozen=True, dict=True):
    """A source, divided into bodies and the skeleton around them."""

    text: str
    encoding: str
    newline: str
    skeleton: str
    """The source with a stub in place of each body."""
    bodies: tuple[BodyRange, ...]

    @cached_property
    def lines_before(self) -> Sequence[int]:
        """The number of lines by which the skeleton is shorter than the source before each body, and at the end."""
        return [*accumulate((body.line_count - 1 for body in self.bodies), initial=0)]

    @cached_property
    def stub_lines(self) -> Sequence[int]:
        """The line of each stub in the skeleton."""
        return [body.first_line - before for body, before in zip(self.bodies, self.lines_before, strict=False)]

    def text_of(self, index: int) -> str:
        """Return the source of a body."""
        body = self.bodies[index]
        return self.text[body.start : body.end]

    def contains(self, index: int, words: Iterable[str]) -> bool:
        """Return whether the source of a body contains one of several words."""
        text = self.text_of(index)
        return any(word in text for word in words)

    def has_same_skeleton(self, other: DeferredSource) -> bool:
        """Return whether another source differs only in the bodies, and these are at the same places."""
        return (self.encoding, self.newline, self.skeleton, self.stub_lines) == (
            *(other.encoding, other.newline, other.skeleton, other.stub_lines),
        ) and all(body.indents == new.indents for body, new in zip(self.bodies, other.bodies, strict=True))

    def words_in(self, index: int) -> set[str] | None:
        """Return the words in a body, and its attributes as `.name`, or None if it may contain any.

        Words in the source may differ from the names in the tree if the source has an escape sequence or a character
        outside of ASCII.
        """
        text = self.text_of(index)
        may_escape_names = "\\" in text and any(reader in text for reader in _READERS_BY_TEXT)
        if not text.isascii() or may_escape_names or _SEPARATE_DOT.search(text):
            return None
        return {*_WORD.findall(text), *(f".{name}" for name in _ATTRIBUTE.findall(text))}

    def with_word(self, word: str) -> Sequence[int]:
        """Return the indices of the bodies whose names and literals may include a word, or an attribute as `.name`."""
        indices_by_word, any_word = self._words
        indices = indices_by_word.get(word, ())
        if not indices and not word.removeprefix(".").isidentifier():
            return range(len(self.bodies))
        return (*indices, *any_word) if any_word else indices

    @cached_property
    def _words(self) -> tuple[Mapping[str, Sequence[int]], Sequence[int]]:
        """The indices of the bodies by the words in them, and those of the bodies that may include any word."""
        indices_by_word: defaultdict[str, list[int]] = defaultdict(list)
        any_word: list[int] = []
        for index in range(len(self.bodies)):
            words = self.words_in(index)
            if words is None:
                any_word.append(index)
            for word in words or ():
                indices_by_word[word].append(index)
        return indices_by_word, any_word

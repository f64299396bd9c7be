"""Numeric character references, which no syntax reads as markup: `#58;` in Mermaid, `&#58;` in HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

HTML: Final = "&#"
MERMAID: Final = "#"

_ALWAYS_SAFE: Final = frozenset(" ,")
_SAFE_IN_WORDS: Final = frozenset("_./")
_LINKS: Final = ("www.", "://")


def without_markup(line: str, opening: str) -> str:
    """Replace each character that may be markup with a character reference that starts with `opening`."""
    in_words = _SAFE_IN_WORDS if not any(link in line.lower() for link in _LINKS) else frozenset("_")
    return "".join(
        character if _is_safe(before, character, after, in_words) else number_of(character, opening)
        for before, character, after in _with_neighbors(line)
    )


def number_of(character: str, opening: str = HTML) -> str:
    """Return the numeric reference of a character in the syntax of `opening`."""
    return f"{opening}{ord(character)};"


def _is_safe(before: str, character: str, after: str, in_words: frozenset[str]) -> bool:
    if character.isspace():
        # Repeated spaces, and spaces at the ends of a line, would collapse.
        return character == " " and bool(before.strip() and after)
    if character in in_words:
        return _is_word(before) and before.isalpha() and _is_word(after)
    return not character.isascii() or character.isalnum() or character in _ALWAYS_SAFE


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _with_neighbors(line: str) -> Iterator[tuple[str, str, str]]:
    return zip(["", *line], line, [*line[1:], ""], strict=False)

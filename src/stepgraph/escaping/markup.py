"""Text in the markup of pictures and pages: XML, HTML, DOT and Mermaid.

A numeric character reference is never read as markup: `&#58;` in HTML, XML and Markdown, `#58;` in Mermaid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from stepgraph.escaping.plain_text import broken_commands, visible

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,()-·")
"""Frequent characters that have no meaning in markup or commands."""

_ACTIVE: Final = re.compile("[&<>\"']")
HTML: Final = "&#"
MERMAID: Final = "#"
_ALWAYS_SAFE: Final = frozenset(" ,")
_SAFE_IN_WORDS: Final = frozenset("_./")
# No valid name of a step is longer than 256 characters.
_LONG_BACKSLASHES: Final = re.compile(r"\\{257,}")
_CUT_BACKSLASHES: Final = r"\\" * 256 + "…"
_LINKS: Final = ("www.", "://")
_JOINER: Final = "#8205;"
"""A zero-width joiner as a character reference."""


def markup_text(text: str) -> str:
    """Escape text for the content or an attribute of an XML or HTML element, on one line."""
    if _PLAIN.issuperset(text):
        return text
    line = visible(text)
    # Many texts have no such character, and a search is faster than a translation.
    return without_commands_in_markup(line.translate(_ENTITIES) if _ACTIVE.search(line) else line)


def html_prose(text: str) -> str:
    """Escape text for the content of an HTML element, with the parts in backquotes as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    escaped = map(markup_text, parts)
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(escaped))


def without_commands_in_markup(markup: str) -> str:
    """Return equivalent XML or HTML without commands for CI runners."""
    return broken_commands(markup, number_of)


def dot_line(line: str) -> str:
    """Return a line for a DOT string, without escape sequences, entities or CI commands.

    Pass the quoted string through `graphviz.nohtml`, so that it is not read as HTML. Long runs of backslashes are cut,
    because the package needs quadratic time to quote a run.
    """
    text = _LONG_BACKSLASHES.sub(_CUT_BACKSLASHES, visible(line))
    safe = text.replace("&", "&amp;").replace("\\", "\\\\")
    return broken_commands(safe, number_of)


def mermaid_line(line: str) -> str:
    """Return a line for a Mermaid string, without markup."""
    escaped = without_markup(visible(line), MERMAID)
    return _placeholder().sub(_JOINER, escaped)


@cache
def _placeholder() -> re.Pattern[str]:
    """Return the regular expression for the middle of sequences that Mermaid replaces. A joiner separates them.

    Mermaid uses the first two internally for `&` and `;`, and replaces every occurrence. It reads the third as a line
    break in labels of several lines.
    """
    return re.compile(r"(?<=ﬂ)(?=°)|(?<=¶)(?=ß)|(?<=#92;)(?=n)")


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

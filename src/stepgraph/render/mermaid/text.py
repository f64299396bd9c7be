"""Text of the source in Mermaid: labels in which nothing is markup, made visible and escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from stepgraph.render.label_lines import label_lines

# Mermaid breaks lines of its own accord where they are wider than these are in its usual font.
LINE_WIDTH: Final = 28

_KEPT: Final = frozenset(" ,")
_KEPT_IN_WORDS: Final = frozenset("_./")
_LINKS: Final = ("www.", "://")
# Mermaid puts the first two for `&` and `;` while it works, and turns back all that it finds. The third it takes for
# the end of a line where a label has several. A joiner, which cannot be seen, keeps those of the source apart.
_PLACE_HOLDER: Final = re.compile(r"(?<=ﬂ)(?=°)|(?<=¶)(?=ß)|(?<=\\)(?=n)")
_JOINER: Final = "\u200d"


def mermaid_label(texts: Sequence[str]) -> str:
    """Return these texts one below the other, to be put in quotes; a space if there is nothing to show."""
    lines = (escaped(_PLACE_HOLDER.sub(_JOINER, line)) or " " for line in label_lines(texts, LINE_WIDTH))
    return "<br/>".join(lines) or " "


def escaped(line: str, opening: str = "#") -> str:
    """Return a line with all that may be markup by its number: `#58;`, or in HTML and Markdown `&#58;`."""
    in_words = _KEPT_IN_WORDS if not any(link in line.lower() for link in _LINKS) else frozenset("_")
    return "".join(
        character if _is_safe(before, character, after, in_words) else f"{opening}{ord(character)};"
        for before, character, after in _with_neighbours(line)
    )


def _is_safe(before: str, character: str, after: str, in_words: frozenset[str]) -> bool:
    if character.isspace():
        # Of several spaces in a row, and at the ends of a line, nothing would be seen.
        return character == " " and bool(before.strip() and after)
    if character in in_words:
        return _is_word(before) and before.isalpha() and _is_word(after)
    return not character.isascii() or character.isalnum() or character in _KEPT


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _with_neighbours(line: str) -> Iterator[tuple[str, str, str]]:
    return zip(["", *line], line, [*line[1:], ""], strict=False)

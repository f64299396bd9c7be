"""Text of the source in Markdown, where nothing of it may be markup, a link, or call for a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stepgraph.phrases.visible import visible
from stepgraph.render.mermaid.text import escaped

_SHORTEST_FENCE: Final = 3
_BAR: Final = re.compile(r"[|\\]")
_TICKS: Final = re.compile("`+")
_MARKUP: Final = re.compile(
    r"""(?x)
    [\\`*\[\]<>&|~$]        # wherever they stand
    | (?<![^\W_])_ | _(?![^\W_]) # within a word it means nothing
    | :(?=\S)                # of links and of pictures by their name
    | (?<=www)\.             # likewise
    """,
    re.IGNORECASE,
)
_AT_START: Final = re.compile(r"^[0-9]*[-+=#.)]|^ +")
# GitHub looks for people and issues in what is shown, where escapes are gone: a space without width keeps them apart.
_CALL: Final = re.compile(r"(?<=[@#])(?=\w)")
_APART: Final = "\u200b"


def prose(text: str) -> str:
    """Return text that means nothing in Markdown but for its code between backticks, which is shown as code."""
    return _prose(text, code)


def cell_prose(text: str) -> str:
    """Return such text within a cell of a table, where a bar would end it."""
    return _prose(text, cell)


def _prose(text: str, as_code: Callable[[str], str]) -> str:
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    line = "".join(as_code(part) if number % 2 else _plain(part) for number, part in enumerate(parts) if part)
    return _AT_START.sub(lambda match: _but_for_digits(match[0]), line)


def code(text: str) -> str:
    """Return text as code within a line."""
    shown = visible(text)
    if not shown.strip():
        return html_code(shown) if shown else "<code>&nbsp;</code>"
    ticks = "`" * (_longest_run(shown) + 1)
    space = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def cell(text: str) -> str:
    """Return text as code within a cell of a table, where a bar would end it."""
    return html_code(text) if _BAR.search(text) else code(text)


def fenced(text: str, language: str) -> str:
    """Return a block of code, in a fence that is longer than all runs of backticks in the text."""
    fence = "`" * max(_longest_run(text) + 1, _SHORTEST_FENCE)
    return f"{fence}{language}\n{text.removesuffix(chr(10))}\n{fence}\n"


def html_code(text: str) -> str:
    """Return text as code within HTML."""
    return f"<code>{escaped(visible(text), '&#')}</code>"


def _plain(text: str) -> str:
    """Return a part of a line with all that is markup there by its number, and with nothing that GitHub looks for."""
    return _MARKUP.sub(lambda match: _numbered(match[0]), _CALL.sub(_APART, text))


def _but_for_digits(text: str) -> str:
    return "".join(character if character.isdigit() else _numbered(character) for character in text)


def _numbered(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)

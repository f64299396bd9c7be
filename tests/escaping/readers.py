"""Models of programs that read the output, written from their documentation, independently of the escapers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_STEERING: Final = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_JOINERS: Final = frozenset("\u200c\u200d")
# Characters that .NET trims or ignores in culture-sensitive comparisons.
_TRIMMED: Final = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_COMMAND_IN_BRACKETS: Final = re.compile(r"##[a-z]*\[", re.IGNORECASE)
_SECTION: Final = re.compile(r"section_(start|end):[0-9]+:")
_OWN_COMMANDS: Final = re.compile(r"::(error|warning|notice) [^\r\n]*::[^\r\n]*")

FORMATS_WITH_TABS: Final = frozenset({"dot"})
"""The output formats that contain tabs. All other formats must not contain any."""


def hidden_lines(text: str, *, tabs: bool = False) -> list[str]:
    """Return the lines with characters that control a terminal, reorder text or are invisible."""
    return [line for line in text.split("\n") if any(_is_hidden(line, at, tabs=tabs) for at in _suspects(line))]


def _suspects(line: str) -> Iterator[int]:
    return (at for at, character in enumerate(line) if not ("\x20" <= character <= "\x7e"))


def _is_hidden(line: str, at: int, *, tabs: bool) -> bool:
    character = line[at]
    if character == "\t":
        return not tabs
    if character in _JOINERS:
        return not (line[at - 1 : at] > "\u0600" and line[at + 1 : at + 2] > "\u0600")
    if character == "\ufe0f":
        return not _is_in_emoji(line, at)
    variant = "\ufe00" <= character <= "\ufe0f" or "\U000e0000" <= character <= "\U000e0fff"
    return unicodedata.category(character) in _STEERING or character in _BLANK or variant


def _is_in_emoji(line: str, at: int) -> bool:
    """Return whether a variation selector colors the symbol before it, or belongs to the keycap of a digit."""
    before = line[at - 1 : at]
    is_symbol = before == "\u2139" or (bool(before) and unicodedata.category(before) in {"So", "Sm"})
    return is_symbol or (before.isdecimal() and line[at + 1 : at + 2] == "\u20e3")


def command_lines(text: str) -> list[str]:
    """Return the lines of a log that GitHub, Azure Pipelines, TeamCity or GitLab would execute."""
    return [line for line in re.split(r"\r\n|\r|\n", text) if _is_command(line)]


def _is_command(line: str) -> bool:
    visible = line.replace("\u200d", "").replace("\u200c", "")
    at_start = visible.lstrip(_TRIMMED).startswith("::") and visible.count("::") > 1
    return at_start or bool(_COMMAND_IN_BRACKETS.search(line) or _SECTION.search(line))


def without_annotations(text: str) -> tuple[str, int]:
    """Return the output of `-f github` without annotations, and the number of annotations."""
    lines = text.split("\n")
    remaining = [line for line in lines if not _OWN_COMMANDS.fullmatch(line)]
    return "\n".join(remaining), len(lines) - len(remaining)

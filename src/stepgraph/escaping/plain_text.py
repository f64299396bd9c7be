r"""Plain text for terminals, error messages, labels, and the logs of CI runners.

`visible` escapes characters that are invisible, reorder others, or control a terminal. `log_line` also escapes commands
for the runner: GitHub obeys `::name ...::` after white space at the start of a line, and `##[name]` anywhere in it;
Azure Pipelines `##vso[...]` and TeamCity `##teamcity[...]` anywhere; GitLab `section_start:1:name`, though only before
a carriage return. A backslash disables each: `\::name`, `#\#[name]`, `section_start\:1`. JSON and markup instead use
their own escapes for the commands that are obeyed anywhere, and their lines never begin with untrusted text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

_STARTS: Final = ("::", ":\u200c", ":\u200d")
_NUMBER_SIGN: Final = "#"
_JOINERS: Final = frozenset("\u200c\u200d")
_EMOJI_STYLE: Final = "\ufe0f"
"""The variation selector that asks for the colored form of the symbol before it."""

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_OF_TWO_DIGITS: Final = 0xFF
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF
_BRIEF_LENGTH: Final = 200
_FREQUENT: Final = frozenset({*map(chr, range(0x20, 0x7F)), *"·…→\u00d7\u2013\u2014"})
"""Safe characters of which most text in drawings and messages consists."""


def visible(text: str) -> str:
    r"""Return `text` on one line, with unsafe characters as escapes: `\n`, `\x1b`, `\u202e`, `\U000e0001`."""
    # A regular expression is slower, and compiling it takes longer than drawing a small graph.
    if text.isprintable() if text.isascii() else _FREQUENT.issuperset(text):
        return text
    return with_unsafe_spelled(text, _spelled)


def visible_lines(text: str) -> str:
    """Return `text` with unsafe characters as escapes, except line feeds."""
    return "\n".join(map(visible, text.split("\n")))


def with_unsafe_spelled(text: str, spell: Callable[[str], str]) -> str:
    """Replace each unsafe character with the result of `spell`.

    Scripts that use joiners keep them. An emoji keeps its variation selector.
    """
    return _unsafe().sub(lambda match: match.group() if _is_spelling(match) else spell(match.group()), text)


def _is_spelling(match: re.Match[str]) -> bool:
    """Return whether an invisible character is part of the spelling of a word or an emoji."""
    text, start, end = match.string, match.start(), match.end()
    if match.group() == _EMOJI_STYLE:
        return _is_emoji_style(text, start)
    if match.group() not in _JOINERS or start == 0 or not _joining().match(text, end):
        return False
    return bool(_joining().match(text, start - 1)) or _is_emoji_style(text, start - 1)


def _is_emoji_style(text: str, at: int) -> bool:
    return at > 0 and bool(_styled_emoji().match(text, at - 1))


def _spelled(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= _LAST_OF_TWO_DIGITS:
        return f"\\x{code:02x}"
    if code <= _LAST_OF_FOUR_DIGITS:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"


# All regular expressions are compiled on demand: this takes 2 milliseconds, and few runs need them.
@cache
def _unsafe() -> re.Pattern[str]:
    """Return the regular expression for one unsafe character.

    The list is fixed, because `unicodedata` changes with the version of Python. It covers the categories Cc, Cf, Co,
    Cs, Zl and Zp, the property Default_Ignorable_Code_Point, and blank characters.
    """
    return re.compile(
        "["
        "\x00-\x1f\x7f-\x9f"  # controls
        "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
        "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
        "\ud800-\uf8ff"  # surrogates, private use
        "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
        # Few ranges, because each costs time at every character.
        "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
        "\U000e0000-\U0010ffff"
        "]"
    )


@cache
def _joining() -> re.Pattern[str]:
    """Return the regular expression for one character of scripts that join or stack letters, or of emoji.

    The scripts include Arabic, Mongolian, and the Indic and Southeast Asian ones. Joiners between their characters are
    part of the spelling.
    """
    return re.compile(
        "[\u0620-\u06dc\u06de-\u06ff\u0710-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u180a\u1810-\u18af\u1a20-\u1aff"
        "\u1b00-\u1bff\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\ua840-\ua8ff\ua980-\uabff\U00010a00-\U000110bc"
        "\U000110be-\U000110cc\U000110ce-\U00011fff\U0001f000-\U0001faff]"
    )


@cache
def _styled_emoji() -> re.Pattern[str]:
    """Return the regular expression for a symbol with a variation selector, or a digit in a keycap.

    Keycaps of other characters are not included, because commands for CI runners begin with number signs.
    """
    return re.compile(
        "[\u00a9\u00ae\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
        "\u303d\u3297\u3299\U0001f000-\U0001faff]\ufe0f|[0-9]\ufe0f\u20e3"
    )


@cache
def _colons_at_start() -> re.Pattern[str]:
    """Return the regular expression for commands at the start of a line. Color codes count as white space."""
    return re.compile(
        r"((?:^|\r)(?:[^\S\n\r]|[\x1c-\x1f\u200c\u200d]|\x1b\[[0-9;]*+m)*+)(:[\u200c\u200d]*+:)", re.MULTILINE
    )


@cache
def _commands_within() -> re.Pattern[str]:
    """Return the regular expression for commands within a line.

    It has groups of three: the text before the character to escape, that character, and the text after it.
    """
    return re.compile(r"()(#)(#[A-Za-z]*+\[)|(section_(?:start|end))(:)([0-9])")


def log_line(text: str) -> str:
    """Return text as one line of a log, with unsafe characters and commands for CI runners escaped."""
    return without_commands(visible(text))


def brief_line(text: str) -> str:
    """Return text like `log_line`, truncated to 200 characters."""
    line = log_line(text[: _BRIEF_LENGTH + 1])
    return line if len(line) <= _BRIEF_LENGTH else f"{line[: _BRIEF_LENGTH - 1]}…"


def log_lines(text: str) -> str:
    """Return text as lines of a log, each escaped with `log_line`."""
    return "\n".join(map(log_line, text.split("\n")))


def readable_patch_line(line: str) -> str:
    """Escape a line of a patch, without its line feed, for a terminal or a log.

    Tabs and a final carriage return stay.
    """
    end = "\r" if line.endswith("\r") else ""
    return without_commands("\t".join(map(visible, line.removesuffix("\r").split("\t")))) + end


def without_commands(text: str) -> str:
    """Break the commands in text whose lines end in line feeds."""
    if ":" in text and any(start in text for start in _STARTS):
        text = _colons_at_start().sub(r"\1\\\2", text)
    return without_commands_within(text)


def without_commands_within(text: str) -> str:
    """Break the commands in text that is never at the start of a line."""
    return broken_commands(text, lambda character: "#\\" if character == _NUMBER_SIGN else f"\\{character}")


def broken_commands(text: str, escape: Callable[[str], str]) -> str:
    """Escape one character of each command that runners obey anywhere in a line."""
    # Substring searches are 50 times as fast as the regular expression.
    if "##" in text or "section_" in text:
        return _commands_within().sub(lambda match: _with_escape(match, escape), text)
    return text


def _with_escape(match: re.Match[str], escape: Callable[[str], str]) -> str:
    before, character, after = (part for part in match.groups() if part is not None)
    return f"{before}{escape(character)}{after}"

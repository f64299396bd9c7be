"""Text in Markdown, where nothing of it may be markup, a link, a reference, or call for a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stepgraph.escaping.character_numbers import HTML, number_of, without_markup
from stepgraph.escaping.log_lines import log_lines, without_commands_within
from stepgraph.escaping.visible import visible

_SHORTEST_FENCE: Final = 3
_BAR: Final = re.compile(r"[|\\]")
_TICKS: Final = re.compile("`+")
_MARKUP: Final = re.compile(
    r"""(?x)
    [\\`*\[\]<>&|~$]        # wherever they stand
    | (?<![^\W_])_ | _(?![^\W_]) # within a word it means nothing
    | :(?=\S)                # of links and of pictures by their name
    | (?<=www\u200b)\.       # likewise
    """,
    re.IGNORECASE,
)
# A slash begins an action of GitLab.
_AT_START: Final = re.compile(r"^[0-9]*[-+=#.)]|^/|^ +")
# GitHub and GitLab look for links, people, issues and commits in what is shown, where numbers are characters again. A
# space without width keeps these apart. It is written by its number, so that whoever reads the source can see it.
_LINK: Final = r"@(?=\w) | :(?=//) | \bwww(?=\.) | \b(?:mailto|xmpp)(?=:)"
_REFERENCE: Final = re.compile(
    rf"""(?x)
    {_LINK}
    | [\#!%^&$~](?=[\w"])    # issues, merge requests, milestones, alerts, epics, snippets, labels
    | %(?=\{{)              # values that GitLab inserts
    | :[\w+-]++(?=:)         # emoji
    | [\[{{](?=[+-])         # inline changes of GitLab
    | \[(?=[\[\]]) | \[(?=\s\]) | \[\w++(?=[:\]]) # references of GitLab, check boxes, tables of contents
    | \*(?=iteration:)       # iterations of GitLab
    | \bGH(?=-[0-9])
    | (?P<digits>\b[0-9a-f]++\b)
    """,
    re.IGNORECASE,
)
# Parsers of Markdown look for links also in what stands between tags.
_LINK_IN_TAGS: Final = re.compile(_LINK, re.IGNORECASE | re.VERBOSE)
_SHORT_OF_HASH: Final = 6
_LONGEST_HASH: Final = 40
_APART: Final = "\u200b"
_APART_BY_NUMBER: Final = number_of(_APART)
_WITH_APART: Final = rf"\g<0>{_APART}"


def prose(text: str) -> str:
    """Return text that means nothing in Markdown but for its code between backticks, which is shown as code."""
    return _prose(text, code)


def cell_prose(text: str) -> str:
    """Return such text within a cell of a table, where a bar would end it."""
    return _prose(text, cell)


def heading(text: str) -> str:
    """Return text for a heading, in which nothing is code either."""
    apart = _REFERENCE.sub(_without_reference, visible(text))
    return _apart_by_number(without_markup(apart, HTML)).replace("&#40;", "(").replace("&#41;", ")")


def code(text: str) -> str:
    """Return text as code within a line."""
    shown = without_commands_within(visible(text))
    if not shown.strip():
        return html_code(shown) if shown else "<code>&nbsp;</code>"
    ticks = "`" * (_longest_run(shown) + 1)
    space = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def cell(text: str) -> str:
    """Return text as code within a cell of a table, where a bar would end it."""
    return html_code(text) if _BAR.search(text) else code(text)


def html_code(text: str) -> str:
    """Return text as code within HTML."""
    apart = _LINK_IN_TAGS.sub(_WITH_APART, visible(text))
    return f"<code>{_apart_by_number(without_markup(apart, HTML))}</code>"


def fenced(text: str, language: str) -> str:
    """Return a block of code, in a fence that is longer than all runs of backticks in the text."""
    shown = log_lines(text.removesuffix("\n"))
    fence = "`" * max(_longest_run(shown) + 1, _SHORTEST_FENCE)
    return f"{fence}{language}\n{shown}\n{fence}\n"


def _prose(text: str, as_code: Callable[[str], str]) -> str:
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    line = "".join(as_code(part) if number % 2 else _plain(part) for number, part in enumerate(parts) if part)
    return _AT_START.sub(lambda match: _but_for_digits(match[0]), line)


def _plain(text: str) -> str:
    """Return a part of a line with all that is markup there by its number, and with nothing that is looked for."""
    return _apart_by_number(_MARKUP.sub(lambda match: _numbered(match[0]), _REFERENCE.sub(_without_reference, text)))


def _without_reference(match: re.Match[str]) -> str:
    digits = match["digits"]
    if digits is None:
        return match.group() + _APART
    if not _may_be_commit(digits):
        return digits
    # No part is as long as the shortest hash that is looked for.
    return _APART.join(digits[start : start + _SHORT_OF_HASH] for start in range(0, len(digits), _SHORT_OF_HASH))


def _may_be_commit(digits: str) -> bool:
    """Return whether hexadecimal digits may be the hash of a commit. A number or word is what it looks like."""
    is_mixed = not digits.isdecimal() and not digits.isalpha()
    return len(digits) == _LONGEST_HASH or (is_mixed and _SHORT_OF_HASH < len(digits) < _LONGEST_HASH)


def _apart_by_number(text: str) -> str:
    return text.replace(_APART, _APART_BY_NUMBER)


def _but_for_digits(text: str) -> str:
    return "".join(character if character.isdigit() else number_of(character) for character in text)


def _numbered(text: str) -> str:
    return "".join(map(number_of, text))


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)

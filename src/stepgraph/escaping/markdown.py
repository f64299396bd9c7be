"""Escaping of text in Markdown, so that it adds no markup, links, references or mentions of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stepgraph.escaping.markup import HTML, number_of, without_markup
from stepgraph.escaping.plain_text import log_lines, visible, without_commands_within

_SHORTEST_FENCE: Final = 3
_BAR: Final = re.compile(r"[|\\]")
_TICKS: Final = re.compile("`+")
_MARKUP: Final = re.compile(
    r"""(?x)
    [\\`*\[\]<>&|~$]        # anywhere
    | (?<![^\W_])_ | _(?![^\W_]) # not within a word
    | :(?=\S)                # in links and emoji names
    | (?<=www\u200b)\.       # in links
    """,
    re.IGNORECASE,
)
# A slash starts a quick action in GitLab.
_AT_START: Final = re.compile(r"^[0-9]*[-+=#.)]|^/|^ +")
# GitHub and GitLab search the rendered text, after resolving character references, for links, people, issues and
# commits. A zero-width space breaks these. It is written as a character reference to be visible in the source.
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
# Markdown parsers also search the text between tags for links.
_LINK_IN_TAGS: Final = re.compile(_LINK, re.IGNORECASE | re.VERBOSE)
_SHORT_OF_HASH: Final = 6
_MAX_HASH_LENGTH: Final = 40
_SPACER: Final = "\u200b"
_SPACER_REFERENCE: Final = number_of(_SPACER)
_WITH_SPACER: Final = rf"\g<0>{_SPACER}"


def prose(text: str) -> str:
    """Escape text, except that parts in backticks become inline code."""
    return _prose(text, code)


def cell_prose(text: str) -> str:
    """Escape text like `prose` for a table cell. Code with a vertical bar or a backslash becomes HTML."""
    return _prose(text, cell)


def heading(text: str) -> str:
    """Escape all markup in text for a heading, including backticks."""
    plain = _REFERENCE.sub(_without_reference, visible(text))
    return _with_visible_spacers(without_markup(plain, HTML)).replace("&#40;", "(").replace("&#41;", ")")


def code(text: str) -> str:
    """Return text as inline code."""
    shown = without_commands_within(visible(text))
    if not shown.strip():
        return html_code(shown) if shown else "<code>&nbsp;</code>"
    ticks = "`" * (_longest_run(shown) + 1)
    space = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def cell(text: str) -> str:
    """Return text as code in a table cell: as HTML if it has a vertical bar or a backslash, which cells interpret."""
    return html_code(text) if _BAR.search(text) else code(text)


def html_code(text: str) -> str:
    """Return text as an HTML `code` element."""
    plain = _LINK_IN_TAGS.sub(_WITH_SPACER, visible(text))
    return f"<code>{_with_visible_spacers(without_markup(plain, HTML))}</code>"


def fenced(text: str, language: str) -> str:
    """Return a fenced code block whose fence is longer than every run of backticks in the text."""
    shown = log_lines(text.removesuffix("\n"))
    fence = "`" * max(_longest_run(shown) + 1, _SHORTEST_FENCE)
    return f"{fence}{language}\n{shown}\n{fence}\n"


def _prose(text: str, as_code: Callable[[str], str]) -> str:
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        parts = ["`".join(parts)]
    line = "".join(as_code(part) if number % 2 else _plain(part) for number, part in enumerate(parts) if part)
    return _AT_START.sub(lambda match: _number_all_but_digits(match[0]), line)


def _plain(text: str) -> str:
    """Escape the markup and the references in a part of a line."""
    return _with_visible_spacers(
        _MARKUP.sub(lambda match: _numbered(match[0]), _REFERENCE.sub(_without_reference, text))
    )


def _without_reference(match: re.Match[str]) -> str:
    digits = match["digits"]
    if digits is None:
        return match.group() + _SPACER
    if not _may_be_commit(digits):
        return digits
    # Each part is shorter than the shortest hash that is recognized.
    return _SPACER.join(digits[start : start + _SHORT_OF_HASH] for start in range(0, len(digits), _SHORT_OF_HASH))


def _may_be_commit(digits: str) -> bool:
    """Return whether hexadecimal digits may be a commit hash: 40 of them, or 7 to 39 that mix numbers and letters."""
    is_mixed = not digits.isdecimal() and not digits.isalpha()
    return len(digits) == _MAX_HASH_LENGTH or (is_mixed and _SHORT_OF_HASH < len(digits) < _MAX_HASH_LENGTH)


def _with_visible_spacers(text: str) -> str:
    return text.replace(_SPACER, _SPACER_REFERENCE)


def _number_all_but_digits(text: str) -> str:
    return "".join(character if character.isdigit() else number_of(character) for character in text)


def _numbered(text: str) -> str:
    return "".join(map(number_of, text))


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)

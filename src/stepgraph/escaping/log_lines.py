r"""Lines of a CI runner's log, on standard output or standard error, without commands for the runner.

GitHub obeys `::name ...::` after white space at the start of a line, and `##[name]` anywhere in it; Azure Pipelines
`##vso[...]` and TeamCity `##teamcity[...]` anywhere; GitLab `section_start:1:name`, though only before a carriage
return. A backslash breaks each: `\::name`, `#\#[name]`, `section_start\:1`. Media with character references use these
to break the commands that are obeyed anywhere, and their lines begin with markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from stepgraph.escaping.visible import visible

# Color codes are invisible, so they count as white space.
_COLONS_AT_START: Final = re.compile(
    r"((?:^|\r)(?:[^\S\n\r]|[\x1c-\x1f\u200c\u200d]|\x1b\[[0-9;]*+m)*+)(:[\u200c\u200d]*+:)", re.MULTILINE
)
_STARTS: Final = ("::", ":\u200c", ":\u200d")
# Groups of three: the text before the character to escape, that character, and the text after it.
_WITHIN: Final = re.compile(r"()(#)(#[A-Za-z]*+\[)|(section_(?:start|end))(:)([0-9])")
_NUMBER_SIGN: Final = "#"


def without_commands(text: str) -> str:
    """Break the commands in lines of text that end in line feeds."""
    if ":" in text and any(start in text for start in _STARTS):
        text = _COLONS_AT_START.sub(r"\1\\\2", text)
    return without_commands_within(text)


def without_commands_within(text: str) -> str:
    """Break the commands in text that is never at the start of a line."""
    return broken_commands(text, lambda character: "#\\" if character == _NUMBER_SIGN else f"\\{character}")


def broken_commands(text: str, escape: Callable[[str], str]) -> str:
    """Escape one character of each command that runners obey anywhere in a line."""
    # Substring searches are 50 times as fast as the regular expression.
    if "##" in text or "section_" in text:
        return _WITHIN.sub(lambda match: _with_escape(match, escape), text)
    return text


def _with_escape(match: re.Match[str], escape: Callable[[str], str]) -> str:
    before, character, after = (part for part in match.groups() if part is not None)
    return f"{before}{escape(character)}{after}"


def log_line(text: str) -> str:
    """Return text as one line of a log, with unsafe characters escaped and commands broken."""
    return without_commands(visible(text))


def log_lines(text: str) -> str:
    """Return text as lines of a log, each escaped with `log_line`."""
    return "\n".join(map(log_line, text.split("\n")))

r"""Lines of a CI runner's log, on standard output or standard error: nothing in them is a command to the runner.

GitHub obeys `::name ...::` after white space at the start of a line, and `##[name]` anywhere in it; Azure Pipelines
`##vso[...]` and TeamCity `##teamcity[...]` anywhere; GitLab `section_start:1:name`, though only before a carriage
return. A backslash breaks each: `\::name`, `#\#[name]`, `section_start\:1`.
"""

from __future__ import annotations

import re
from typing import Final

from stepgraph.escaping.visible import visible

# What stands before the backslash. Colors of our own count as white space, as nothing is seen of them.
_START_OF_LINE: Final = r"(?:^|\r)(?:[^\S\n\r]|[\x1c-\x1f\u200c\u200d]|\x1b\[[0-9;]*m)*+(?=:[\u200c\u200d]*+:)"
_ANYWHERE: Final = r"\#(?=\#[A-Za-z]*+\[)|section_(?:start|end)(?=:[0-9])"
_COMMAND: Final = re.compile(f"{_START_OF_LINE}|{_ANYWHERE}", re.MULTILINE)
_COMMAND_WITHIN: Final = re.compile(_ANYWHERE)
_STARTS: Final = ("::", "section_", ":\u200c", ":\u200d")
_BROKEN: Final = r"\g<0>\\"


def without_commands(text: str) -> str:
    """Return lines of text, each ended by a line feed, with the commands in them broken."""
    return _COMMAND.sub(_BROKEN, text) if _may_have_commands(text) else text


def without_commands_within(text: str) -> str:
    """Return text that never begins a line, with the commands in it broken."""
    return _COMMAND_WITHIN.sub(_BROKEN, text) if _may_have_commands(text) else text


def log_line(text: str) -> str:
    """Return text as one line of a log: unsafe characters are spelled out, and commands are broken."""
    return without_commands(visible(text))


def log_lines(text: str) -> str:
    """Return text as lines of a log, each as `log_line` returns it."""
    return "\n".join(map(log_line, text.split("\n")))


def _may_have_commands(text: str) -> bool:
    # Substring searches are 50 times as fast as the expressions, which hardly any text needs.
    return "##" in text or (":" in text and any(start in text for start in _STARTS))

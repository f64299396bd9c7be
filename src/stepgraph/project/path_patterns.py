"""Patterns of paths: `*` and `?` within a name, `**` across folders."""

from __future__ import annotations

import re
from functools import lru_cache

_PART = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern is one of a path, both from the same folder and with forward slashes.

    A pattern without a slash is one of the file's name, wherever that is; one that ends in a slash is one of all that
    is in the folder.
    """
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    anywhere = "" if "/" in pattern.rstrip("/") else "**/"
    below = "**" if pattern.endswith("/") else ""
    whole = anywhere + pattern.removeprefix("./").removeprefix("/") + below
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in _PART.findall(whole)), re.DOTALL)

"""Which paths of a revision can be written as files."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.limits import DEEPEST_FOLDER

_GIT: Final = ".git"
_NO_PARTS: Final = frozenset({"", ".", "..", _GIT})
_MOST_BYTES: Final = 1_024
_NOT_ON_WINDOWS: Final = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ](?:/|$)')
# Windows takes these for devices, whatever follows the first dot.
_DEVICES: Final = re.compile(r"(?:^|/)(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:[./]|$)", re.IGNORECASE)
_LONGEST_ON_WINDOWS: Final = 259


def stays_inside(path: str) -> bool:
    """Tell whether a path stays in its folder and is none of git's: git makes no others, a hostile tree may."""
    return _NO_PARTS.isdisjoint(part.casefold() for part in path.split("/"))


def is_too_long(path: str) -> bool:
    """Tell whether a path is longer, or has more folders, than all systems can have."""
    return len(path.encode("utf-8", "surrogateescape")) > _MOST_BYTES or path.count("/") > DEEPEST_FOLDER


def windows_cannot_hold(path: str, folder: str) -> bool:
    """Tell whether Windows cannot have a file of a path in a folder."""
    is_odd = _NOT_ON_WINDOWS.search(path) or _DEVICES.search(path)
    return is_odd is not None or len(folder) + 1 + len(path) > _LONGEST_ON_WINDOWS

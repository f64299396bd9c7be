"""Whether a person is looking, and how wide their terminal is."""

from __future__ import annotations

import os
import sys
from typing import Final

from msgspec import Struct

# Windows Terminal, ConEmu, ANSICON, and shells from elsewhere set one of these.
_MODERN_CONSOLES: Final = frozenset({"WT_SESSION", "ConEmuANSI", "ANSICON", "TERM"})


class Look(Struct, frozen=True):
    """How text is to be drawn: with color or not, and for how many columns (None: as many as it takes)."""

    color: bool = False
    width: int | None = None


def look_of_standard_output() -> Look:
    """Return plain text without limits for a file or pipe, and what the terminal shows for a terminal.

    `NO_COLOR`, if not empty, and `TERM=dumb` forbid color. So do consoles of Windows that would show its codes.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return Look()
    color = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and _knows_codes()
    return Look(color, _columns())


def _knows_codes() -> bool:
    return sys.platform != "win32" or not _MODERN_CONSOLES.isdisjoint(os.environ)


def _columns() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None

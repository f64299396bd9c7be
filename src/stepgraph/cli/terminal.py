"""Whether a person is looking, and how wide their terminal is."""

from __future__ import annotations

import os
import sys

from msgspec import Struct


class Look(Struct, frozen=True):
    """How text is to be drawn: with colour or not, and for how many columns (None: as many as it takes)."""

    colour: bool = False
    width: int | None = None


def look_of_standard_output() -> Look:
    """Return plain text without limits for a file or pipe, and what the terminal shows for a terminal.

    `NO_COLOR`, if not empty, and `TERM=dumb` forbid colour.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return Look()
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Look(colour, _columns())


def _columns() -> int | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None

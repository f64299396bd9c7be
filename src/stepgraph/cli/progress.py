"""Which module is being analysed, for a person who has waited for a second."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import Final, Self

from stepgraph.cli.streams import encode

_PATIENCE_SECONDS: Final = 1.0
_ERASE_LINE: Final = "\r\x1b[K"


class Progress:
    """One line on standard error, if that is a terminal: written anew for each module, and gone in the end."""

    def __init__(self, modules: int) -> None:
        self._modules = modules
        self._met = 0
        self._begun = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            _write(_ERASE_LINE)

    def show(self, path: str) -> None:
        """Say that a module is about to be analysed."""
        self._met += 1
        if time.monotonic() - self._begun < _PATIENCE_SECONDS or not _someone_is_looking():
            return
        from stepgraph.escaping.log_lines import log_line

        self._shown = True
        _write(f"{_ERASE_LINE}stepgraph: {self._met} of {max(self._modules, self._met)}: {log_line(path)}")


def _someone_is_looking() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    try:
        sys.stderr.buffer.write(encode(text))
        sys.stderr.buffer.flush()
    except OSError:
        return  # nobody is left to look

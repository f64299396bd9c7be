"""Parsed modules that stay in memory between the runs of a process."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from stepgraph.limits import HELD_TOKENS
from stepgraph.syntax.module import SourceModule

_ROOM: Final = HELD_TOKENS // 2


class ParsedModules(Struct):
    """The parsed modules of earlier runs, for reuse while their contents are unchanged.

    If they have more than `room` tokens in total, the least recently used modules are removed.
    """

    room: int = _ROOM
    _modules: dict[str, SourceModule] = field(default_factory=dict)
    """The modules by path, the most recently used one last."""
    _tokens: int = 0
    """The number of tokens of all modules."""

    def get(self, path: str, content: bytes) -> SourceModule | None:
        """Return the module parsed from this content of a file, if it is in memory."""
        module = self._modules.get(path)
        if module is None or module.source != content:
            return None
        self._modules[path] = self._modules.pop(path)
        return module

    def earlier_version(self, path: str) -> SourceModule | None:
        """Return the module of the last content of a file, if it is in memory."""
        return self._modules.get(path)

    def add(self, module: SourceModule) -> None:
        """Add a module, in place of the earlier content of its file."""
        self._remove(module.path)
        self._modules[module.path] = module
        self._tokens += module.tokens
        while self._tokens > self.room:
            self._remove(next(iter(self._modules)))

    def _remove(self, path: str) -> None:
        module = self._modules.pop(path, None)
        self._tokens -= 0 if module is None else module.tokens

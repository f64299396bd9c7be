"""Files that derive classes from a project's own base class, and need not name the SDK's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stepgraph.model.note import InputError
from stepgraph.project.reading import read_bytes
from stepgraph.project.scan import COMMON


@dataclass(slots=True)
class Unmarked:
    """Files that do not name the SDK's class: those that hold `COMMON`, in which most names are, and the others."""

    likely: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def take(self, names: Iterable[str]) -> list[tuple[str, bytes]]:
        """Return, with their contents, the files that derive a class from one of that name, or rename it; only once."""
        wanted = [name.encode() for name in names]
        if not wanted:
            return []
        pattern = re.compile(_DERIVES % {b"names": b"|".join(map(re.escape, wanted))}, re.MULTILINE)
        rare = [name for name in wanted if COMMON not in name]
        found = _matching(self.likely, wanted, pattern) + (_matching(self.others, rare, pattern) if rare else [])
        taken = {path for path, _ in found}
        self.likely = [path for path in self.likely if path not in taken]
        self.others = [path for path in self.others if path not in taken]
        return sorted(found)


_DERIVES = (
    rb"\bclass\s+\w+\s*[(\[][^:]*?\b(?:%(names)s)\b"
    rb"|\b(?:%(names)s)\s+as\s+\w"
    rb"|=\s*(?:\w+\.)*(?:%(names)s)\s*(?:#.*)?$"
)


def _matching(paths: list[str], names: list[bytes], pattern: re.Pattern[bytes]) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            content = read_bytes(path)
        except InputError:
            continue  # it could be read a moment ago, and was reported then if not
        if any(name in content for name in names) and pattern.search(content):
            found.append((path, content))
    return found

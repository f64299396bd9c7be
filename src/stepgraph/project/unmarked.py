"""Files that derive classes from a project's own base class, and need not name the SDK's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from stepgraph.model.note import InputError
from stepgraph.project.reading import read_found
from stepgraph.project.root import Root
from stepgraph.project.scan import COMMON


class Unmarked(Struct):
    """Files inside of a root that do not name the SDK's class: those that hold `COMMON`, as most names do, or not."""

    root: Root
    likely: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def copied(self) -> Unmarked:
        """Return the same files, of which others may be taken."""
        return Unmarked(self.root, list(self.likely), list(self.others))

    def take(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return, with their contents, the files that derive a class from one of that name, or rename it; only once."""
        wanted = [name.encode() for name in names]
        if not wanted:
            return []
        pattern = re.compile(_DERIVES.format(names="|".join(map(re.escape, names))), re.MULTILINE)
        rare = [name for name in wanted if COMMON not in name]
        rarely = self.others if rare else []
        found = _matching(self.root, self.likely, wanted, pattern) + _matching(self.root, rarely, rare, pattern)
        taken = {path for path, _ in found}
        self.likely = [path for path in self.likely if path not in taken]
        self.others = [path for path in self.others if path not in taken]
        return sorted(found)


# Bounded, for a text can be anything: type parameters and bases of a class are rarely as long.
_DERIVES = (
    r"\bclass\s+\w+\s*(?:\[[^\]]{{0,300}}\]\s*)?\([^)]{{0,600}}?\b(?:{names})\b"
    r"|\b(?:{names})\s+as\s+\w"
    r"|=\s*(?:\w+\.)*(?:{names})\s*(?:#.*)?$"
)


def _matching(root: Root, paths: list[str], names: list[bytes], pattern: re.Pattern[str]) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for path in paths:
        try:
            content = read_found(path, root)
        except InputError:
            continue  # it could be read a moment ago, and was reported then if not
        if any(name in content for name in names) and pattern.search(content.decode("utf-8", "replace")):
            found.append((path, content))
    return found

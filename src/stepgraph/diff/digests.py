"""Numbers for what elements hold: equal for elements that are alike with all in them, clocks aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stepgraph.diff.elements import CALL, CLOCKS, FUNCTIONS, KEY, Element, Tree
from stepgraph.json_text import canonical_json

SAME_NAMES: Final[Mapping[str, str]] = {}


class Digester:
    """Gives digests to the elements of trees, which may be compared across trees."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}

    def digests(self, tree: Tree, renamed: Mapping[str, str] = SAME_NAMES) -> list[int]:
        """Return the digest of each element, for functions under the names that are `renamed`."""
        digests = [0] * len(tree)
        for element in reversed(tree.elements):
            below = tuple((tree[child].slot, digests[child]) for child in element.children)
            digests[element.number] = self.number(element.kind, own_text(element, renamed), below)
        return digests

    def number(self, *key: object) -> int:
        """Return a number that stands for `key` alone."""
        return self._numbers.setdefault(key, len(self._numbers))


def own_text(element: Element, renamed: Mapping[str, str] = SAME_NAMES) -> str:
    """Return what an element says by itself, clocks aside."""
    fields = {name: value for name, value in element.fields.items() if name not in CLOCKS}
    if renamed and (element.kind == CALL or element.slot == FUNCTIONS):
        fields |= {
            name: renamed.get(element.text(name), element.text(name)) for name in (KEY, "name") if name in fields
        }
    return canonical_json(fields)

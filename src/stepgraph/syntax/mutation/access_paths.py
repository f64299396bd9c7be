"""Access paths to the collections of a module, and the names to which they flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct, field

UNKNOWN_NAME: Final = "?"
"""The name that stands for all variables in which unmodeled code, such as a caller, may store values."""
_MAX_DEPTH: Final = 3
"""The nesting depth of collections beyond which access paths are merged."""


class AccessPath(Struct, frozen=True):
    """An access path from a name to a value, limited to `_MAX_DEPTH` levels."""

    name: str
    depth: int = 0
    """The number of element accesses, starting at the value of the name."""
    nesting: int = 0
    """The number of new collections that contain the accessed element, nested in each other."""

    def element(self) -> AccessPath:
        """Return the path of an element of the value."""
        if self.nesting:
            return AccessPath(self.name, self.depth, self.nesting - 1)
        return AccessPath(self.name, min(self.depth + 1, _MAX_DEPTH))

    def in_collection(self) -> AccessPath:
        """Return the path of a new collection that contains the value."""
        return AccessPath(self.name, self.depth, min(self.nesting + 1, _MAX_DEPTH))

    def rebase(self, origin: AccessPath) -> AccessPath:
        """Return this path with the value at `origin` in place of the value of the name."""
        for _ in range(self.depth):
            origin = origin.element()
        for _ in range(self.nesting):
            origin = origin.in_collection()
        return origin


class Aliases(Struct, frozen=True):
    """The flow of collections through a module."""

    flows: dict[str, set[tuple[AccessPath, str]]]
    """The access paths of each name that flow to another name, each with that other name."""
    mutated: dict[str, set[AccessPath]]
    """The access paths of each name whose collections are mutated."""
    mutated_by_libraries: dict[str, set[AccessPath]]
    """The part of `mutated` that code outside the project mutates."""
    mutates_unknown: bool
    """Whether the module may mutate a collection that unmodeled code stores."""
    keeps_names: bool
    """Whether the module reads its names from a dictionary, as in `globals()["NAME"]`."""
    keeps_names_of_modules: bool
    """Whether the module may read any name of an imported module, as in `getattr(settings, name)`."""
    _answers: dict[tuple[AccessPath, int, bool, bool, bool], bool] = field(default_factory=dict)
    """The results of `is_kept` and `may_be_mutated` so far, by their arguments."""

    def is_kept(self, start: AccessPath, depth: int, spend: Callable[[int], None]) -> bool:
        """Return whether unmodeled code may store a collection at a path or less than `depth` levels inside it."""
        key = (start, depth, True, False, False)
        if key not in self._answers:
            aliases = self.reachable(start, depth, spend)
            self._answers[key] = self.keeps_names or any(alias.name == UNKNOWN_NAME for alias in aliases)
        return self._answers[key]

    def reachable(self, start: AccessPath, depth: int, spend: Callable[[int], None]) -> Iterator[AccessPath]:
        """Yield the access paths to which the collections at a path flow, less than `depth` levels deep."""
        visited = {start}
        pending = [start]
        while pending:
            current = pending.pop()
            yield current
            spend(1 + len(self.flows.get(current.name, ())))
            for flow, target in self.flows.get(current.name, ()):
                path = flow.rebase(current)
                alias = AccessPath(target, path.depth, path.nesting)
                if path.depth < depth and alias not in visited:
                    visited.add(alias)
                    pending.append(alias)

    def may_be_mutated(
        self,
        start: AccessPath,
        depth: int,
        spend: Callable[[int], None],
        *,
        by_libraries: bool = False,
        by_other_names: bool = False,
    ) -> bool:
        """Return whether the collection at a path, or one less than `depth` levels inside it, may be mutated.

        With `by_libraries`, only mutations by code outside the project count. With `by_other_names`, mutations by the
        name of the path itself do not count. The work is charged to `spend`.
        """
        key = (start, depth, False, by_libraries, by_other_names)
        if key not in self._answers:
            self._answers[key] = self._is_mutated(
                start, depth, spend, by_libraries=by_libraries, by_other_names=by_other_names
            )
        return self._answers[key]

    def _is_mutated(
        self, start: AccessPath, depth: int, spend: Callable[[int], None], *, by_libraries: bool, by_other_names: bool
    ) -> bool:
        all_mutated = self.mutated_by_libraries if by_libraries else self.mutated
        for current in self.reachable(start, depth, spend):
            spend(len(all_mutated.get(current.name, ())))
            if by_other_names and current.name == start.name:
                continue
            mutated = [path.rebase(current) for path in all_mutated.get(current.name, ())]
            if any(not path.nesting and path.depth < depth for path in mutated):
                return True
        return False

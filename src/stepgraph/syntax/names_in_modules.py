"""Names in all modules of a program, of which each module is searched once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.syntax.module import SourceModule

NamesOfModule: TypeAlias = Callable[[SourceModule], frozenset[str]]


class NamesInModules(Struct):
    """The names that functions find in a growing collection of modules."""

    _names: dict[NamesOfModule, tuple[int, set[str]]] = field(default_factory=dict)
    """The number of searched modules and the names in them, by function."""

    def find(self, names_of: NamesOfModule, modules: Collection[SourceModule]) -> AbstractSet[str]:
        """Return the names that a function finds in any module. Modules may only be added at the end."""
        count, names = self._names.get(names_of, (0, set[str]()))
        if count < len(modules):
            names.update(*(module.once(names_of) for module in islice(modules, count, None)))
            self._names[names_of] = len(modules), names
        return names

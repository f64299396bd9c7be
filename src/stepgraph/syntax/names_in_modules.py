"""Names in all modules of a program, of which each module is searched once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.syntax.module import SourceModule

NamesOfModule: TypeAlias = Callable[[SourceModule], frozenset[str]]


class NamesInModules(Struct):
    """The names that functions find in a growing collection of modules."""

    _owners: dict[NamesOfModule, tuple[int, dict[str, SourceModule | None]]] = field(default_factory=dict)
    """The number of searched modules, and the only module with each name, or None for several, by function."""

    def find(self, names_of: NamesOfModule, modules: Collection[SourceModule]) -> AbstractSet[str]:
        """Return the names that a function finds in any module. Modules may only be added at the end."""
        return self._find_owners(names_of, modules).keys()

    def is_in_other(
        self, name: str, names_of: NamesOfModule, modules: Collection[SourceModule], module: SourceModule
    ) -> bool:
        """Return whether a function finds a name in another module than `module`."""
        return self._find_owners(names_of, modules).get(name, module) is not module

    def _find_owners(
        self, names_of: NamesOfModule, modules: Collection[SourceModule]
    ) -> Mapping[str, SourceModule | None]:
        count, owners = self._owners.get(names_of, (0, dict[str, SourceModule | None]()))
        if count < len(modules):
            for module in islice(modules, count, None):
                names = module.once(names_of)
                shared = names & owners.keys()
                owners.update(dict.fromkeys(names, module))
                owners.update(dict.fromkeys(shared))
            self._owners[names_of] = len(modules), owners
        return owners

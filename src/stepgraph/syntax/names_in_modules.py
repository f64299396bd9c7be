"""Names and attributes in all modules of a program. Each module is searched once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes

NamesOfModule: TypeAlias = Callable[[SourceModule], frozenset[str]]

# Source text of code that may read attributes of any name.
_DYNAMIC_READS: Final = (
    *(b"__dict__", b"__getattr", b"asdict(", b"astuple(", b"attrgetter", b"getattr(", b"getmembers", b"vars("),
)
_ATTRIBUTE: Final = rb"\.\s*+([\w\x80-\xff]++)"
# A name in quotes, or the name of a function, which may be a property.
_DEFINED: Final = rb"(?:\bdef\s++|[\"'])([\w\x80-\xff]++)"


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


class AttributeUses(Struct, frozen=True):
    """The uses of attributes in one module of a program."""

    module: SourceModule
    modules: Collection[SourceModule]
    """The modules of the program."""
    names: NamesInModules
    """The names in these modules."""
    shared: AbstractSet[str] = frozenset()
    """The names of attributes that code outside the program may read."""

    def of_name(self, name: str) -> Sequence[cst.Attribute] | None:
        """Return all uses of the attributes of a name. Return None if other code may use an attribute of this name."""
        if name in self.shared or self.names.find(_dynamic_reads, self.modules):
            return None
        if name in self.names.find(_defined_names, self.modules):
            return None
        if self.names.is_in_other(name, _attribute_names, self.modules, self.module):
            return None
        return self.module.once(_attributes_by_name).get(name, ())


def _dynamic_reads(module: SourceModule) -> frozenset[str]:
    return frozenset(text.decode() for text in _DYNAMIC_READS if module.mentions(text))


def _defined_names(module: SourceModule) -> frozenset[str]:
    return _decoded(re.findall(_DEFINED, module.utf_8_source))


def _attribute_names(module: SourceModule) -> frozenset[str]:
    return _decoded(re.findall(_ATTRIBUTE, module.utf_8_source))


def _decoded(names: list[bytes]) -> frozenset[str]:
    return frozenset(name.decode(errors="replace") for name in names)


def _attributes_by_name(module: SourceModule) -> dict[str, list[cst.Attribute]]:
    by_name: dict[str, list[cst.Attribute]] = {}
    for node in all_nodes(module.tree):
        if isinstance(node, cst.Attribute):
            by_name.setdefault(node.attr.value, []).append(node)
    return by_name

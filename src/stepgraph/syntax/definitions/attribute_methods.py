"""The methods and properties whose code counts where their names are read, not where objects are made.

The value of `booking.is_large` depends on the property `is_large`, but on no other method of the class of the booking.
Which class this is may be unknown, so all methods with the name count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import bindings_of, last_name
from stepgraph.syntax.definitions.class_hierarchy import PLAIN_BASES, ClassHierarchy, base_name
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import ancestors_of, statements, statements_below

_DESCRIPTORS: Final = frozenset(
    {
        "abstractmethod",
        "cached_property",
        "classmethod",
        "final",
        "getter",
        "override",
        "property",
        "setter",
        "staticmethod",
    }
)
"""The last names of decorators with which a method runs only when its name is read."""
_CLASS_DECORATORS: Final = frozenset({"dataclass", "final", "runtime_checkable"})
"""The last names of decorators of classes that call special methods only."""
_COMPUTED_READS: Final = (b"getattr", b"attrgetter", b"methodcaller", b"__dict__", b"vars(", b"getmembers")
"""The words in the source of modules that may read an attribute by a computed name."""
_SHARED_NAMES: Final = frozenset(name for kind in (str, bytes, list, dict, set, tuple) for name in dir(kind))
"""The names of methods that objects of other types have, too."""


class AttributeMethods(Struct):
    """The methods of the classes of a project whose code counts where their names are read."""

    classes: ClassHierarchy
    find_steps: Callable[[], Iterable[SourcePlace]]
    """Returns the nodes of the steps in a graph."""
    _with_steps: Container[int] | None = None
    """The identities of the functions and classes with steps."""
    _by_name: dict[tuple[str, int], Sequence[tuple[cst.FunctionDef, SourceModule]]] = field(default_factory=dict)
    """The results of `named`, by the name and the number of modules, which only grows."""
    _computes_names: dict[int, bool] = field(default_factory=dict)
    """Whether code may read attributes by computed names, by the number of modules."""

    def has_steps(self, node: cst.CSTNode) -> bool:
        """Return whether a function or class contains steps, which are in the graph."""
        if self._with_steps is None:
            self._with_steps = _definitions_around(self.find_steps())
        return id(node) in self._with_steps

    def named(self, name: str, module: SourceModule) -> Sequence[tuple[cst.FunctionDef, SourceModule]]:
        """Return the methods with a name, with their modules, in the modules with the code of the graph."""
        modules = self.classes.modules_with(module)
        key = name, len(modules)
        if key not in self._by_name:
            self._by_name[key] = [*self._search(name, modules)]
        return self._by_name[key]

    def _search(self, name: str, modules: Sequence[SourceModule]) -> Iterator[tuple[cst.FunctionDef, SourceModule]]:
        for each in modules:
            for method, owner in each.once(_methods).get(name, ()):
                if self.has_steps(owner) or id(method) in self.left_out(owner, each):
                    yield method, each

    def left_out(self, owner: cst.ClassDef, module: SourceModule) -> Container[int]:
        """Return the identities of the methods that are not part of the code of a class without steps."""
        modules = self.classes.modules_with(module)
        if module not in modules or self._may_compute_names(modules):
            return ()
        return module.once_for(owner, _separate_methods) if self._is_plain(owner, module) else ()

    def _may_compute_names(self, modules: Sequence[SourceModule]) -> bool:
        if len(modules) not in self._computes_names:
            self._computes_names[len(modules)] = any(each.once(_may_compute_names) for each in modules)
        return self._computes_names[len(modules)]

    def _is_plain(self, owner: cst.ClassDef, module: SourceModule) -> bool:
        """Return whether code outside of the project calls only special methods of a class."""
        return all(
            base_name(base) in PLAIN_BASES or self.classes.class_of(base.value, inside) is not None
            for each, inside in self.classes.with_bases(owner, module)
            for base in each.bases
        )


def _separate_methods(owner: cst.ClassDef, _module: SourceModule) -> frozenset[int]:
    """Return the identities of the methods of a class that run only when their names are read."""
    if owner.keywords or not all(_name(each.decorator) in _CLASS_DECORATORS for each in owner.decorators):
        return frozenset()
    return frozenset(
        id(method)
        for method in statements(owner.body)
        if isinstance(method, cst.FunctionDef)
        and not method.name.value.startswith("__")
        and method.name.value not in _SHARED_NAMES
        and all(last_name(each.decorator) in _DESCRIPTORS for each in method.decorators)
    )


def _name(decorator: cst.BaseExpression) -> str:
    return last_name(decorator.func if isinstance(decorator, cst.Call) else decorator)


def _may_compute_names(module: SourceModule) -> bool:
    return any(map(module.mentions, _COMPUTED_READS))


def _methods(module: SourceModule) -> Mapping[str, list[tuple[cst.FunctionDef, cst.ClassDef]]]:
    """Return the methods of the classes of a module by name, with their classes."""
    methods: defaultdict[str, list[tuple[cst.FunctionDef, cst.ClassDef]]] = defaultdict(list)
    classes = (each for each in statements_below(module.tree, into_functions=True) if isinstance(each, cst.ClassDef))
    for owner in classes:
        for method in statements(owner.body):
            if isinstance(method, cst.FunctionDef):
                methods[method.name.value].append((method, owner))
    return methods


def _definitions_around(places: Iterable[SourcePlace]) -> Container[int]:
    """Return the identities of the functions and classes that contain some nodes.

    Generators are left out: the graph contains their steps in the loops over them, without a function.
    """
    definitions: set[int] = set()
    for place in places:
        for outer in ancestors_of(place.module.parents, place.node):
            if id(outer) in definitions:
                break
            is_generator = isinstance(outer, cst.FunctionDef) and bindings_of(outer, place.module).is_generator
            if isinstance(outer, cst.FunctionDef | cst.ClassDef) and not is_generator:
                definitions.add(id(outer))
    return definitions

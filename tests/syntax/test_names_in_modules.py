"""Names in a growing collection of modules."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.names_in_modules import AttributeUses, NamesInModules
from stepgraph.syntax.parse import parse_module


def test_each_module_is_searched_once() -> None:
    searched: list[str] = []

    def names_of(module: SourceModule) -> frozenset[str]:
        searched.append(module.path)
        return frozenset([f"name in {module.path}"])

    modules = [SourceModule("a.py", cst.parse_module(""), b"")]
    names = NamesInModules()
    assert names.find(names_of, modules) == {"name in a.py"}
    modules.append(SourceModule("b.py", cst.parse_module(""), b""))
    assert names.find(names_of, modules) == names.find(names_of, modules) == {"name in a.py", "name in b.py"}
    assert searched == ["a.py", "b.py"]


class CountedModules(list[SourceModule]):
    """A list of modules that counts the searches of all modules."""

    searches = 0

    def __iter__(self) -> Iterator[SourceModule]:
        self.searches += 1
        return super().__iter__()


def uses_of(own: str, other: str = "") -> AttributeUses:
    modules = CountedModules([parse_module(own.encode(), "a.py"), parse_module(other.encode(), "b.py")])
    return AttributeUses(modules[0], modules, NamesInModules())


def test_uses_of_an_attribute_in_its_module() -> None:
    uses = uses_of("self.a = self.b\nprint(self.a)\n", "self.c = 1\n").of_name("a")
    assert uses is not None
    assert len(uses) == 2


def test_an_attribute_that_other_code_may_use() -> None:
    assert uses_of("self.a = 1\n", "x.a\n").of_name("a") is None
    assert uses_of("self.a = 1\n", "x = 'a'\n").of_name("a") is None
    assert uses_of("self.a = 1\ndef a(self): ...\n").of_name("a") is None
    assert uses_of("self.a = 1\n", "getattr(x, name)\n").of_name("a") is None


def test_modules_are_searched_once_for_all_attributes() -> None:
    uses = uses_of("self.a = self.b = self.c = 1\n")
    assert isinstance(uses.modules, CountedModules)
    assert uses.of_name("a")
    searches = uses.modules.searches
    assert uses.of_name("b")
    assert uses.of_name("c")
    assert uses.modules.searches == searches

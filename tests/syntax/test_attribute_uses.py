"""Uses of attributes in the modules of a program."""

from __future__ import annotations

from collections.abc import Iterator

from stepgraph.syntax.attribute_uses import AttributeUses
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.names_in_modules import NamesInModules
from stepgraph.syntax.parse import parse_module


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

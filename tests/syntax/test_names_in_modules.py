"""Names in a growing collection of modules."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.names_in_modules import NamesInModules


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

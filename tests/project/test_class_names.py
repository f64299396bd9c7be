"""Names of classes in sources that are not parsed."""

from __future__ import annotations

import pytest

from stepgraph.project.class_names import DerivedNames, NameSearch, names_used


def test_names_used() -> None:
    source = b"from a import A as B\nclass C(D, x.E[int]): ...\nF = a.G  # alias\nh = I()\n"
    assert {*names_used(source)} == {"A", "D", "x", "E", "int", "G"}


def test_derived_names_across_sources() -> None:
    names = DerivedNames()
    names.add(b"class Orders(Base): ...\nclass Other: ...\nAlias = module.Orders\n")
    names.add(b"from workers import WorkflowEntrypoint as Base\nfrom a import Alias as Again\n")
    assert sorted(names.of("WorkflowEntrypoint")) == ["Again", "Alias", "Base", "Orders"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("class Late(Orders): ...", {"Orders"}),
        ("Orders5000 = Orders_", set()),
        ("MyOrders", {"Orders"}),
        ("x = Größe + _base", {"Größe", "_base"}),
        ("# Orders500", {"Orders500"}),
    ],
)
def test_search_for_names(source: str, names: set[str]) -> None:
    search = NameSearch(["Orders", "Orders500", "Größe", "_base"])
    assert search.names_in(source.encode()) == names

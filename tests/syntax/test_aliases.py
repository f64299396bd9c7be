"""The collections that unmodeled code may store."""

from __future__ import annotations

import pytest

from stepgraph.syntax.mutation.access_paths import AccessPath
from stepgraph.syntax.mutation.aliases import analyze_aliases
from stepgraph.syntax.parse import parse_module


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("names", True),
        ("[names]", True),
        ("{'names': names}", True),
        ("[*names]", False),
        ("(*names, names)", True),
        ("{**names}", False),
        ("names + []", False),
    ],
)
def test_stored_collections(value: str, *, kept: bool) -> None:
    module = parse_module(f"names = []\nqueue.send({value})\n".encode(), "flow.py")
    assert analyze_aliases(module).is_kept(AccessPath("names"), 1, lambda _: None) is kept


def test_elements_of_unpacked_collections_are_stored() -> None:
    module = parse_module(b"names = [[]]\nqueue.send([*names])\n", "flow.py")
    assert analyze_aliases(module).is_kept(AccessPath("names"), 2, lambda _: None)

"""The page on the library has all of it."""

from __future__ import annotations

import pytest

import stepgraph
import stepgraph.testing
from docs.generate.files import ROOT

PAGE = (ROOT / "docs/reference/library.md").read_text(encoding="utf-8")
PUBLIC = [
    *(f"stepgraph.{name}" for name in stepgraph.__all__ if name != "__version__"),
    *(f"stepgraph.testing.{name}" for name in stepgraph.testing.__all__),
]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_can_be_imported_is_described(name: str) -> None:
    described = PAGE.split("```{eval-rst}")
    assert any(line.endswith(f":: {name}") for part in described for line in part.splitlines())

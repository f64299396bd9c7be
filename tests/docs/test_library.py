"""The page on the library has all of it."""

from __future__ import annotations

import re

import pytest

import stepgraph
import stepgraph.testing
from docs.generate.files import ROOT

PAGE = (ROOT / "docs/reference/library.md").read_text(encoding="utf-8")
DESCRIBED = re.findall(r"^\.\. auto(?:function|class|exception):: (\S+)$", PAGE, re.MULTILINE)
PUBLIC = [
    *(f"stepgraph.{name}" for name in stepgraph.__all__ if name != "__version__"),
    *(f"stepgraph.testing.{name}" for name in stepgraph.testing.__all__),
]


@pytest.mark.parametrize("name", PUBLIC)
def test_what_can_be_imported_is_described(name: str) -> None:
    assert name in DESCRIBED

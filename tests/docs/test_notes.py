"""The documentation explains every note code."""

from __future__ import annotations

import re

import pytest

from docs.generate.files import ROOT

_CODE = re.compile(r'(?:note|Doubt)\(\s*"([a-z]+(?:-[a-z]+)*)"')


@pytest.mark.slow
def test_each_code_is_explained_in_semantics() -> None:
    page = (ROOT / "docs/explanation/semantics.md").read_text(encoding="utf-8")
    sources = (ROOT / "src/stepgraph").rglob("*.py")
    codes = {code for source in sources for code in _CODE.findall(source.read_text(encoding="utf-8"))}
    assert len(codes) > 20
    assert sorted(code for code in codes if f"`{code}`" not in page) == []

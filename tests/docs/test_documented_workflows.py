"""The workflows that the documentation shows, but for those that show what is wrong."""

from __future__ import annotations

import re

import pytest

from docs.generate.files import ROOT
from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.severity import Severity

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is wrong is what these pages are about.
_OF_MISTAKES = ("configuration.md", "rules.md", "tutorial.md")

EXAMPLES = [
    pytest.param(block, id=f"{page.name} {number}")
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if page.name not in _OF_MISTAKES
    for number, block in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8")), 1)
    if "(WorkflowEntrypoint)" in block
]


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_nothing_is_wrong_with_an_example(example: str) -> None:
    findings = check_analysis(analyze_source(example))

    assert [str(finding) for finding in findings if finding.severity is not Severity.INFORMATION] == []

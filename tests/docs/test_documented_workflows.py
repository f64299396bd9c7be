"""The workflows in the documentation have no findings, except on pages about mistakes."""

from __future__ import annotations

import re

import pytest

from docs.generate.files import ROOT
from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages whose examples have findings on purpose.
_PAGES_WITH_MISTAKES = ("configuration.md", "library.md", "tutorial.md")

EXAMPLES = [
    pytest.param(block, id=f"{page.name} {number}")
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if page.name not in _PAGES_WITH_MISTAKES and page.parent.name != "rules"
    for number, block in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8")), 1)
    if "(WorkflowEntrypoint)" in block
]


def test_examples_are_collected() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_no_findings(example: str) -> None:
    findings = check_analysis(analyze_source(example))

    assert [str(finding) for finding in findings if finding.severity is not Severity.NOTE] == []

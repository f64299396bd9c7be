"""Test that classes of test modules have no findings, because they are never deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_paths, analyze_source, check_analysis
from tests.checks.projects import CONFIGURATION, ENTRY

IDLE = ENTRY.replace('await step.sleep("rest", "1 hour")', "return 1")
MISNAMED = ENTRY.replace("def run", "def execute")
WRONG_IMPORT = ENTRY.replace("from workers import", "from js import")


@pytest.mark.parametrize("head", ["import pytest\n", "from unittest.mock import AsyncMock\n", "MOCK = MagicMock()\n"])
@pytest.mark.parametrize("text", [IDLE, MISNAMED, WRONG_IMPORT])
def test_class_next_to_tests(head: str, text: str) -> None:
    assert check_analysis(analyze_source(head + text)) == ()
    assert len(check_analysis(analyze_source(text))) == 1


def test_class_next_to_a_replacement_of_the_sdk() -> None:
    replacement = 'import sys\nfrom types import ModuleType\nsys.modules["workers"] = ModuleType("workers")\n'

    assert check_analysis(analyze_source(replacement + IDLE)) == ()


@pytest.mark.parametrize(("name", "codes"), [("test_orders.py", []), ("orders_test.py", []), ("orders.py", ["SG123"])])
def test_module_named_after_its_tests(name: str, codes: list[str], tmp_path: Path) -> None:
    (tmp_path / name).write_text(f"{IDLE}\n\ndef test_orders():\n    assert Orders\n", encoding="utf-8")

    assert [finding.code for finding in check_analysis(analyze_paths([tmp_path]))] == codes


def test_configured_class_with_tests(tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(f"import unittest\n{IDLE}", encoding="utf-8")
    (tmp_path / "wrangler.toml").write_text(CONFIGURATION, encoding="utf-8")

    assert [finding.code for finding in check_analysis(analyze_paths([tmp_path]))] == ["SG123"]

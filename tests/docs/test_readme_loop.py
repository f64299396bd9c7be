"""What the README says of snapshots is what happens."""

from __future__ import annotations

import re

import pytest

from docs.refresh import ROOT
from tests.pytest_plugin.projects import run, write

pytest_plugins = ["pytester"]

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAIR = ROOT / "fixtures" / "diff" / "step_renamed_before_a_wait"


def block(language: str, beginning: str) -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [text for text in blocks if text.startswith(beginning)]
    return found


def test_a_changed_workflow_fails_as_shown_until_its_snapshot_is_updated(pytester: pytest.Pytester) -> None:
    before, after = ((PAIR / name).read_text(encoding="utf-8") for name in ("before.py", "after.py"))
    tests = {"tests/test_nothing.py": "def test_nothing(): pass\n"}
    write(pytester.path, {"pyproject.toml": block("toml", "[tool.stepgraph]"), "src/entry.py": before, **tests})
    run(pytester, "--snapshot-update").assert_outcomes(passed=2)
    write(pytester.path, {"src/entry.py": after})
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    assert block("text", "Orders is not") in "\n".join([*result.outlines, ""])
    run(pytester, "--snapshot-update").assert_outcomes(passed=2)
    run(pytester).assert_outcomes(passed=2)

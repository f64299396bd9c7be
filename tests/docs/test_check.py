"""What the page on checking shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from docs.refresh import ROOT
from stepgraph.api import analyze_source, check_analysis, keep_findings
from stepgraph.checks.baseline import Baseline
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.keep import Kept
from stepgraph.checks.settings import FailOn, Settings
from stepgraph.checks.settings_table import KEYS, read_settings
from stepgraph.cli.check_options import check_options
from tests.checks.keeping import OURS, places, rule

PAGE = (ROOT / "docs/check.md").read_text(encoding="utf-8")

# Of the groups and rules that the page speaks of.
SPOKEN_OF = (
    rule("SG205", "unknown-duration-unit"),
    rule("SG206", "milliseconds-like-seconds"),
    rule("SG214", "dependency-after-failure"),
    rule("SG301", "nondeterministic-step-name"),
)


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def shown() -> Kept:
    analysis = analyze_source(block("python"), "src/entry.py")
    return keep_findings(analysis, check_analysis(analysis), Settings(select=OURS))


def test_the_settings_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(block("toml"), encoding="utf-8")
    settings = read_settings([], {each.code: each for each in (*SPOKEN_OF, *RULES)}.values())
    assert settings.problems == ()
    assert settings.select == ("SG1", "SG2", "SG007")
    assert settings.severity["SG214"] is None
    assert settings.fail_on is FailOn.WARNING


def test_every_setting_and_option_is_told_of() -> None:
    @click.command()
    @check_options
    def command() -> None: ...

    table = PAGE.split("| setting |")[1].split("\n\n")[0]
    # Accepted for later, and of no use yet.
    assert [key for key in KEYS if f"`{key}`" not in table] == ["snapshot"]
    assert [option.opts[0] for option in command.params if f"`{option.opts[0]}`" not in PAGE] == []


def test_the_comments_ignore_what_they_say() -> None:
    result = shown()
    assert places(result.findings) == [("SG118", 17)]
    assert [each.finding.span.line for each in result.suppressed] == [10, 14]
    assert [each.reason for each in result.suppressed] == ["our own decorator takes arguments", ""]


def test_the_baseline_is_that_of_the_workflow_shown() -> None:
    result = shown()
    baseline = Baseline("").updated(result.findings, result.fingerprint, ())
    assert block("json") == baseline.text()
    assert json.loads(block("json"))["findings"][0]["code"] == "SG118"


def test_all_inputs_and_outputs_of_the_action_are_told_of() -> None:
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    inputs = re.findall(r"^  ([a-z-]+):$", action.partition("\nruns:")[0], re.MULTILINE)
    assert inputs[:2] == ["paths", "arguments"]
    assert [name for name in inputs if f"`{name}`" not in PAGE and f"{name}: " not in block("yaml")] == []

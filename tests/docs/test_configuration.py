"""The page on configuration documents all settings, and its examples behave as described."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from docs.generate.files import ROOT
from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.baseline import Baseline
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.checks.settings import KEYS, FailOn, Settings, read_settings
from stepgraph.cli.checking import check_options
from stepgraph.source_analysis import apply_settings
from tests.checks.filtering import SELECTED, code_lines, make_rule

PAGE = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")

# Rules of the groups that the examples on the page mention.
MENTIONED_RULES = (
    make_rule("SG205", "unknown-duration-unit"),
    make_rule("SG206", "milliseconds-like-seconds"),
    make_rule("SG214", "dependency-after-failure"),
    make_rule("SG301", "nondeterministic-step-name"),
)


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    return match[1]


def filtered_findings() -> FilteredFindings:
    analysis = analyze_source(block("python"), "src/entry.py")
    return apply_settings(analysis, check_analysis(analysis), Settings(select=SELECTED))


def test_the_settings_are_read_as_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(block("toml"), encoding="utf-8")
    settings = read_settings([], {each.code: each for each in (*MENTIONED_RULES, *RULES)}.values())
    assert settings.problems == ()
    assert settings.select == ("SG1", "SG2", "SG007")
    assert settings.severity["SG214"] is None
    assert settings.fail_on is FailOn.WARNING


def test_each_setting_and_option_is_documented() -> None:
    @click.command()
    @check_options
    def command() -> None: ...

    table = PAGE.split("| setting |")[1].split("\n\n")[0]
    assert [key for key in KEYS if f"`{key}`" not in table] == []
    options = [option.opts[0] for option in command.params]
    assert [option for option in options if f"`{option}`" not in PAGE and f" {option}`" not in PAGE] == []


def test_the_comments_suppress_their_findings() -> None:
    result = filtered_findings()
    assert code_lines(result.findings) == [("SG118", 17)]
    assert [each.finding.span.line for each in result.suppressed] == [10, 14]
    assert [each.reason for each in result.suppressed] == ["our own decorator takes arguments", ""]


@pytest.mark.slow
def test_the_baseline_matches_the_workflow_on_the_page() -> None:
    result = filtered_findings()
    baseline = Baseline("").updated(result.findings, result.fingerprint, ())
    assert block("json") == baseline.text()
    assert json.loads(block("json"))["findings"][0]["code"] == "SG118"


@pytest.mark.slow
def test_each_environment_variable_is_documented() -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))]
    ours = {name for text in sources for name in re.findall(r"\"((?:STEPGRAPH|CLOUDFLARE|GITHUB)_[A-Z_]+)\"", text)}
    others = {
        name
        for name in ("SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM")
        if any(f'"{name}"' in text for text in sources)
    }
    assert len(ours) > 5
    assert [name for name in sorted(ours | others) if f"`{name}`" not in PAGE] == []


def test_each_setting_of_the_plugin_is_documented() -> None:
    plugin = (ROOT / "src/stepgraph/pytest_plugin").rglob("*.py")
    names = {
        name
        for path in plugin
        for name in re.findall(r'"(workflow_[a-z_]+|--workflow-[a-z-]+)"', path.read_text("utf-8"))
    }
    settings = {name for name in names if name.startswith(("workflow_snapshots_", "--"))}
    assert len(settings) == 3
    assert [name for name in sorted(settings) if f"`{name}`" not in PAGE] == []

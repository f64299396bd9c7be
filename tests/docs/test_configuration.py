"""What the page on configuration says is what there is to set, and what happens."""

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
from stepgraph.checks.keep import FilteredFindings
from stepgraph.checks.settings import FailOn, Settings
from stepgraph.checks.settings_table import KEYS, read_settings
from stepgraph.cli.options.check import check_options
from stepgraph.source_analysis import apply_settings
from tests.checks.filtering import SELECTED, code_lines, make_rule

PAGE = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")

# Of the groups and rules that the page speaks of.
SPOKEN_OF = (
    make_rule("SG205", "unknown-duration-unit"),
    make_rule("SG206", "milliseconds-like-seconds"),
    make_rule("SG214", "dependency-after-failure"),
    make_rule("SG301", "nondeterministic-step-name"),
)


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def shown() -> FilteredFindings:
    analysis = analyze_source(block("python"), "src/entry.py")
    return apply_settings(analysis, check_analysis(analysis), Settings(select=SELECTED))


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
    assert [key for key in KEYS if f"`{key}`" not in table] == []
    options = [option.opts[0] for option in command.params]
    assert [option for option in options if f"`{option}`" not in PAGE and f" {option}`" not in PAGE] == []


def test_the_comments_ignore_what_they_say() -> None:
    result = shown()
    assert code_lines(result.findings) == [("SG118", 17)]
    assert [each.finding.span.line for each in result.suppressed] == [10, 14]
    assert [each.reason for each in result.suppressed] == ["our own decorator takes arguments", ""]


def test_the_baseline_is_that_of_the_workflow_shown() -> None:
    result = shown()
    baseline = Baseline("").updated(result.findings, result.fingerprint, ())
    assert block("json") == baseline.text()
    assert json.loads(block("json"))["findings"][0]["code"] == "SG118"


def test_every_variable_of_the_environment_that_is_read_is_told_of() -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))]
    ours = {name for text in sources for name in re.findall(r"\"((?:STEPGRAPH|CLOUDFLARE|GITHUB)_[A-Z_]+)\"", text)}
    others = {
        name for name in ("SOURCE_DATE_EPOCH", "NO_COLOR", "TERM") if any(f'"{name}"' in text for text in sources)
    }
    assert len(ours) > 5
    assert [name for name in sorted(ours | others) if f"`{name}`" not in PAGE] == []


def test_every_setting_of_the_plugin_is_told_of() -> None:
    plugin = (ROOT / "src/stepgraph/pytest_plugin").rglob("*.py")
    names = {
        name
        for path in plugin
        for name in re.findall(r'"(workflow_[a-z_]+|--workflow-[a-z-]+)"', path.read_text("utf-8"))
    }
    settings = {name for name in names if name.startswith(("workflow_snapshots_", "--"))}
    assert len(settings) == 3
    assert [name for name in sorted(settings) if f"`{name}`" not in PAGE] == []

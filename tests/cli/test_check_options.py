"""The options that filter findings, and the baseline."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.filtering import FilteredFindings
from stepgraph.checks.settings import FailOn, Settings
from stepgraph.cli.checking import CheckOptions, check_options, filter_and_update, read_criteria
from stepgraph.cli.console import CommandError
from stepgraph.model.note import InputError
from stepgraph.model.span import Span
from tests.checks.filtering import code_lines, in_run
from tests.cli.sources import write

pytestmark = pytest.mark.usefixtures("folder")

TWO = in_run("await charge(10)\nawait charge(20)")
ONLY = ("--select", "SG118")


@click.command("check")
@click.argument("paths", nargs=-1)
@click.option("-o", "name")
@check_options
def _command(*, paths: tuple[str, ...], name: str | None, checking: CheckOptions) -> CheckOptions:
    assert (paths, name) == ((), None)
    return checking


def options(*arguments: str) -> CheckOptions:
    options: CheckOptions = _command.main(list(arguments), standalone_mode=False)
    return options


def settings(*arguments: str) -> Settings:
    return options(*arguments).settings([])


def check(*arguments: str) -> FilteredFindings:
    standards = read_criteria(options(*ONLY, *arguments), ["."])
    analysis = analyze_paths(["."])
    return filter_and_update(standards, analysis, check_analysis(analysis))


def stderr(capfdbinary: pytest.CaptureFixture[bytes]) -> list[str]:
    return capfdbinary.readouterr().err.decode().splitlines()


def test_settings_default_to_the_project() -> None:
    write(
        "pyproject.toml",
        '[tool.stepgraph]\nselect = ["SG1"]\nstrict = true\nfail-on = "warning"\nrequire-dag = true\nbaseline = "b"\n',
    )
    assert settings() == Settings(
        select=("SG1",), strict=True, fail_on=FailOn.WARNING, require_dag=True, baseline="b", folder=""
    )


def test_options_override_project_settings() -> None:
    write(
        "pyproject.toml", '[tool.stepgraph]\nstrict = true\nfail-on = "warning"\nrequire-dag = true\nbaseline = "b"\n'
    )
    options = settings("--no-strict", "--fail-on", "error", "--no-require-dag", "--baseline", "other.json")
    assert options == Settings(baseline="other.json")


def test_rule_options_accept_lists_codes_and_names() -> None:
    options = settings("--select", "SG1, unused-ignore", "--select", "SG006", "--ignore", "step-called-with-arguments,")
    assert (options.select, options.ignore) == (("SG1", "SG007", "SG006"), ("SG118",))


def test_select_overrides_ignored_rules_of_the_project() -> None:
    write("pyproject.toml", '[tool.stepgraph]\nselect = ["SG0"]\nignore = ["SG118"]\n')
    assert settings("--select", "SG118").ignore == ()
    assert settings("--ignore", "SG006").ignore == ("SG118", "SG006")
    assert settings("--ignore", "SG006").select == ("SG0",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--select", "SG1188"), "unknown rule `SG1188`. Did you mean `SG118`?"),
        (("--ignore", "SG1,step-called-with-argument"), "Did you mean `step-called-with-arguments`?"),
        (("--select", ","), "missing rule."),
        (("--fail-on", "new"), "--fail-on new requires --baseline with the accepted findings."),
        (("--update-baseline",), "--update-baseline requires --baseline with the file to write."),
    ],
)
def test_invalid_options_are_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        settings(*arguments)
    assert caught.value.format_message().endswith(message)


def test_the_setting_of_new_findings_requires_a_baseline() -> None:
    write("pyproject.toml", '[tool.stepgraph]\nfail-on = "new"\n')
    with pytest.raises(click.UsageError) as caught:
        settings()
    assert caught.value.message == (
        '`fail-on = "new"` in pyproject.toml requires `baseline` with the accepted findings.'
    )


def test_an_invalid_baseline_setting_has_a_location() -> None:
    write("pyproject.toml", '[tool.stepgraph]\nfail-on = "new"\nbaseline = ""\n')
    assert [(problem.line, problem.message) for problem in settings().problems] == [
        (3, "`baseline` must not be empty.")
    ]


def test_a_written_baseline_suppresses_its_findings(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write("entry.py", TWO)
    first = check("--baseline", "known.json", "--update-baseline")
    assert (code_lines(first.findings), code_lines(first.baselined)) == ([], [("SG118", 10), ("SG118", 11)])
    assert stderr(capfdbinary) == ["wrote known.json: 2 findings"]
    assert {entry["path"] for entry in json.loads(Path("known.json").read_text("utf-8"))["findings"]} == {"entry.py"}

    write("entry.py", TWO.replace("await charge(10)", "x = 1\n        await charge(10)\n        await charge(30)"))
    second = check("--baseline", "known.json")
    assert (code_lines(second.findings), code_lines(second.baselined)) == (
        [("SG118", 12)],
        [("SG118", 11), ("SG118", 13)],
    )
    assert stderr(capfdbinary) == []


def test_fixed_findings_are_reported_and_removed(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    write("entry.py", TWO)
    check("--baseline", "known.json", "--update-baseline")
    write("entry.py", in_run("await charge(20)"))
    stderr(capfdbinary)
    check("--baseline", "known.json")
    assert stderr(capfdbinary) == [
        "1 recorded finding no longer occurs. Run with --update-baseline to remove it from known.json."
    ]
    check("--baseline", "known.json", "--update-baseline")
    assert stderr(capfdbinary) == ["wrote known.json: 1 finding"]


def test_a_missing_baseline_is_an_error() -> None:
    write("entry.py", TWO)
    with pytest.raises(InputError) as caught:
        check("--baseline", "known.json")
    message = "known.json: baseline file not found. Write it with --update-baseline."
    assert str(caught.value) == message


def test_problems_of_settings_are_in_source_order() -> None:
    write("pyproject.toml", "[tool.stepgraph]\nfailon = 1\nexclude = [3]\nignore = ['SG999']\n")
    assert [finding.span.line for finding in check().findings] == [2, 3, 4]


def test_invalid_settings_write_no_baseline(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write("entry.py", TWO)
    write("pyproject.toml", "[tool.stepgraph]\nslect = []\n")
    with pytest.raises(CommandError) as caught:
        check("--baseline", "known.json", "--update-baseline")
    assert str(caught.value) == "known.json was not written because an input is unreadable or invalid."
    assert stderr(capfdbinary)[0].startswith("pyproject.toml:2:1: error: unknown setting `slect`.")
    assert not Path("known.json").exists()


def test_a_baseline_does_not_overwrite_a_source() -> None:
    write("entry.py", TWO)
    write("wrangler.jsonc", '{"version": 1, "findings": []}')
    with pytest.raises(CommandError) as caught:
        check("--baseline", "wrangler.jsonc", "--update-baseline")
    assert "is a source file, so it is not overwritten" in str(caught.value)


def test_invalid_python_writes_no_baseline() -> None:
    write("entry.py", TWO)
    standards = read_criteria(options("--baseline", "known.json", "--update-baseline"), ["."])
    broken = Finding("SG002", Severity.ERROR, "not valid Python.", "", Span("broken.py", 2, 5, 2, 6))
    with pytest.raises(CommandError):
        filter_and_update(standards, analyze_paths(["."]), [broken])
    assert not Path("known.json").exists()


def test_no_workflows_write_no_baseline() -> None:
    write("entry.py", "x = 1\n")
    check("--baseline", "known.json", "--update-baseline")
    assert not Path("known.json").exists()

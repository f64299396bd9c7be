"""`stepgraph check`: output, messages and exit codes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from stepgraph.analysis import Analysis
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.cli.formats import REPORT_FORMATS
from stepgraph.model.span import Span
from stepgraph.project.sources import Sources
from stepgraph.source_analysis import check_sources
from tests.cli.conftest import Command, Run
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_orders, write_unresolved

WRONG = """\
from workers import WorkflowEntrypoint


class Wrong(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 1

        await charge(10)
"""

every_format = pytest.mark.parametrize("form", REPORT_FORMATS)


def add_findings(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """Add findings to the result of the rules."""

    def checked(
        sources: Sources, *_: object, with_edits: bool, with_details: bool = False
    ) -> tuple[Analysis, tuple[Finding, ...]]:
        analysis, diagnostics = check_sources(sources, with_edits=with_edits, with_details=with_details)
        return analysis, (*diagnostics, *findings)

    monkeypatch.setattr("stepgraph.cli.analysis.check_sources", checked)


def replace_findings(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """Replace the findings of the rules."""
    monkeypatch.setattr(
        "stepgraph.cli.analysis.check_sources", lambda sources, *_, **__: (check_sources(sources)[0], findings)
    )


def finding(severity: Severity, code: str = "SG201") -> Finding:
    return Finding(code, severity, "something.", "", Span("orders.py", 4, 1, 4, 2))


def run_all(stepgraph: Command, *arguments: str) -> list[Run]:
    """Run the check once for each format."""
    return [stepgraph("check", *arguments, "-f", form) for form in REPORT_FORMATS]


def codes(runs: Sequence[Run]) -> list[int]:
    return [run.code for run in runs]


def test_a_finding_is_shown_with_its_source(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    run = stepgraph("check")
    *shown, advice, below, heading, row, between, verdict, hint = run.out.splitlines()
    assert shown == [
        (
            "orders.py:10:22: error[SG118]: unexpected argument `10`: a step takes no arguments, so calling the step"
            " 'charge' fails with a TypeError."
        ),
        "10 |         await charge(10)",
        "   |                      ^^",
        "   = note: orders.py:6:10: the step is declared here",
    ]
    assert advice.startswith("   = help: Call it without arguments")
    assert (heading, row) == (
        "NAME   CLASS  WHERE        STEPS  GRAPH  COMPLETE",
        "Wrong  Wrong  orders.py:4      1  yes    yes",
    )
    assert (below, between, verdict) == ("", "", "1 error in 1 workflow")
    assert hint == "`stepgraph rules SG118` explains SG118."
    assert (run.code, run.messages) == (1, [])


@pytest.mark.slow
def test_clean_code_passes_in_every_format(stepgraph: Command) -> None:
    write_orders()
    assert codes(run_all(stepgraph)) == [0] * len(REPORT_FORMATS)


@pytest.mark.slow
def test_an_error_fails_in_every_format(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    assert codes(run_all(stepgraph)) == [1] * len(REPORT_FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        (Severity.WARNING, "error", 0),
        (Severity.WARNING, "warning", 1),
        (Severity.NOTE, "warning", 0),
    ],
)
def test_fail_on_is_the_minimum_severity_in_every_format(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, severity: Severity, fail_on: str, code: int
) -> None:
    write_orders()
    add_findings(monkeypatch, finding(severity))
    assert codes(run_all(stepgraph, "--fail-on", fail_on)) == [code] * len(REPORT_FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["SG001", "SG002", "SG003"])
def test_an_unreadable_input_is_an_error_in_every_format(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    write_orders()
    add_findings(monkeypatch, finding(Severity.ERROR, code))
    assert codes(run_all(stepgraph)) == [2] * len(REPORT_FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["missing.py", "broken.py"])
def test_a_missing_or_invalid_file_is_an_error(stepgraph: Command, path: str) -> None:
    write_orders()
    write("broken.py", SYNTAX_ERROR)
    assert codes(run_all(stepgraph, path)) == [2] * len(REPORT_FORMATS)
    assert codes(run_all(stepgraph, "orders.py", path)) == [2] * len(REPORT_FORMATS)


def test_a_missing_file_has_no_excerpt(stepgraph: Command) -> None:
    assert stepgraph("check", "missing.py", "-q").out == (
        "missing.py: error[SG001]: file not found.\n  = help: Paths are relative to the working directory.\n"
    )


def test_a_problem_is_reported_once(stepgraph: Command) -> None:
    write_orders()
    write("broken.py", SYNTAX_ERROR)
    run = stepgraph("check", "orders.py", "broken.py")
    assert (run.out + "\n".join(run.messages)).count("syntax error") == 1


def test_a_problem_with_a_finding_is_not_on_standard_error(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("broken.py", SYNTAX_ERROR)
    diagnostics = Finding("SG002", Severity.ERROR, "syntax error.", "", Span("broken.py", 2, 5, 2, 5))
    replace_findings(monkeypatch, diagnostics)
    run = stepgraph("check", "broken.py")
    assert run.out == (
        "broken.py:2:5: error[SG002]: syntax error.\n2 | def (:\n  |     ^\n\n1 error\n"
        "`stepgraph rules SG002` explains SG002.\n"
    )
    assert (run.code, run.messages) == (2, [])


@pytest.mark.slow
def test_no_workflows_do_not_pass_in_any_format(stepgraph: Command) -> None:
    write("none/a.py", "x = 1\n")
    runs = run_all(stepgraph, "none")
    assert codes(runs) == [3] * len(REPORT_FORMATS)
    assert all(
        run.messages[0].startswith("stepgraph: no workflow found in none (1 Python file searched).") for run in runs
    )


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", "no workflow was found, so nothing was checked\n"),
        ("concise", "no workflow was found, so nothing was checked\n"),
        ("jsonl", ""),
        ("gitlab", "[]\n"),
        ("markdown", "## ⚠️ Workflow check: no workflow was found, so nothing was checked\n"),
    ],
)
def test_reports_without_workflows(stepgraph: Command, form: str, text: str) -> None:
    write("none/a.py", "x = 1\n")
    assert stepgraph("check", "none", "-f", form).out == text


def test_json_without_workflows_has_the_verdict(stepgraph: Command) -> None:
    write("none/a.py", "x = 1\n")
    assert json.loads(stepgraph("check", "none", "-f", "json").out)["summary"]["verdict"] == "empty"


def test_sarif_without_workflows_is_unsuccessful(stepgraph: Command) -> None:
    write("none/a.py", "x = 1\n")
    sarif = json.loads(stepgraph("check", "none", "-f", "sarif").out)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_ci_reports_without_workflows_have_an_error(stepgraph: Command) -> None:
    write("none/a.py", "x = 1\n")
    junit, github = (stepgraph("check", "none", "-f", form).out for form in ("junit", "github"))
    assert '<failure type="error" message="no workflow was found, so nothing was checked">' in junit
    assert github.startswith("::error title=stepgraph check::no workflow was found, so nothing was checked\n")


@pytest.mark.slow
@every_format
def test_require_dag_fails_without_a_graph(stepgraph: Command, form: str) -> None:
    write("empty.py", module(workflow("Empty")))
    write_unresolved()
    assert stepgraph("check", "empty.py", "-f", form, "--require-dag").code == 1
    assert stepgraph("check", "orders.py", "-f", form, "--require-dag").code == 1
    write_orders()
    assert stepgraph("check", "orders.py", "-f", form, "--require-dag").code == 0


def test_strict_makes_unresolved_code_an_error(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    diagnostics = (finding(Severity.NOTE, "SG004"), replace(finding(Severity.NOTE), message="other."))
    replace_findings(monkeypatch, *diagnostics)
    assert stepgraph("check").code == 0
    run = stepgraph("check", "--strict")
    assert run.code == 1
    assert run.out.splitlines()[-2] == "1 error, 1 note in 1 workflow"


@pytest.mark.slow
def test_settings_comments_and_baseline_filter_findings(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    assert stepgraph("check", "--ignore", "SG118").code == 0
    assert stepgraph("check", "--baseline", "known.json", "--update-baseline").code == 0
    run = stepgraph("check", "--baseline", "known.json")
    assert (run.code, run.out.splitlines()[-1]) == (0, "no findings in 1 workflow, 1 in the baseline")
    write("orders.py", WRONG.replace("charge(10)", "charge(10)  # stepgraph: ignore[SG118] on purpose"))
    run = stepgraph("check", "-f", "json")
    (ignored,) = json.loads(run.out)["ignored"]
    assert (run.code, ignored["finding"]["code"], ignored["reason"]) == (0, "SG118", "on purpose")


def test_an_invalid_setting_is_a_finding(stepgraph: Command) -> None:
    write_orders()
    write("pyproject.toml", "[tool.stepgraph]\nstrickt = true\n")
    run = stepgraph("check")
    assert run.code == 2
    assert run.out.startswith("pyproject.toml:2:1: error[SG003]: unknown setting `strickt`.\n2 | strickt = true\n")


def test_quiet_prints_only_findings(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("check", "-q").out == ""


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("out.json", '{\n  "version": 2,'),
        ("out.sarif", '{\n  "$schema": "https://docs.oasis-open.org/sarif'),
        ("out.md", "## ❌ Workflow check"),
        ("out.txt", "orders.py:10:22: error[SG118]"),
        ("out", "orders.py:10:22: error[SG118]"),
    ],
)
def test_the_suffix_selects_the_report_format(stepgraph: Command, name: str, start: str) -> None:
    write("orders.py", WRONG)
    run = stepgraph("check", "-o", name)
    assert (run.code, run.out, run.messages) == (1, "", [f"wrote {name}: 1 error in 1 workflow"])
    assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_quiet_omits_the_verdict_of_a_report_file(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    assert stepgraph("check", "-q", "-o", "out.txt") == Run(1, "", [])
    assert Path("out.txt").read_text(encoding="utf-8").startswith("orders.py:10:22: error[SG118]")


def test_a_report_does_not_overwrite_a_source(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    run = stepgraph("check", "-o", "orders.py")
    assert run.code == 2
    assert run.messages == ["stepgraph: orders.py is a source file, so it is not overwritten. Name another file."]
    assert Path("orders.py").read_text(encoding="utf-8") == WRONG


def test_invalid_options_are_errors(stepgraph: Command) -> None:
    assert stepgraph("check", "--fail-on", "never").code == 2
    assert stepgraph("check", "-f", "html").code == 2


def test_github_paths_start_at_the_repository_root(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("apps/shop/orders.py", WRONG)
    Path(".git").mkdir()
    monkeypatch.chdir("apps/shop")
    assert "::error file=apps/shop/orders.py,line=10," in stepgraph("check", "-f", "github").out
    sarif = json.loads(stepgraph("check", "-f", "sarif").out)
    location = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "apps/shop/orders.py", "uriBaseId": "%SRCROOT%"}
    assert stepgraph("check", "-q").out.startswith("orders.py:10:22: ")


def test_absolute_paths_are_relative_to_the_repository(stepgraph: Command, folder: Path) -> None:
    write("orders.py", WRONG)
    assert "::error file=orders.py,line=10," in stepgraph("check", f"{folder}/orders.py", "-f", "github").out


def test_locations_are_links_in_github_jobs(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("orders.py", WRONG)
    assert "](<" not in stepgraph("check", "-f", "markdown").out
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/shop")
    monkeypatch.setenv("GITHUB_SHA", "c0ffee")
    link = "[`orders.py:10:22`](<https://github.com/octo/shop/blob/c0ffee/orders.py#L10>)"
    assert link in stepgraph("check", "-f", "markdown").out


def test_diagrams_in_markdown_have_details(stepgraph: Command) -> None:
    text = workflow("Orders", "rest").replace("        await", "        for each in event:\n            await")
    write("orders.py", module(text))
    first, second = (stepgraph("check", "-f", "markdown").out for _ in range(2))
    assert first == second
    assert '"for each in event"' in first


def test_configurations_have_excerpts(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write_orders()
    write("other.jsonc", '{\n  "name": "shop"\n}\n')
    at = Span("other.jsonc", 2, 3, 2, 9)
    add_findings(monkeypatch, Finding("SG116", Severity.ERROR, "something.", "", at))
    assert '2 |   "name": "shop"\n  |   ^^^^^^\n' in stepgraph("check", "orders.py").out


def test_excerpts_decode_the_source_encoding(stepgraph: Command) -> None:
    source = "# coding: latin-1\n" + WRONG.replace("charge(10)", 'charge("é")')
    Path("orders.py").write_bytes(source.encode("latin-1"))
    assert '11 |         await charge("é")\n   |                      ^^^\n' in stepgraph("check").out


def test_env_selects_the_environment(stepgraph: Command) -> None:
    write_orders()
    binding = 'binding = "ORDERS"\nname = "orders"\nclass_name = "Orders"\n'
    worker = 'name = "shop"\nmain = "orders.py"\ncompatibility_date = "2026-03-01"\n'
    flags = 'compatibility_flags = ["python_workers"]\n'
    write("wrangler.toml", f"{worker}{flags}\n[[env.staging.workflows]]\n{binding}")
    assert "orders  Orders  orders.py:4 " in stepgraph("check", "--env", "staging").out
    assert stepgraph("check", "--env", "production").code == 2


def test_a_missing_file_has_no_line(stepgraph: Command) -> None:
    assert stepgraph("check", "nope.py").out == (
        "nope.py: error[SG001]: file not found.\n"
        "  = help: Paths are relative to the working directory.\n"
        "\n"
        "1 error\n"
        "`stepgraph rules SG001` explains SG001.\n"
    )


@pytest.mark.parametrize("path", ["orders.py:31", "orders.py:31:5"])
def test_a_path_with_a_line_suggests_the_file(stepgraph: Command, path: str) -> None:
    write_orders()
    assert stepgraph("check", path).out.startswith(
        f"{path}: error[SG001]: file not found.\n  = help: Did you mean `orders.py`?\n"
    )


def test_findings_of_settings_follow_the_lines(stepgraph: Command) -> None:
    write_orders()
    write("pyproject.toml", '[tool.stepgraph]\nselect = 5\nfailon = "x"\nstrict = 1\n')
    lines = stepgraph("check", "orders.py").out.splitlines()
    assert [line.partition(":")[2].partition(":")[0] for line in lines if line.startswith("pyproject")] == [
        "2",
        "3",
        "4",
    ]
    assert lines[lines.index('3 | failon = "x"') + 1] == "  | ^^^^^^"


def test_exit_zero_ignores_findings_but_not_unreadable_input(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    assert stepgraph("check", "--exit-zero").code == 0
    assert stepgraph("check", "--exit-zero", "missing.py").code == 2


def test_statistics_replace_the_findings(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    run = stepgraph("check", "--statistics")
    assert run.out.splitlines()[1].split() == ["1", "SG118", "step-called-with-arguments", "error", "0"]
    assert run.code == 1
    refused = stepgraph("check", "--statistics", "-f", "json")
    assert refused.code == 2
    assert refused.messages[0].startswith("stepgraph: --statistics does not apply to the format json, only to text, ")


def test_output_format_is_an_alias(stepgraph: Command) -> None:
    write("orders.py", WRONG)
    assert stepgraph("check", "--output-format", "concise").out == stepgraph("check", "-f", "concise").out


def test_findings_with_one_cause_are_reported_once(stepgraph: Command) -> None:
    write("wrong.py", f"{WRONG}        await charge(20)\n")
    (reported,) = json.loads(stepgraph("check", "wrong.py", "-f", "json").out)["findings"]
    assert (reported["line"], [related["line"] for related in reported["related"]]) == (10, [6, 11])


def test_baseline_has_each_finding_with_one_cause(stepgraph: Command) -> None:
    write("wrong.py", f"{WRONG}        await charge(20)\n")
    stepgraph("check", "wrong.py", "--baseline", "base.json", "--update-baseline")
    assert len(json.loads(Path("base.json").read_text(encoding="utf-8"))["findings"]) == 2
    assert stepgraph("check", "wrong.py", "--baseline", "base.json").code == 0

"""The functions of the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import (
    Analysis,
    Finding,
    InputError,
    InternalError,
    Severity,
    WorkflowAnalysis,
    analyze_file,
    analyze_paths,
    analyze_source,
    check_analysis,
)
from stepgraph.model.note import Problem

WORKFLOW = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""
BROKEN = "x = 1\ndef (:\n"


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def only_workflow(analysis: Analysis) -> WorkflowAnalysis:
    (workflow,) = analysis.workflows
    return workflow


def test_text_can_be_analyzed() -> None:
    workflow = only_workflow(analyze_source(WORKFLOW))
    assert (workflow.name, workflow.class_name, workflow.has_dag, workflow.step_count) == ("Orders", "Orders", True, 1)


def test_locations_in_text_have_the_given_path() -> None:
    assert str(only_workflow(analyze_source(WORKFLOW)).span).startswith("<string>:4:")
    assert str(only_workflow(analyze_source(WORKFLOW, "src/orders.py")).span).startswith("src/orders.py:4:")


def test_bytes_can_be_analyzed() -> None:
    assert only_workflow(analyze_source(WORKFLOW.encode())).class_name == "Orders"


def test_coding_lines_of_text_are_ignored() -> None:
    text = f"# coding: latin-1\n{WORKFLOW}".replace('"rest"', '"zurück"')
    graph = only_workflow(analyze_source(text)).graph
    assert graph is not None
    assert graph["workflow"]["nodes"] == [{"type": "step_sleep", "name": "zurück", "duration": "1 hour"}]


def test_a_file_can_be_analyzed() -> None:
    Path("orders.py").write_text(WORKFLOW, encoding="utf-8")
    assert analyze_file("orders.py") == analyze_file(Path("orders.py"))
    assert str(only_workflow(analyze_file("orders.py")).span).startswith("orders.py:4:")


def test_a_missing_file_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"^orders\.py: file not found\.") as caught:
        analyze_file("orders.py")
    assert caught.value.problem.path == "orders.py"


def test_a_syntax_error_has_a_location() -> None:
    with pytest.raises(InputError) as caught:
        analyze_source(BROKEN, "orders.py")
    assert (caught.value.problem.path, caught.value.problem.line, caught.value.problem.column) == ("orders.py", 2, 5)


def test_a_null_byte_has_a_location() -> None:
    with pytest.raises(InputError, match=r"^<string>:1:2: null byte"):
        analyze_source("x\0")


def test_invalid_paths_are_problems_of_the_result() -> None:
    Path("orders.py").write_text(WORKFLOW, encoding="utf-8")
    Path("broken.py").write_text(BROKEN, encoding="utf-8")
    analysis = analyze_paths(["missing.py", "broken.py", Path("orders.py")])
    assert [problem.path for problem in analysis.problems] == ["missing.py", "broken.py"]
    assert analysis.workflows == analyze_file("orders.py").workflows


@pytest.mark.parametrize("path", ["src", Path("src")])
def test_a_string_is_one_path(path: str | Path) -> None:
    Path("src").mkdir()
    Path("src/orders.py").write_text(WORKFLOW, encoding="utf-8")
    assert analyze_paths(path) == analyze_paths([path])
    assert only_workflow(analyze_paths(path)).path == "src/orders.py"


def test_a_path_object_names_text() -> None:
    assert only_workflow(analyze_source(WORKFLOW, Path("src/orders.py"))).path == "src/orders.py"


def test_an_iterator_is_several_paths() -> None:
    Path("orders.py").write_text(WORKFLOW, encoding="utf-8")
    assert analyze_paths(Path().glob("*.py")) == analyze_paths(["orders.py"])


def test_a_source_without_workflows_has_no_workflows() -> None:
    assert analyze_source("x = 1\n") == Analysis((), ())


def test_a_defect_has_path_and_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("orders.py").write_text(WORKFLOW, encoding="utf-8")
    cause = RecursionError()

    def fail(_pipeline: object, _source: object) -> tuple[()]:
        raise cause

    monkeypatch.setattr("stepgraph.pipeline.Pipeline.analyze", fail)
    with pytest.raises(InternalError) as caught:
        analyze_paths(["orders.py"])
    assert caught.value.path == "orders.py"
    assert caught.value.__cause__ is cause


def test_a_problem_is_one_line() -> None:
    assert str(Problem("a.py", "It is broken.", "Mend it.", 2, 5)) == "a.py:2:5: It is broken. Mend it."


FAULTY = """\
from workers import NonRetryableError, WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


def test_check_analysis_returns_findings() -> None:
    (finding,) = check_analysis(analyze_source(FAULTY, "orders.py"))
    assert isinstance(finding, Finding)
    assert (finding.code, finding.severity, finding.workflow) == ("SG125", Severity.ERROR, "Orders")
    assert str(finding.span) == "orders.py:1:21"


def test_correct_code_has_no_findings() -> None:
    assert check_analysis(analyze_source(WORKFLOW)) == ()


def test_unreadable_files_are_findings() -> None:
    findings = check_analysis(analyze_paths(["missing.py"]))
    assert [(finding.code, str(finding.span)) for finding in findings] == [("SG001", "missing.py:1:1")]


def test_a_finding_is_one_line() -> None:
    (finding,) = check_analysis(analyze_paths(["missing.py"]))
    assert str(finding) == (
        "missing.py:1:1: error: file not found. Paths are relative to the working directory. [SG001]"
    )

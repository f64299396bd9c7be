"""The steps of the GitHub action, run as a runner does."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.integrations.conftest import Installation
from tests.integrations.github_action import ACTION, ActionStep, CheckRun
from tests.integrations.github_action import check as run_check
from tests.integrations.yaml_files import ROOT

CLEAN = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 10

        await charge()
"""
FLAGGED = CLEAN.replace("charge()\n", "charge(10)\n").replace("def charge(10)", "def charge()")


def check(runner_temp: Path, folder: Path, **inputs: str) -> CheckRun:
    """Run the checking step in a workspace, with the environment of the tests."""
    return run_check(runner_temp, folder, os.environ, **inputs)


@pytest.mark.parametrize("step", ACTION.runs.steps, ids=lambda step: step.name)
def test_scripts_have_no_expressions(step: ActionStep) -> None:
    """Values from a pull request, such as the name of a branch, would be executed."""
    assert "${{" not in step.run


@pytest.mark.slow
def test_a_clean_project_passes_and_gets_a_summary(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")

    result = check(runner_temp, tmp_path)

    assert result.code == 0, result.out
    assert "::error" not in result.out
    assert "```mermaid" in result.summary
    assert result.outputs == f"sarif={runner_temp}/stepgraph.sarif\n"
    assert json.loads((runner_temp / "stepgraph.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert [path.name for path in tmp_path.iterdir()] == ["entry.py"]


@pytest.mark.slow
def test_findings_are_annotations_and_fail_the_job(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")

    result = check(runner_temp, tmp_path)

    assert result.code == 1
    assert "::error file=entry.py,line=10," in result.out
    assert "SG118" in result.summary
    (finding,) = json.loads((runner_temp / "stepgraph.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert finding["ruleId"] == "SG118"


@pytest.mark.slow
def test_paths_and_arguments_are_one_per_line(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "other.py").write_text(CLEAN, encoding="utf-8")

    result = check(
        runner_temp, tmp_path, paths="a folder/entry.py\nother.py\n", arguments="--ignore\nSG118", annotations="false"
    )

    assert result.code == 0, result.out
    assert "in 2 workflows" in result.out


@pytest.mark.slow
def test_an_empty_project_does_not_pass(runner_temp: Path, tmp_path: Path) -> None:
    result = check(runner_temp, tmp_path, sarif="", summary="false")

    assert (result.code, result.summary, result.outputs) == (3, "", "")


@pytest.mark.slow
def test_a_sarif_file_may_be_anywhere(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    report = tmp_path / "elsewhere.sarif"

    assert check(runner_temp, tmp_path, sarif=str(report)).outputs == f"sarif={report}\n"
    assert report.exists()


@pytest.mark.slow
def test_the_working_directory_is_checked(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "entry.py").write_text(FLAGGED, encoding="utf-8")

    result = check(runner_temp, tmp_path, working_directory="worker")

    assert "::error file=entry.py,line=10," in result.out
    assert result.outputs == f"sarif={runner_temp}/stepgraph.sarif\n"


@pytest.mark.slow
def test_a_working_directory_outside_is_refused(runner_temp: Path, tmp_path: Path) -> None:
    for name in ("outside", "workspace"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "workspace" / "worker").symlink_to("../outside")

    result = check(runner_temp, tmp_path / "workspace", working_directory="worker")

    assert (result.code, result.out) == (2, "")
    assert result.err == "error: working-directory leads out of the workspace\n"


@pytest.mark.slow
def test_install_only_checks_nothing(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")

    result = check(runner_temp, tmp_path, install_only="true")

    assert (result.code, result.out, result.err, result.summary, result.outputs) == (0, "", "", "", "")


@pytest.mark.slow
def test_a_committed_report_is_not_an_output(runner_temp: Path, tmp_path: Path) -> None:
    """The checkout contains a report that is also a source, so the command refuses to overwrite it."""
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "stepgraph.sarif").write_text("{}", encoding="utf-8")
    (tmp_path / "wrangler.json").symlink_to("stepgraph.sarif")

    result = check(runner_temp, tmp_path)

    assert result.code != 0
    assert result.outputs in ("", f"sarif={runner_temp}/stepgraph.sarif\n")
    assert (tmp_path / "stepgraph.sarif").read_text(encoding="utf-8") == "{}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["blocked/report.sarif", "folder"])
def test_a_report_that_cannot_be_written_fails(runner_temp: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    (runner_temp / "blocked").write_text("no directory", encoding="utf-8")
    (runner_temp / "folder").mkdir(exist_ok=True)

    result = check(runner_temp, tmp_path, sarif=name)

    assert (result.code, result.outputs) == (1, "")
    assert result.err


@pytest.mark.slow
def test_an_old_report_is_not_an_output(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    (runner_temp / "stepgraph.sarif").write_text("{}", encoding="utf-8")

    result = check(runner_temp, tmp_path, arguments="--no-such-option")

    assert (result.code, result.outputs) == (2, "")
    assert "--no-such-option" in result.err
    assert not (runner_temp / "stepgraph.sarif").exists()


@pytest.mark.slow
def test_installing_executes_nothing_in_the_checkout(installation: Installation) -> None:
    assert installation.triggered == []


@pytest.mark.slow
def test_checking_executes_nothing_in_the_checkout(installation: Installation) -> None:
    traps = installation.traps

    result = run_check(installation.runner_temp, traps.checkout, traps.environment, arguments="--no-cache")

    assert (result.code, traps.names) == (0, []), result.err
    assert "```mermaid" in result.summary


def test_the_pinned_versions_satisfy_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / "requirements-action.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\")) for line in lines if line[:1].isalpha()]
    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    wanted = map(Requirement, [*project["project"]["dependencies"], *project["build-system"]["requires"]])
    assert [
        str(requirement) for requirement in wanted if versions.get(requirement.name, "0") not in requirement.specifier
    ] == []


def test_each_pinned_version_has_hashes() -> None:
    text = (ROOT / "requirements-action.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []

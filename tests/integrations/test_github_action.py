"""The GitHub action: its commands are run as they are written, in the environment that a runner gives them."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.integrations.conftest import Installed
from tests.integrations.github_action import ACTION, Job, Step
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


def check(runner_temp: Path, folder: Path, **inputs: str) -> Job:
    """Run the step that checks, in a workspace."""
    return run_check(runner_temp, folder, os.environ, **inputs)


@pytest.mark.parametrize("step", ACTION.runs.steps, ids=lambda step: step.name)
def test_no_expression_stands_in_a_script(step: Step) -> None:
    """What someone else may write, as the name of a branch, would be run there."""
    assert "${{" not in step.run


@pytest.mark.slow
def test_a_clean_project_passes_and_gets_a_summary(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")

    job = check(runner_temp, tmp_path)

    assert job.code == 0, job.out
    assert "::error" not in job.out
    assert "```mermaid" in job.summary
    assert job.outputs == f"sarif={runner_temp}/stepgraph.sarif\n"
    assert json.loads((runner_temp / "stepgraph.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert [path.name for path in tmp_path.iterdir()] == ["entry.py"]


def test_findings_are_annotations_and_fail_the_job(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")

    job = check(runner_temp, tmp_path)

    assert job.code == 1
    assert "::error file=entry.py,line=10," in job.out
    assert "SG118" in job.summary
    (result,) = json.loads((runner_temp / "stepgraph.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert result["ruleId"] == "SG118"


def test_paths_and_arguments_are_a_line_each(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "other.py").write_text(CLEAN, encoding="utf-8")

    job = check(
        runner_temp, tmp_path, paths="a folder/entry.py\nother.py\n", arguments="--ignore\nSG118", annotations="false"
    )

    assert job.code == 0, job.out
    assert "in 2 workflows" in job.out


def test_nothing_to_check_is_no_pass(runner_temp: Path, tmp_path: Path) -> None:
    job = check(runner_temp, tmp_path, sarif="", summary="false")

    assert (job.code, job.summary, job.outputs) == (3, "", "")


def test_a_sarif_file_may_be_anywhere(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    elsewhere = tmp_path / "elsewhere.sarif"

    assert check(runner_temp, tmp_path, sarif=str(elsewhere)).outputs == f"sarif={elsewhere}\n"
    assert elsewhere.exists()


def test_the_working_directory_is_checked(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "entry.py").write_text(FLAGGED, encoding="utf-8")

    job = check(runner_temp, tmp_path, working_directory="worker")

    assert "::error file=entry.py,line=10," in job.out
    assert job.outputs == f"sarif={runner_temp}/stepgraph.sarif\n"


def test_a_working_directory_outside_is_refused(runner_temp: Path, tmp_path: Path) -> None:
    for name in ("outside", "workspace"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "workspace" / "worker").symlink_to("../outside")

    job = check(runner_temp, tmp_path / "workspace", working_directory="worker")

    assert (job.code, job.out) == (2, "")
    assert job.told == "error: working-directory leads out of the workspace\n"


def test_install_only_checks_nothing(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")

    job = check(runner_temp, tmp_path, install_only="true")

    assert (job.code, job.out, job.told, job.summary, job.outputs) == (0, "", "", "", "")


def test_a_committed_report_is_not_handed_on(runner_temp: Path, tmp_path: Path) -> None:
    """The checkout brings a report, and makes the tool refuse to write over it: it is one of the sources."""
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")
    (tmp_path / "stepgraph.sarif").write_text("{}", encoding="utf-8")
    (tmp_path / "wrangler.json").symlink_to("stepgraph.sarif")

    job = check(runner_temp, tmp_path)

    assert job.code != 0
    assert job.outputs in ("", f"sarif={runner_temp}/stepgraph.sarif\n")
    assert (tmp_path / "stepgraph.sarif").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize("name", ["blocked/report.sarif", "folder"])
def test_a_report_that_cannot_be_written_fails(runner_temp: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    (runner_temp / "blocked").write_text("no directory", encoding="utf-8")
    (runner_temp / "folder").mkdir(exist_ok=True)

    job = check(runner_temp, tmp_path, sarif=name)

    assert (job.code, job.outputs) == (1, "")
    assert job.told


def test_a_report_from_before_is_not_handed_on(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")
    (runner_temp / "stepgraph.sarif").write_text("{}", encoding="utf-8")

    job = check(runner_temp, tmp_path, arguments="--no-such-option")

    assert (job.code, job.outputs) == (2, "")
    assert "--no-such-option" in job.told
    assert not (runner_temp / "stepgraph.sarif").exists()


def test_nothing_of_the_checkout_runs_while_installing(installed: Installed) -> None:
    assert installed.sprung == []


def test_nothing_of_the_checkout_runs_while_checking(installed: Installed) -> None:
    traps = installed.traps

    job = run_check(installed.runner_temp, traps.checkout, traps.environment, arguments="--no-cache")

    assert (job.code, traps.names) == (0, []), job.told
    assert "```mermaid" in job.summary


def test_the_pinned_versions_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / "requirements-action.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.removesuffix("\\")) for line in lines if line[:1].isalpha()]
    versions = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    wanted = map(Requirement, [*project["project"]["dependencies"], *project["build-system"]["requires"]])
    assert [str(one) for one in wanted if versions.get(one.name, "0") not in one.specifier] == []


def test_each_pinned_version_has_hashes() -> None:
    text = (ROOT / "requirements-action.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []

"""The GitHub action: its commands are run as they are written, in the environment that a runner gives them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.integrations.yaml_files import ROOT, read_yaml

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


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    shell: str
    run: str
    id: str = ""
    env: dict[str, str] = {}
    working_directory: str = Field("", alias="working-directory")


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str
    default: str


class Runs(BaseModel):
    model_config = ConfigDict(extra="forbid")

    using: str
    steps: list[Step]


class Action(BaseModel):
    name: str
    description: str
    inputs: dict[str, Input]
    runs: Runs


ACTION = Action.model_validate(read_yaml("action.yml"))
INSTALL, CHECK = ACTION.runs.steps


@dataclass(frozen=True)
class Job:
    """What a run of the check's step gave."""

    code: int
    out: str
    summary: str
    outputs: str


@pytest.fixture(scope="module")
def runner_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's temporary folder, after the step that installs."""
    folder = tmp_path_factory.mktemp("runner")
    environment = {**os.environ, "RUNNER_TEMP": str(folder), **filled(INSTALL.env, {"github.action_path": str(ROOT)})}
    subprocess.run(["bash", "-eo", "pipefail", "-c", INSTALL.run], env=environment, check=True)  # noqa: S607
    return folder


def filled(texts: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return texts with the runner's values in the place of expressions."""
    filled_texts = {}
    for name, text in texts.items():
        for key, value in values.items():
            text = text.replace(f"${{{{ {key} }}}}", value)  # noqa: PLW2901
        assert "${{" not in text, text
        filled_texts[name] = text
    return filled_texts


def check(runner_temp: Path, folder: Path, **inputs: str) -> Job:
    """Run the step that checks, in a workspace with one module."""
    given = {f"inputs.{name}": inputs.get(name.replace("-", "_"), one.default) for name, one in ACTION.inputs.items()}
    summary, outputs = folder / "summary.md", folder / "outputs"
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(runner_temp),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
        **filled(CHECK.env, given),
    }
    (working_directory,) = filled({"folder": CHECK.working_directory}, given).values()
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", CHECK.run],  # noqa: S607
        cwd=folder / working_directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Job(done.returncode, done.stdout, written(summary), written(outputs))


def written(path: Path) -> str:
    """Return the text of a file, nothing where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("step", ACTION.runs.steps, ids=lambda step: step.name)
def test_no_expression_stands_in_a_script(step: Step) -> None:
    """What someone else may write, as the name of a branch, would be run there."""
    assert "${{" not in step.run


def test_a_clean_project_passes_and_gets_a_summary(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(CLEAN, encoding="utf-8")

    job = check(runner_temp, tmp_path)

    assert job.code == 0, job.out
    assert "::error" not in job.out
    assert "```mermaid" in job.summary
    assert job.outputs == "sarif=./stepgraph.sarif\n"
    assert json.loads((tmp_path / "stepgraph.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_findings_are_annotations_and_fail_the_job(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(FLAGGED, encoding="utf-8")

    job = check(runner_temp, tmp_path)

    assert job.code == 1
    assert "::error file=entry.py,line=10," in job.out
    assert "SG118" in job.summary
    (result,) = json.loads((tmp_path / "stepgraph.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
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


def test_the_working_directory_is_where_the_sarif_file_is(runner_temp: Path, tmp_path: Path) -> None:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "entry.py").write_text(CLEAN, encoding="utf-8")

    job = check(runner_temp, tmp_path, working_directory="worker")

    assert job.outputs == "sarif=worker/stepgraph.sarif\n"
    assert (tmp_path / "worker" / "stepgraph.sarif").exists()

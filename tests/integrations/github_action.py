"""The GitHub action, its steps run as they are written, in the environment that a runner gives them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tests.integrations.yaml_files import read_yaml


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
    told: str
    summary: str
    outputs: str


def filled(texts: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return texts with the runner's values in the place of expressions."""
    filled_texts = {}
    for name, text in texts.items():
        for key, value in values.items():
            text = text.replace(f"${{{{ {key} }}}}", value)  # noqa: PLW2901
        assert "${{" not in text, text
        filled_texts[name] = text
    return filled_texts


def run_step(
    step: Step, workspace: Path, runner_temp: Path, values: Mapping[str, str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a step in a workspace, as a runner does: in its working directory, or else in the workspace."""
    known = {"runner.temp": str(runner_temp), **values}
    (directory,) = filled({"directory": step.working_directory or "."}, known).values()
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
        cwd=workspace / directory,
        env={**environment, "RUNNER_TEMP": str(runner_temp), **filled(step.env, known)},
        capture_output=True,
        text=True,
        check=False,
    )


def check(runner_temp: Path, workspace: Path, environment: Mapping[str, str], **inputs: str) -> Job:
    """Run the step that checks a workspace."""
    values = {f"inputs.{name}": inputs.get(name.replace("-", "_"), one.default) for name, one in ACTION.inputs.items()}
    summary, outputs = runner_temp / "summary.md", runner_temp / "outputs"
    summary.unlink(missing_ok=True)
    outputs.unlink(missing_ok=True)
    runner = {
        **environment,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_WORKSPACE": str(workspace),
    }
    done = run_step(CHECK, workspace, runner_temp, values, runner)
    return Job(done.returncode, done.stdout, done.stderr, written(summary), written(outputs))


def written(path: Path) -> str:
    """Return the text of a file, nothing where there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""

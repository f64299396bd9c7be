"""Run the steps of the GitHub action as a runner does."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tests.integrations.yaml_files import read_yaml


class ActionStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    shell: str
    run: str
    id: str = ""
    env: dict[str, str] = {}
    working_directory: str = Field("", alias="working-directory")


class ActionInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str
    default: str


class ActionRuns(BaseModel):
    model_config = ConfigDict(extra="forbid")

    using: str
    steps: list[ActionStep]


class Action(BaseModel):
    name: str
    description: str
    inputs: dict[str, ActionInput]
    runs: ActionRuns


ACTION = Action.model_validate(read_yaml("action.yml"))
INSTALL, CHECK = ACTION.runs.steps


@dataclass(frozen=True)
class CheckRun:
    """The outcome of the checking step."""

    code: int
    out: str
    err: str
    summary: str
    outputs: str


def fill_expressions(texts: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Replace the expressions in texts with the values of the runner."""
    filled = {}
    for name, text in texts.items():
        for key, value in values.items():
            text = text.replace(f"${{{{ {key} }}}}", value)  # noqa: PLW2901
        assert "${{" not in text, text
        filled[name] = text
    return filled


def run_step(
    step: ActionStep, workspace: Path, runner_temp: Path, values: Mapping[str, str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a step in its working directory, which defaults to the workspace."""
    all_values = {"runner.temp": str(runner_temp), **values}
    (directory,) = fill_expressions({"directory": step.working_directory or "."}, all_values).values()
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
        cwd=workspace / directory,
        env={**environment, "RUNNER_TEMP": str(runner_temp), **fill_expressions(step.env, all_values)},
        capture_output=True,
        text=True,
        check=False,
    )


def check(runner_temp: Path, workspace: Path, environment: Mapping[str, str], **inputs: str) -> CheckRun:
    """Run the checking step in a workspace."""
    values = {
        f"inputs.{name}": inputs.get(name.replace("-", "_"), action_input.default)
        for name, action_input in ACTION.inputs.items()
    }
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
    return CheckRun(done.returncode, done.stdout, done.stderr, read_if_present(summary), read_if_present(outputs))


def read_if_present(path: Path) -> str:
    """Return the text of a file, or an empty string if it is missing."""
    return path.read_text(encoding="utf-8") if path.exists() else ""

"""The workflows of this repository on GitHub."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from stepgraph.version import __version__
from tests.integrations.github_action import ACTION
from tests.integrations.yaml_files import ROOT, read_yaml

FOLDER = ROOT / ".github" / "workflows"
NAMES = ["ci.yml", "release.yml"]

each_workflow = pytest.mark.parametrize("name", NAMES)


class Step(BaseModel):
    name: str = ""
    uses: str = ""
    run: str = ""
    inputs: dict[str, str | int | bool] = Field({}, alias="with")


class Job(BaseModel):
    permissions: dict[str, str] = {}
    environment: str = ""
    needs: str = ""
    steps: list[Step]


class RepositoryWorkflow(BaseModel):
    permissions: dict[str, str]
    jobs: dict[str, Job]

    @property
    def steps(self) -> list[Step]:
        return [step for job in self.jobs.values() for step in job.steps]


def workflow(name: str) -> RepositoryWorkflow:
    return RepositoryWorkflow.model_validate(read_yaml(f".github/workflows/{name}"))


def test_all_workflows_are_tested() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == NAMES


@each_workflow
def test_actions_are_pinned_by_commit(name: str) -> None:
    lines = re.findall(r"uses: (.+)", (FOLDER / name).read_text(encoding="utf-8"))
    pin = r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
    assert [line for line in lines if line != "./" and not re.fullmatch(pin, line)] == []


@each_workflow
def test_checkouts_keep_no_credentials(name: str) -> None:
    checkouts = [step for step in workflow(name).steps if step.uses.startswith("actions/checkout@")]
    assert checkouts
    assert [step.inputs.get("persist-credentials") for step in checkouts] == [False] * len(checkouts)


@each_workflow
def test_scripts_have_no_expressions(name: str) -> None:
    assert [step.run for step in workflow(name).steps if "${{" in step.run] == []


@each_workflow
def test_the_default_permission_is_to_read(name: str) -> None:
    assert workflow(name).permissions == {"contents": "read"}


def test_only_two_jobs_of_a_release_may_sign() -> None:
    """The job that builds runs packages from PyPI, and has no additional permissions."""
    jobs = workflow("release.yml").jobs
    assert {name: job.permissions for name, job in jobs.items()} == {
        "build": {},
        "attest": {"id-token": "write", "attestations": "write"},
        "publish": {"id-token": "write"},
    }
    assert {name: job.needs for name, job in jobs.items()} == {"build": "", "attest": "build", "publish": "attest"}
    assert jobs["publish"].environment == "pypi"
    assert [step.run for name in ("attest", "publish") for step in jobs[name].steps if step.run] == []


def test_ci_runs_all_checks_and_the_action() -> None:
    jobs = workflow("ci.yml").jobs
    assert all(job.permissions == {} for job in jobs.values())
    assert "bash .ci/run" in [step.run for step in jobs["checks"].steps]
    (action,) = (step for step in jobs["action"].steps if step.uses == "./")
    assert set(action.inputs) <= set(ACTION.inputs)
    assert (ROOT / str(action.inputs["paths"])).is_dir()


def compare_tag(folder: Path, tag: str, changelog: str) -> subprocess.CompletedProcess[str]:
    """Run the step that compares a tag with the version, in a copy of the files that it reads."""
    (step,) = (step for step in workflow("release.yml").steps if step.name == "Compare the tag with the version")
    (folder / "src" / "stepgraph").mkdir(parents=True)
    version = (ROOT / "src" / "stepgraph" / "version.py").read_text(encoding="utf-8")
    (folder / "src" / "stepgraph" / "version.py").write_text(version, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
        cwd=folder,
        env={**os.environ, "TAG": tag},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_has_the_tag_of_its_version(tmp_path: Path) -> None:
    done = compare_tag(tmp_path, f"v{__version__}", f"## [{__version__}] - 2026-12-01\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_another_tag_stops_the_release(tmp_path: Path) -> None:
    done = compare_tag(tmp_path, "v9.9.9", "## [9.9.9]\n")
    message = f"error: the tag is v9.9.9, but src/stepgraph/version.py contains {__version__}\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_release_without_changes_stops(tmp_path: Path) -> None:
    done = compare_tag(tmp_path, f"v{__version__}", "## [Unreleased]\n")
    assert (done.returncode, done.stderr) == (1, f"error: CHANGELOG.md has no section for {__version__}\n")

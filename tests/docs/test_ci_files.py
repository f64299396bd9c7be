"""The files for CI that pages show do what their pages say: what they run is run, and what they use is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from docs.generate.examples import blocks, pages
from docs.generate.files import ROOT
from docs.generate.reader import Reader
from tests.integrations.yaml_files import read_yaml

OURS = "stepgraph/stepgraph@main"
# By others, in the versions of late 2026.
THEIRS = ("actions/checkout@v5", "github/codeql-action/upload-sarif@v4")
INSTALL = "pip install git+https://github.com/stepgraph/stepgraph"


class Input(BaseModel):
    default: str


class Action(BaseModel):
    inputs: dict[str, Input]


ACTION = Action.model_validate(read_yaml("action.yml"))


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = ""
    uses: str = ""
    run: str = ""
    condition: str = Field("", alias="if")
    given: dict[str, str | int] = Field({}, alias="with")
    env: dict[str, str] = {}


class Job(BaseModel):
    steps: list[Step]


class Workflow(BaseModel):
    jobs: dict[str, Job]


class Artifacts(BaseModel):
    paths: list[str] = []
    reports: dict[str, str] = {}


class Script(BaseModel):
    script: list[str] = []
    before_script: list[str] = []
    artifacts: Artifacts = Artifacts()


class Hook(BaseModel):
    id: str
    entry: str = ""
    files: str = ""


class Repository(BaseModel):
    repo: str
    hooks: list[Hook]


class PreCommit(BaseModel):
    repos: list[Repository]


def files(name: str) -> list[pytest.param]:  # type: ignore[valid-type] # as pytest has it
    """Return the files that pages have written whose names match."""
    found = ((page, block) for page in pages() for block in blocks((ROOT / page).read_text(encoding="utf-8")))
    return [
        pytest.param(yaml.safe_load(block.text), id=f"{page} {block.of}")
        for page, block in found
        if block.what == "file" and re.fullmatch(name, block.of)
    ]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    """Someone in a repository with a workflow, on a branch in which a step was renamed."""
    made = Reader.at(tmp_path)
    made.runs(f"cp -r {ROOT}/fixtures/readme/. . && git init -q && git add . && git commit -q -m 'An order'")
    made.runs("git update-ref refs/remotes/origin/main HEAD && git checkout -q -b renaming")
    made.runs('sed \'s/"refund"/"give back"/\' src/entry.py >renamed && mv renamed src/entry.py')
    made.runs("git add . && git commit -q -m 'Rename a step'")
    return made


def ran(reader: Reader, line: str, **environment: str) -> str:
    given = "".join(f"export {name}={value}; " for name, value in environment.items())
    return reader.runs(given + re.sub(r"\$\{\{.*?\}\}", "1", line))


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_a_workflow_of_github_runs(content: object, reader: Reader) -> None:
    steps = [step for job in Workflow.model_validate(content).jobs.values() for step in job.steps]
    assert steps[0].uses == THEIRS[0]
    for step in steps:
        assert not step.uses or step.uses in {OURS, *THEIRS}
        if step.run:
            ran(reader, step.run, GITHUB_BASE_REF="main")


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_our_action_is_given_only_inputs_that_it_has(content: object) -> None:
    steps = [step for job in Workflow.model_validate(content).jobs.values() for step in job.steps]
    assert [name for step in steps if step.uses == OURS for name in step.given if name not in ACTION.inputs] == []


def test_every_input_of_the_action_is_told_of_with_its_default() -> None:
    page = (ROOT / "docs/how-to/github-actions.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (.*) \|$", page.replace("| |", "|  |"), re.MULTILINE))
    # The current folder, in words.
    words = {"paths": "the project in the working directory", "working-directory": "the root", "arguments": ""}
    defaults = {name: f"`{one.default}`" for name, one in ACTION.inputs.items()}
    assert told == {**defaults, **words}


@pytest.mark.parametrize("content", files(r"\.gitlab-ci\.yml"))
def test_the_jobs_of_gitlab_run_and_write_what_they_keep(content: dict[str, object], reader: Reader) -> None:
    jobs = {name: Script.model_validate(job) for name, job in content.items()}
    assert jobs[".workflows"].before_script == [INSTALL]
    for job in jobs.values():
        for line in job.script:
            ran(reader, line, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD~1", CI_API_V4_URL="https://gitlab.example/api/v4")
        for kept in (*job.artifacts.paths, *job.artifacts.reports.values()):
            assert reader.reads(kept)
    assert '"check_name": "SG205 unknown-duration-unit"' in reader.reads("gl-code-quality-report.json")
    assert "renamed to 'give back'" in reader.reads("changes.md")


@pytest.mark.parametrize("content", files(r"(local/)?\.pre-commit-config\.yaml"))
def test_the_hooks_of_pre_commit_are_there_or_run(content: object, reader: Reader) -> None:
    (ours,) = TypeAdapter(list[Hook]).validate_python(read_yaml(".pre-commit-hooks.yaml"))
    for repository in PreCommit.model_validate(content).repos:
        for hook in repository.hooks:
            if repository.repo == "local":
                ran(reader, hook.entry.removesuffix(" --check"))
                ran(reader, hook.entry)
                assert hook.files == ours.files
            else:
                assert repository.repo == "https://github.com/stepgraph/stepgraph"
                assert hook.id == ours.id


def lines() -> Iterator[tuple[str, str]]:
    for page in pages():
        for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
            if "pip install" in line:
                yield page, line


def test_pages_install_only_extras_that_there_are() -> None:
    named = {extra for _, line in lines() for found in re.findall(r"\[([a-z,]+)\]", line) for extra in found.split(",")}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert named
    assert [extra for extra in sorted(named) if f"\n{extra} = [" not in project] == []

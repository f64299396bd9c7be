"""The CI files on the pages run as documented, and use existing actions, inputs and hooks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from docs.generate.examples import blocks, pages
from docs.generate.files import ROOT
from docs.generate.sandbox import Sandbox
from tests.integrations.github_action import ACTION
from tests.integrations.traps import Traps, set_traps
from tests.integrations.yaml_files import read_yaml

OUR_ACTIONS = ("stepgraph/stepgraph@main", "stepgraph/stepgraph@COMMIT")
# Actions of other authors, in the versions of late 2026.
OTHER_ACTIONS = ("actions/checkout@v7", "github/codeql-action/upload-sarif@v4")


class WorkflowStep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = ""
    uses: str = ""
    run: str = ""
    condition: str = Field("", alias="if")
    inputs: dict[str, str | int | bool] = Field({}, alias="with")
    env: dict[str, str] = {}
    working_directory: str = Field("", alias="working-directory")


class WorkflowJob(BaseModel):
    steps: list[WorkflowStep]


class GithubWorkflow(BaseModel):
    on: dict[str, object] | list[str] | str = Field(alias="on")
    permissions: dict[str, str]
    jobs: dict[str, WorkflowJob]

    @property
    def steps(self) -> list[WorkflowStep]:
        return [step for job in self.jobs.values() for step in job.steps]


class GitlabArtifacts(BaseModel):
    paths: list[str] = []
    reports: dict[str, str] = {}


class GitlabJob(BaseModel):
    script: list[str] = []
    before_script: list[str] = []
    artifacts: GitlabArtifacts = GitlabArtifacts()


class PreCommitHook(BaseModel):
    id: str
    entry: str = ""
    files: str = ""


class PreCommitRepository(BaseModel):
    repo: str
    hooks: list[PreCommitHook]


class PreCommitConfig(BaseModel):
    repos: list[PreCommitRepository]


def files(name: str) -> list[pytest.param]:  # type: ignore[valid-type] # `param` is a function
    """Return the files on the pages whose names match."""
    page_blocks = ((page, block) for page in pages() for block in blocks((ROOT / page).read_text(encoding="utf-8")))
    return [
        pytest.param(yaml.safe_load(block.text), id=f"{page} {block.argument}")
        for page, block in page_blocks
        if block.action == "file" and re.fullmatch(name, block.argument)
    ]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A sandbox with a repository whose current branch renames a step of a workflow."""
    sandbox = Sandbox.create(tmp_path)
    sandbox.run(f"cp -r {ROOT}/fixtures/readme/. . && git init -q && git add . && git commit -q -m 'An order'")
    sandbox.run("git update-ref refs/remotes/origin/main HEAD && git checkout -q -b renaming")
    sandbox.run('sed \'s/"refund"/"give back"/\' src/entry.py >renamed && mv renamed src/entry.py')
    sandbox.run("git add . && git commit -q -m 'Rename a step'")
    return sandbox


def run_in(
    sandbox: Sandbox, line: str, environment: Mapping[str, str] | None = None, allowed_codes: Sequence[int] = (0,)
) -> str:
    settings = (environment or {}).items()
    inputs = "".join(f"export {name}={shlex.quote(value)}; " for name, value in settings)
    return sandbox.run(inputs + line, allowed_codes=allowed_codes)


def workflow(content: dict[str | bool, object]) -> GithubWorkflow:
    """Validate a workflow. YAML reads its key `on` as `True`."""
    return GithubWorkflow.model_validate({"on" if key is True else key: value for key, value in content.items()})


def github_job(sandbox: Sandbox, content: dict[str | bool, object], runner_temp: Path) -> str:
    """Run the steps of a workflow as a runner does, and return their outputs."""
    outputs = runner_temp / "outputs"
    runner = {"GITHUB_BASE_REF": "main", "RUNNER_TEMP": str(runner_temp), "GITHUB_OUTPUT": str(outputs)}
    for step in workflow(content).steps:
        if step.uses in OUR_ACTIONS:
            # The action itself is tested in `tests/integrations`.
            run_in(sandbox, 'cd "$RUNNER_TEMP"; python3 -I -m venv stepgraph', runner)
        if step.run:
            env = {name: re.sub(r"\$\{\{.*?\}\}", "1", value) for name, value in step.env.items()}
            directory = step.working_directory.replace("${{ runner.temp }}", str(runner_temp)) or "."
            run_in(sandbox, f"cd {directory}\n{step.run}", {**runner, **env}, (0, 1))
    return outputs.read_text(encoding="utf-8") if outputs.exists() else ""


def gitlab_jobs(sandbox: Sandbox, content: dict[str, object], runner_temp: Path) -> None:
    """Run the jobs of a pipeline as a runner does: each job in one shell."""
    jobs = {name: GitlabJob.model_validate(job) for name, job in content.items()}
    before = jobs.pop(".workflows").before_script
    for number, job in enumerate(jobs.values()):
        runner = {
            "STEPGRAPH": str(runner_temp / f"stepgraph{number}"),
            "CI_PROJECT_DIR": str(sandbox.folder),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main",
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
        }
        run_in(sandbox, "\n".join([*before, *job.script]), runner)


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_github_workflows_run(content: dict[str | bool, object], sandbox: Sandbox, tmp_path: Path) -> None:
    steps = workflow(content).steps
    assert steps[0].uses == OTHER_ACTIONS[0]
    assert {step.uses for step in steps if step.uses} <= {*OUR_ACTIONS, *OTHER_ACTIONS}
    outputs = github_job(sandbox, content, tmp_path)
    if "diff" in [step.id for step in steps]:
        assert outputs == f"changes={tmp_path}/changes.md\n"
        assert "renamed to 'give back'" in (tmp_path / "changes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_jobs_have_few_permissions(content: dict[str | bool, object]) -> None:
    github_workflow = workflow(content)
    extra_permissions = {
        name: level for name, level in github_workflow.permissions.items() if (name, level) != ("contents", "read")
    }
    triggers = [github_workflow.on] if isinstance(github_workflow.on, str) else list(github_workflow.on)
    assert set(triggers) <= {"push", "pull_request"}
    assert extra_permissions in ({}, {"pull-requests": "write"}, {"security-events": "write"})
    # A job with permission to write must pin a commit of the action.
    assert {step.uses for step in github_workflow.steps if "stepgraph/" in step.uses} == {
        OUR_ACTIONS[1] if extra_permissions else OUR_ACTIONS[0]
    }
    assert all(
        step.inputs.get("persist-credentials") is False
        for step in github_workflow.steps
        if step.uses == OTHER_ACTIONS[0]
    )


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_scripts_have_no_expressions(content: dict[str | bool, object]) -> None:
    assert [step.run for step in workflow(content).steps if "${{" in step.run] == []


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return set_traps(tmp_path / "traps")


@pytest.fixture
def sandbox_with_traps(tmp_path: Path, traps: Traps, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox in a checkout with traps, which relative paths in the environment lead to."""
    sandbox = Sandbox.create(tmp_path)
    for name, value in traps.environment.items():
        monkeypatch.setenv(name, value)
    return Sandbox(traps.checkout, sandbox.programs)


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_github_executes_nothing_in_the_checkout(
    content: dict[str | bool, object], sandbox_with_traps: Sandbox, traps: Traps, tmp_path: Path
) -> None:
    github_job(sandbox_with_traps, content, tmp_path)
    assert traps.names == []


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.gitlab-ci\.yml"))
def test_gitlab_executes_nothing_in_the_checkout(
    content: dict[str, object], sandbox_with_traps: Sandbox, traps: Traps, tmp_path: Path
) -> None:
    gitlab_jobs(sandbox_with_traps, content, tmp_path)
    assert traps.names == []


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"local/\.pre-commit-config\.yaml"))
def test_hooks_execute_nothing_in_the_checkout(content: object, sandbox_with_traps: Sandbox, traps: Traps) -> None:
    for hook in PreCommitConfig.model_validate(content).repos[0].hooks:
        run_in(sandbox_with_traps, hook.entry.removesuffix(" --check"))
    assert traps.names == []


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/review\.yml"))
def test_a_committed_comment_is_not_posted(content: dict[str | bool, object], sandbox: Sandbox, tmp_path: Path) -> None:
    """The checkout contains `changes.md`, and a source for which the diff fails."""
    sandbox.write("changes.md", "forged")
    sandbox.write("src/entry.py", "def (:\n")
    with pytest.raises(ValueError, match="exits with 2"):
        github_job(sandbox, content, tmp_path)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_our_action_is_used_with_existing_inputs(content: dict[str | bool, object]) -> None:
    steps = workflow(content).steps
    assert [
        name for step in steps if step.uses in OUR_ACTIONS for name in step.inputs if name not in ACTION.inputs
    ] == []


def test_each_input_of_the_action_is_documented() -> None:
    page = (ROOT / "docs/how-to/github-actions.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (.*) \|$", page.replace("| |", "|  |"), re.MULTILINE))
    # Defaults that the page describes in words.
    described = {
        "paths": "the project in the working directory",
        "working-directory": "the root of the repository",
        "arguments": "",
    }
    defaults = {name: f"`{action_input.default}`" for name, action_input in ACTION.inputs.items()}
    assert documented == {**defaults, **described}


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.gitlab-ci\.yml"))
def test_the_jobs_of_gitlab_write_their_artifacts(content: dict[str, object], sandbox: Sandbox, tmp_path: Path) -> None:
    run_in(sandbox, "ln -s /dev/full gl-code-quality-report.json; echo forged >changes.md")
    artifacts: dict[str, str] = {}
    for name in ("check workflows", "review workflows"):
        gitlab_jobs(sandbox, {".workflows": content[".workflows"], name: content[name]}, tmp_path / name.split()[0])
        job = GitlabJob.model_validate(content[name])
        artifacts |= {path: sandbox.read(path) for path in (*job.artifacts.paths, *job.artifacts.reports.values())}
    assert '"check_name": "SG205 unknown-duration-unit"' in artifacts["gl-code-quality-report.json"]
    assert "renamed to 'give back'" in artifacts["changes.md"]


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"((local|fixing)/)?\.pre-commit-config\.yaml"))
def test_the_hooks_of_pre_commit_exist_or_run(content: object, sandbox: Sandbox) -> None:
    definitions = TypeAdapter(list[PreCommitHook]).validate_python(read_yaml(".pre-commit-hooks.yaml"))
    for repository in PreCommitConfig.model_validate(content).repos:
        for hook in repository.hooks:
            if repository.repo == "local":
                run_in(sandbox, hook.entry.removesuffix(" --check"))
                run_in(sandbox, hook.entry)
                assert hook.files == definitions[0].files
            else:
                assert repository.repo == "https://github.com/stepgraph/stepgraph"
                assert hook.id in [definition.id for definition in definitions]


def install_lines() -> Iterator[tuple[str, str]]:
    for page in pages():
        for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
            if "pip install" in line:
                yield page, line


def test_pages_install_existing_extras() -> None:
    extras = {
        extra
        for _, line in install_lines()
        for page_blocks in re.findall(r"\[([a-z,]+)\]", line)
        for extra in page_blocks.split(",")
    }
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert extras
    assert [extra for extra in sorted(extras) if f"\n{extra} = [" not in project] == []

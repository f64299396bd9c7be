"""The files for CI that pages show do what their pages say: what they run is run, and what they use is there."""

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
from docs.generate.reader import Reader
from tests.integrations.traps import Traps, set_traps
from tests.integrations.yaml_files import read_yaml

OURS = ("stepgraph/stepgraph@main", "stepgraph/stepgraph@COMMIT")
# By others, in the versions of late 2026.
THEIRS = ("actions/checkout@v5", "github/codeql-action/upload-sarif@v4")


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
    given: dict[str, str | int | bool] = Field({}, alias="with")
    env: dict[str, str] = {}
    working_directory: str = Field("", alias="working-directory")


class Job(BaseModel):
    steps: list[Step]


class Workflow(BaseModel):
    on: dict[str, object] | list[str] | str = Field(alias="on")
    permissions: dict[str, str]
    jobs: dict[str, Job]

    @property
    def steps(self) -> list[Step]:
        return [step for job in self.jobs.values() for step in job.steps]


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


def ran(reader: Reader, line: str, environment: Mapping[str, str] | None = None, fine: Sequence[int] = (0,)) -> str:
    settings = (environment or {}).items()
    given = "".join(f"export {name}={shlex.quote(value)}; " for name, value in settings)
    return reader.runs(given + line, fine=fine)


def workflow(content: dict[str | bool, object]) -> Workflow:
    """Return a workflow. Its key `on` is a truth value to YAML."""
    return Workflow.model_validate({"on" if key is True else key: value for key, value in content.items()})


def github_job(reader: Reader, content: dict[str | bool, object], runner_temp: Path) -> str:
    """Run the steps of a workflow as a runner does, in the reader's folder, and return what they hand on."""
    outputs = runner_temp / "outputs"
    runner = {"GITHUB_BASE_REF": "main", "RUNNER_TEMP": str(runner_temp), "GITHUB_OUTPUT": str(outputs)}
    for step in workflow(content).steps:
        if step.uses in OURS:
            # What the action does is tested with the action.
            ran(reader, 'cd "$RUNNER_TEMP"; python3 -I -m venv stepgraph', runner)
        if step.run:
            env = {name: re.sub(r"\$\{\{.*?\}\}", "1", value) for name, value in step.env.items()}
            directory = step.working_directory.replace("${{ runner.temp }}", str(runner_temp)) or "."
            ran(reader, f"cd {directory}\n{step.run}", {**runner, **env}, (0, 1))
    return outputs.read_text(encoding="utf-8") if outputs.exists() else ""


def gitlab_jobs(reader: Reader, content: dict[str, object], runner_temp: Path) -> None:
    """Run the jobs of a pipeline as a runner does: all lines of a job in one shell."""
    jobs = {name: Script.model_validate(job) for name, job in content.items()}
    before = jobs.pop(".workflows").before_script
    for number, job in enumerate(jobs.values()):
        runner = {
            "STEPGRAPH": str(runner_temp / f"stepgraph{number}"),
            "CI_PROJECT_DIR": str(reader.folder),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main",
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
        }
        ran(reader, "\n".join([*before, *job.script]), runner)


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_a_workflow_of_github_runs(content: dict[str | bool, object], reader: Reader, tmp_path: Path) -> None:
    steps = workflow(content).steps
    assert steps[0].uses == THEIRS[0]
    assert {step.uses for step in steps if step.uses} <= {*OURS, *THEIRS}
    handed_on = github_job(reader, content, tmp_path)
    if "diff" in [step.id for step in steps]:
        assert handed_on == f"changes={tmp_path}/changes.md\n"
        assert "renamed to 'give back'" in (tmp_path / "changes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_jobs_have_few_permissions(content: dict[str | bool, object]) -> None:
    read = workflow(content)
    more = {name: level for name, level in read.permissions.items() if (name, level) != ("contents", "read")}
    triggers = [read.on] if isinstance(read.on, str) else list(read.on)
    assert set(triggers) <= {"push", "pull_request"}
    assert more in ({}, {"pull-requests": "write"}, {"security-events": "write"})
    # A job that may do more than read runs a version that somebody has looked at.
    assert {step.uses for step in read.steps if "stepgraph/" in step.uses} == {OURS[1] if more else OURS[0]}
    assert all(step.given.get("persist-credentials") is False for step in read.steps if step.uses == THEIRS[0])


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_no_expression_stands_in_a_script(content: dict[str | bool, object]) -> None:
    assert [step.run for step in workflow(content).steps if "${{" in step.run] == []


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return set_traps(tmp_path / "traps")


@pytest.fixture
def reader_in_traps(tmp_path: Path, traps: Traps, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Someone whose checkout is full of traps, and is found by relative paths."""
    made = Reader.at(tmp_path)
    for name, value in traps.environment.items():
        monkeypatch.setenv(name, value)
    return Reader(traps.checkout, made.programs)


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_nothing_of_the_checkout_runs_in_github(
    content: dict[str | bool, object], reader_in_traps: Reader, traps: Traps, tmp_path: Path
) -> None:
    github_job(reader_in_traps, content, tmp_path)
    assert traps.names == []


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.gitlab-ci\.yml"))
def test_nothing_of_the_checkout_runs_in_gitlab(
    content: dict[str, object], reader_in_traps: Reader, traps: Traps, tmp_path: Path
) -> None:
    gitlab_jobs(reader_in_traps, content, tmp_path)
    assert traps.names == []


@pytest.mark.parametrize("content", files(r"local/\.pre-commit-config\.yaml"))
def test_nothing_of_the_checkout_runs_before_a_commit(content: object, reader_in_traps: Reader, traps: Traps) -> None:
    for hook in PreCommit.model_validate(content).repos[0].hooks:
        ran(reader_in_traps, hook.entry.removesuffix(" --check"))
    assert traps.names == []


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.github/workflows/review\.yml"))
def test_a_committed_comment_is_not_posted(content: dict[str | bool, object], reader: Reader, tmp_path: Path) -> None:
    """The checkout brings `changes.md`, and makes the diff fail."""
    reader.writes("changes.md", "forged")
    reader.writes("src/entry.py", "def (:\n")
    with pytest.raises(ValueError, match="ends in 2"):
        github_job(reader, content, tmp_path)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("content", files(r"\.github/workflows/.+\.yml"))
def test_our_action_is_given_only_inputs_that_it_has(content: dict[str | bool, object]) -> None:
    steps = workflow(content).steps
    assert [name for step in steps if step.uses in OURS for name in step.given if name not in ACTION.inputs] == []


def test_every_input_of_the_action_is_told_of_with_its_default() -> None:
    page = (ROOT / "docs/how-to/github-actions.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z-]+)` \| .* \| (.*) \|$", page.replace("| |", "|  |"), re.MULTILINE))
    # The current folder, in words.
    words = {"paths": "the project in the working directory", "working-directory": "the root", "arguments": ""}
    defaults = {name: f"`{one.default}`" for name, one in ACTION.inputs.items()}
    assert told == {**defaults, **words}


@pytest.mark.slow
@pytest.mark.parametrize("content", files(r"\.gitlab-ci\.yml"))
def test_the_jobs_of_gitlab_run_and_write_what_they_keep(
    content: dict[str, object], reader: Reader, tmp_path: Path
) -> None:
    ran(reader, "ln -s /dev/full gl-code-quality-report.json; echo forged >changes.md")
    kept: dict[str, str] = {}
    for name in ("check workflows", "review workflows"):
        gitlab_jobs(reader, {".workflows": content[".workflows"], name: content[name]}, tmp_path / name.split()[0])
        job = Script.model_validate(content[name])
        kept |= {path: reader.reads(path) for path in (*job.artifacts.paths, *job.artifacts.reports.values())}
    assert '"check_name": "SG205 unknown-duration-unit"' in kept["gl-code-quality-report.json"]
    assert "renamed to 'give back'" in kept["changes.md"]


@pytest.mark.slow
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

"""The files and the commands of the pre-commit hooks."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tests.integrations.traps import set_traps
from tests.integrations.yaml_files import ROOT, read_yaml


class HookDefinition(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    description: str
    entry: str
    language: str
    files: str
    pass_filenames: bool
    require_serial: bool


SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge")
        async def charge():
            return 1

        await {}
"""

HOOKS = TypeAdapter(list[HookDefinition]).validate_python(read_yaml(".pre-commit-hooks.yaml"))
HOOK, FIX, DIAGRAMS = HOOKS
DRAWING = ("-f", "svg", "-o", "docs/diagrams/")

each_hook = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)


def test_the_ids_are_those_of_the_page() -> None:
    page = (ROOT / "docs/how-to/pre-commit.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(stepgraph-[a-z]+)` \|", page, re.MULTILINE) == [hook.id for hook in HOOKS]


@each_hook
def test_pre_commit_installs_this_package(hook: HookDefinition) -> None:
    assert hook.language == "python", "pre-commit installs this package, and puts its Python first on PATH"
    assert hook.entry.startswith("python -I -m stepgraph ")
    assert not hook.pass_filenames


@each_hook
@pytest.mark.parametrize("path", ["src/entry.py", "wrangler.jsonc", "apps/shop/wrangler.toml", "pyproject.toml"])
def test_it_runs_for_sources_and_configurations(hook: HookDefinition, path: str) -> None:
    assert re.search(hook.files, path)


@each_hook
@pytest.mark.parametrize("path", ["README.md", "package.json", "src/entry.pyi", "docs/wrangler.jsonc.md"])
def test_it_does_not_run_for_other_files(hook: HookDefinition, path: str) -> None:
    assert not re.search(hook.files, path)


@pytest.mark.slow
@pytest.mark.parametrize(("call", "code"), [("charge()", 0), ("charge(10)", 1)])
def test_the_check_covers_the_working_directory(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entry.py").write_text(SOURCE.format(call), encoding="utf-8")
    assert run_hook(HOOK, os.environ) == code


@pytest.mark.slow
def test_the_fix_changes_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pre-commit fails a hook that changes files."""
    monkeypatch.chdir(tmp_path)
    entry = tmp_path / "entry.py"
    clean = SOURCE.format('step.sleep("pause", "5 minutes")')
    entry.write_text(clean.replace("minutes", "min"), encoding="utf-8")
    assert run_hook(FIX, os.environ) == 0
    assert entry.read_text(encoding="utf-8") == clean
    assert run_hook(FIX, os.environ) == 0


@pytest.mark.slow
def test_the_fix_reports_remaining_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entry.py").write_text(SOURCE.format("charge(10)"), encoding="utf-8")
    assert run_hook(FIX, os.environ) == 1


@pytest.mark.slow
def test_diagrams_are_compared_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = tmp_path / "entry.py"
    entry.write_text(SOURCE.format("charge()"), encoding="utf-8")
    assert run_hook(DIAGRAMS, os.environ, *DRAWING) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["entry.py"]
    assert run_command(DIAGRAMS.entry.removesuffix(" --check"), os.environ, *DRAWING) == 0
    assert run_hook(DIAGRAMS, os.environ, *DRAWING) == 0
    entry.write_text(SOURCE.format("charge()").replace("charge", "refund"), encoding="utf-8")
    assert run_hook(DIAGRAMS, os.environ, *DRAWING) == 1


@pytest.mark.slow
def test_diagrams_need_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_hook(DIAGRAMS, os.environ) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hook", "arguments", "code"),
    [(HOOK, (), 0), (FIX, (), 0), (DIAGRAMS, DRAWING, 1)],
    ids=["check", "fix", "diagrams"],
)
def test_it_executes_nothing_in_the_checkout(
    hook: HookDefinition, arguments: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps = set_traps(tmp_path)
    monkeypatch.chdir(traps.checkout)

    assert run_hook(hook, traps.environment, *arguments) == code
    assert traps.names == []


def run_hook(hook: HookDefinition, environment: Mapping[str, str], *arguments: str) -> int:
    """Run the command of a hook as pre-commit does."""
    return run_command(hook.entry, environment, *arguments)


def run_command(command: str, environment: Mapping[str, str], *arguments: str) -> int:
    """Run a command with the Python of an environment first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    command_line = [*shlex.split(command), *arguments]
    return subprocess.run(command_line, env={**environment, "PATH": path}, check=False).returncode

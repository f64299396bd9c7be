"""The files and the command of the pre-commit hook."""

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
from tests.integrations.yaml_files import read_yaml


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

(HOOK,) = TypeAdapter(list[HookDefinition]).validate_python(read_yaml(".pre-commit-hooks.yaml"))


@pytest.mark.parametrize("path", ["src/entry.py", "wrangler.jsonc", "apps/shop/wrangler.toml", "pyproject.toml"])
def test_it_runs_for_sources_and_configurations(path: str) -> None:
    assert re.search(HOOK.files, path)


@pytest.mark.parametrize("path", ["README.md", "package.json", "src/entry.pyi", "docs/wrangler.jsonc.md"])
def test_it_does_not_run_for_other_files(path: str) -> None:
    assert not re.search(HOOK.files, path)


@pytest.mark.parametrize(("call", "code"), [("charge()", 0), ("charge(10)", 1)])
def test_its_command_checks_the_working_directory(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entry.py").write_text(SOURCE.format(call), encoding="utf-8")
    assert HOOK.language == "python", "pre-commit installs this package, and puts its Python first on PATH"
    assert not HOOK.pass_filenames
    assert run_hook(os.environ) == code


def test_it_executes_nothing_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = set_traps(tmp_path)
    monkeypatch.chdir(traps.checkout)

    assert run_hook(traps.environment) == 0
    assert traps.names == []


def run_hook(environment: Mapping[str, str]) -> int:
    """Run the command of the hook as pre-commit does, with the Python of its environment first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    return subprocess.run(shlex.split(HOOK.entry), env={**environment, "PATH": path}, check=False).returncode

"""The hook for pre-commit: which files it is for, and that its command runs as it is written."""

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


class Hook(BaseModel):
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

(HOOK,) = TypeAdapter(list[Hook]).validate_python(read_yaml(".pre-commit-hooks.yaml"))


@pytest.mark.parametrize("path", ["src/entry.py", "wrangler.jsonc", "apps/shop/wrangler.toml", "pyproject.toml"])
def test_it_runs_when_a_file_changes_that_matters(path: str) -> None:
    assert re.search(HOOK.files, path)


@pytest.mark.parametrize("path", ["README.md", "package.json", "src/entry.pyi", "docs/wrangler.jsonc.md"])
def test_it_does_not_run_for_others(path: str) -> None:
    assert not re.search(HOOK.files, path)


@pytest.mark.parametrize(("call", "code"), [("charge()", 0), ("charge(10)", 1)])
def test_its_command_checks_the_project_it_is_run_in(
    call: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "entry.py").write_text(SOURCE.format(call), encoding="utf-8")
    assert HOOK.language == "python", "pre-commit installs this package, and puts its Python first on PATH"
    assert not HOOK.pass_filenames
    assert run_hook(os.environ) == code


def test_nothing_of_the_checkout_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = set_traps(tmp_path)
    monkeypatch.chdir(traps.checkout)

    assert run_hook(traps.environment) == 0
    assert traps.names == []


def run_hook(environment: Mapping[str, str]) -> int:
    """Run the hook's command as pre-commit does: with the Python of its environment first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    return subprocess.run(shlex.split(HOOK.entry), env={**environment, "PATH": path}, check=False).returncode

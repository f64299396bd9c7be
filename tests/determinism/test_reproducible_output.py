"""Output is independent of hash seeds, directory order, locale, time zone and Python version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.determinism.outputs import COMMANDS
from tests.effort import sample

OUTPUTS = Path(__file__).with_name("outputs.py")
ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
# Locales that are not installed fall back to `C`.
LOCALES = ["C", "tr_TR.UTF-8", "ja_JP.eucJP", "ar_EG.UTF-8", ""]
ZONES = ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "XYZ-14", ""]
VERSIONS = ["3.11", "3.12", "3.13", "3.14"]
NEEDED = "import click, graphviz, libcst, pydantic, typing_extensions"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of projects, one of them in two versions, and a saved graph."""
    directory = tmp_path_factory.mktemp("projects")
    for name in ("shop", "orders", "mistakes"):
        shutil.copytree(FIXTURES / name, directory / name)
    (directory / "changed").mkdir()
    text = (directory / "orders/entry.py").read_text(encoding="utf-8")
    (directory / "changed/entry.py").write_text(text.replace("charge", "bill"), encoding="utf-8")
    save = [sys.executable, "-m", "stepgraph", "graph", "orders", "-f", "json", "-o", "saved.json"]
    subprocess.run(save, cwd=directory, capture_output=True, check=True)
    return directory


def outputs(folder: Path, python: str = sys.executable, seed: int = 0, **environment: str) -> dict[str, str]:
    """Return the digest of each output, by command."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "TZ"))}
    fixed = {"PYTHONHASHSEED": str(seed), "SOURCE_DATE_EPOCH": "0", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = [python, str(OUTPUTS), str(folder), str(seed)]
    run = subprocess.run(command, env={**plain, **fixed, **environment}, capture_output=True, check=True)
    digests: dict[str, str] = json.loads(run.stdout)
    return digests


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, str]:
    return outputs(folder)


@pytest.mark.slow
def test_each_output_is_compared_and_no_command_fails(expected: dict[str, str]) -> None:
    codes = {command: digest.split()[0] for command, digest in expected.items()}
    assert set(codes) == {" ".join(command) for command in COMMANDS}
    assert {command for command, code in codes.items() if code not in "01"} == set()
    assert {command for command, digest in expected.items() if digest.split()[1] == "0"} == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", sample(range(1, 6), 3))
def test_output_is_independent_of_the_environment(folder: Path, expected: dict[str, str], seed: int) -> None:
    assert outputs(folder, seed=seed, LC_ALL=LOCALES[seed - 1], TZ=ZONES[seed - 1]) == expected


@cache
def interpreter(version: str) -> str | None:
    """Return a Python of this version with the dependencies installed, from PATH or STEPGRAPH_PYTHONS."""
    listed = [path for path in os.environ.get("STEPGRAPH_PYTHONS", "").split(os.pathsep) if path]
    on_path = shutil.which(f"python{version}")
    wanted = f"import sys; assert sys.version_info[:2] == ({version.replace('.', ', ')}); {NEEDED}"
    for python in [*listed, *([] if on_path is None else [on_path])]:
        if subprocess.run([python, "-c", wanted], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.slow
@pytest.mark.parametrize("version", [v for v in VERSIONS if v != f"{sys.version_info.major}.{sys.version_info.minor}"])
def test_output_is_independent_of_the_python_version(folder: Path, expected: dict[str, str], version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} with click, graphviz, libcst and pydantic is installed")
    digests = outputs(folder, python, 10, PYTHONPATH=str(ROOT / "src"))
    assert digests == expected

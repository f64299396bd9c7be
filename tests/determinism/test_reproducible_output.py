"""The same input gives the same bytes: whatever the seed of hashes, the order of listings, the locale, the time zone
and the version of Python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

OUTPUTS = Path(__file__).with_name("outputs.py")
ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
# Those that a system lacks mean the plain one, which is well.
LOCALES = ["C", "C.UTF-8", "en_US.UTF-8", "tr_TR.UTF-8", "ja_JP.eucJP", "de_DE.ISO-8859-1", "POSIX", "ar_EG.UTF-8", ""]
ZONES = ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "XYZ-14", "", "Pacific/Niue", "CET", "NZ"]
VERSIONS = ["3.11", "3.12", "3.13", "3.14"]
NEEDED = "import click, graphviz, libcst, pydantic, typing_extensions"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some projects, one of them with a configuration, one with mistakes, one in two versions, one saved."""
    place = tmp_path_factory.mktemp("projects")
    for name in ("shop", "orders", "mistakes"):
        shutil.copytree(FIXTURES / name, place / name)
    (place / "changed").mkdir()
    text = (place / "orders/entry.py").read_text(encoding="utf-8")
    (place / "changed/entry.py").write_text(text.replace("charge", "bill"), encoding="utf-8")
    save = [sys.executable, "-m", "stepgraph", "graph", "orders", "-f", "json", "-o", "saved.json"]
    subprocess.run(save, cwd=place, capture_output=True, check=True)
    return place


def outputs(folder: Path, python: str = sys.executable, seed: int = 0, **environment: str) -> dict[str, str]:
    """Return digests of all outputs, by command."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "TZ"))}
    given = {"PYTHONHASHSEED": str(seed), "SOURCE_DATE_EPOCH": "0", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = [python, str(OUTPUTS), str(folder), str(seed)]
    run = subprocess.run(command, env={**plain, **given, **environment}, capture_output=True, check=True)
    found: dict[str, str] = json.loads(run.stdout)
    return found


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[str, str]:
    return outputs(folder)


@pytest.mark.slow
def test_every_output_is_compared_and_none_is_an_error(expected: dict[str, str]) -> None:
    codes = {command: digest.split()[0] for command, digest in expected.items()}
    assert len(codes) == 28
    assert {command for command, code in codes.items() if code not in "01"} == set()
    assert {command for command, digest in expected.items() if digest.split()[1] == "0"} == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 10))
def test_no_byte_depends_on_hashes_listings_locale_or_time_zone(
    folder: Path, expected: dict[str, str], seed: int
) -> None:
    assert outputs(folder, seed=seed, LC_ALL=LOCALES[seed - 1], TZ=ZONES[seed - 1]) == expected


@cache
def interpreter(version: str) -> str | None:
    """Return a Python of a version that has what stepgraph needs: on PATH, or in the list STEPGRAPH_PYTHONS."""
    listed = [path for path in os.environ.get("STEPGRAPH_PYTHONS", "").split(os.pathsep) if path]
    on_path = shutil.which(f"python{version}")
    wanted = f"import sys; assert sys.version_info[:2] == ({version.replace('.', ', ')}); {NEEDED}"
    for python in [*listed, *([] if on_path is None else [on_path])]:
        if subprocess.run([python, "-c", wanted], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.parametrize("version", [v for v in VERSIONS if v != f"{sys.version_info.major}.{sys.version_info.minor}"])
def test_no_byte_depends_on_the_version_of_python(folder: Path, expected: dict[str, str], version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} with click, graphviz, libcst and pydantic here")
    found = outputs(folder, python, 10, PYTHONPATH=str(ROOT / "src"))
    assert found == expected

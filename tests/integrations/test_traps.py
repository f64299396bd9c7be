"""The traps spring: what runs the checkout's code is noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integrations.traps import Traps, set_traps


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return set_traps(tmp_path)


def sprung(traps: Traps, *command: str, **environment: str) -> list[str]:
    settings = {**traps.environment, **environment}
    subprocess.run(command, cwd=traps.checkout, env=settings, capture_output=True, check=False)
    return traps.names


@pytest.mark.parametrize("module", ["venv", "pip", "stepgraph"])
def test_a_module_of_the_checkout_is_noticed(traps: Traps, module: str) -> None:
    assert sprung(traps, sys.executable, "-m", module, PYTHONPATH="") != []


def test_modules_on_pythonpath_are_noticed(traps: Traps) -> None:
    assert "encodings___init__.py" in sprung(traps, sys.executable, "-c", "import click")


@pytest.mark.parametrize("program", ["python3", "git", "dot"])
def test_programs_of_the_checkout_are_noticed(traps: Traps, program: str) -> None:
    assert program in sprung(traps, "/bin/sh", "-c", program)


def test_git_configuration_is_noticed(traps: Traps) -> None:
    (traps.checkout / "src/entry.py").touch()
    git = "PATH=/usr/bin:/bin:/usr/local/bin git "
    names = sprung(traps, "/bin/sh", "-c", f"{git}status; {git}diff HEAD~1; {git}checkout -q -b other")
    assert {"git core.fsmonitor", "git diff.trap.command", "hook post-checkout"} <= set(names)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "."),
        ("graph", "src/entry.py", "-f", "svg", "--engine", "dot"),
        ("diff", "origin/main..."),
        ("list", "-f", "json"),
    ],
    ids=" ".join,
)
def test_no_command_springs_a_trap(traps: Traps, arguments: tuple[str, ...]) -> None:
    assert sprung(traps, sys.executable, "-I", "-m", "stepgraph", *arguments) == []

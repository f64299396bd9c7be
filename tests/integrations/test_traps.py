"""The traps detect code that is executed from the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integrations.traps import Traps, set_traps


@pytest.fixture
def traps(tmp_path: Path) -> Traps:
    return set_traps(tmp_path)


def trigger(traps: Traps, *command: str, **environment: str) -> list[str]:
    settings = {**traps.environment, **environment}
    subprocess.run(command, cwd=traps.checkout, env=settings, capture_output=True, check=False)
    return traps.names


@pytest.mark.slow
@pytest.mark.parametrize("module", ["venv", "pip", "stepgraph"])
def test_a_module_in_the_checkout_is_detected(traps: Traps, module: str) -> None:
    assert trigger(traps, sys.executable, "-m", module, PYTHONPATH="") != []


def test_modules_on_pythonpath_are_detected(traps: Traps) -> None:
    assert "encodings___init__.py" in trigger(traps, sys.executable, "-c", "import click")


@pytest.mark.slow
@pytest.mark.parametrize("program", ["python3", "git", "dot"])
def test_programs_in_the_checkout_are_detected(traps: Traps, program: str) -> None:
    assert program in trigger(traps, "/bin/sh", "-c", program)


@pytest.mark.slow
def test_git_configuration_is_detected(traps: Traps) -> None:
    (traps.checkout / "src/entry.py").touch()
    git = "PATH=/usr/bin:/bin:/usr/local/bin git "
    names = trigger(traps, "/bin/sh", "-c", f"{git}status; {git}diff HEAD~1; {git}checkout -q -b other")
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
def test_commands_trigger_no_trap(traps: Traps, arguments: tuple[str, ...]) -> None:
    assert trigger(traps, sys.executable, "-I", "-m", "stepgraph", *arguments) == []

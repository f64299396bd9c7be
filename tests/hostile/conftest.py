"""Fixtures that run the command in an empty directory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stepgraph.cli.main import main

# The time limit in seconds, far more than any test needs.
PATIENCE_SECONDS = 240


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The outcome of a run of the command."""

    code: int
    """Exit code, negative for a signal."""
    out: str
    err: str

    @property
    def is_graceful(self) -> bool:
        """Whether the command printed a result or an error message, instead of a traceback or a crash."""
        output = self.err + self.out
        return self.code in (0, 1, 2, 3) and bool(output) and "Traceback (most recent" not in output


Command = Callable[..., CommandResult]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    return tmp_path


@pytest.fixture
def stepgraph(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:  # noqa: ARG001 - it changes into it
    """Run `stepgraph` in the process of the test."""

    def run(*arguments: str) -> CommandResult:
        code = main(arguments)
        return CommandResult(int(code), *(text.decode("utf-8", "replace") for text in capfdbinary.readouterr()))

    return run


@pytest.fixture
def process(folder: Path) -> Command:  # noqa: ARG001 - it changes into it
    """Run `stepgraph` in a subprocess, so that a crash does not end the test session."""

    def run(*arguments: str) -> CommandResult:
        command = [sys.executable, "-m", "stepgraph", *arguments]
        result = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
        return CommandResult(
            result.returncode, *(text.decode("utf-8", "replace") for text in (result.stdout, result.stderr))
        )

    return run

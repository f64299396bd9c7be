"""Running the command in an empty folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stepgraph.cli.main import main

# Far more than any of these takes: what does not end by then does not end.
PATIENCE_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended: its exit code, or a signal as a negative number, and what it said."""

    code: int
    out: str
    told: str

    @property
    def is_lawful(self) -> bool:
        """Whether it ended with a result or an error that was told, and not with a defect, a signal or a traceback."""
        said = self.told + self.out
        return self.code in (0, 1, 2, 3) and bool(said) and "Traceback (most recent" not in said


Command = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command, empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    return tmp_path


@pytest.fixture
def stepgraph(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:  # noqa: ARG001 - it changes into it
    """Run `stepgraph` with the arguments given, within the test's process."""

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        return Ended(int(code), *(text.decode("utf-8", "replace") for text in capfdbinary.readouterr()))

    return run


@pytest.fixture
def process(folder: Path) -> Command:  # noqa: ARG001 - it changes into it
    """Run `stepgraph` with the arguments given, in a process of its own: what kills it, kills nothing else."""

    def run(*arguments: str) -> Ended:
        command = [sys.executable, "-m", "stepgraph", *arguments]
        ended = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_SECONDS)
        return Ended(ended.returncode, *(text.decode("utf-8", "replace") for text in (ended.stdout, ended.stderr)))

    return run

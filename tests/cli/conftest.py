"""The command, run inside the test process in a temporary directory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stepgraph.cli.main import main
from tests.cli.repositories import commit, make_repository
from tests.cli.sources import write_orders


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run: exit code, standard output, and the lines of standard error."""

    code: int
    out: str
    messages: list[str]


Command = Callable[..., Run]

needs_unix_files = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has neither such links nor such permissions"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the command: empty, with fixed dates, and not in a terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767323045")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.delenv("STEPGRAPH_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def stepgraph(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:  # noqa: ARG001 - it changes into it
    """Run `stepgraph` with arguments."""

    def run(*arguments: str) -> Run:
        code = main(arguments)
        out, stderr = capfdbinary.readouterr()
        return Run(int(code), out.decode("utf-8"), stderr.decode("utf-8").splitlines())

    return run


@pytest.fixture
def repository(folder: Path) -> Path:
    """Create a repository with one commit on `main`: `orders.py`, with a workflow that sleeps in the step `rest`."""
    make_repository()
    write_orders()
    commit()
    return folder

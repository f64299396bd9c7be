"""Output of the command for hostile texts, in each medium."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from stepgraph.cli import analysis
from stepgraph.cli.main import main
from tests.escaping.hostile_project import write_project, write_run, write_saved
from tests.escaping.hostile_texts import HOSTILE

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class HostileOutput:
    """The output of a run: exit code, standard output, standard error, and the written files by name."""

    code: int
    out: str
    err: str
    files: dict[str, str]


class HostileRunner:
    """Runs the command in a folder with the hostile project `shops` and saved graphs. Outputs are cached."""

    def __init__(self, folder: Path, saved_texts: tuple[str, ...]) -> None:
        self.saved_texts = saved_texts
        """The hostile texts that a saved graph can contain: JSON with lone surrogates is rejected."""
        self._folder = folder
        self._outputs: dict[tuple[str, ...], HostileOutput] = {}

    def __call__(self, *arguments: str) -> HostileOutput:
        if arguments not in self._outputs:
            self._outputs[arguments] = self._run(arguments)
        return self._outputs[arguments]

    def _run(self, arguments: tuple[str, ...]) -> HostileOutput:
        written = self._folder / "out"
        shutil.rmtree(written, ignore_errors=True)
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with contextlib.chdir(self._folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = int(main(arguments))
        out.seek(0)
        err.seek(0)
        files = {path.name: path.read_bytes().decode() for path in written.glob("*")}
        return HostileOutput(code, out.read(), err.read(), files)


def _once(function: Callable[..., ResultT]) -> Callable[..., ResultT]:
    """Return a function that calls this one the first time, and then returns the same result."""
    results: list[ResultT] = []

    def call(*arguments: object, **options: object) -> ResultT:
        if not results:
            results.append(function(*arguments, **options))
        return results[0]

    return call


ALL_TEXTS = pytest.param(HOSTILE, id="all", marks=pytest.mark.slow)

with_all_texts = pytest.mark.parametrize("hostile_run", [ALL_TEXTS], indirect=True)
"""A mark of tests that run only among the slow ones, where a quarter of the texts would find no more than all."""


@pytest.fixture(scope="module", params=[pytest.param(HOSTILE[::4], id="every fourth text"), ALL_TEXTS])
def hostile_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileRunner]:
    texts: tuple[str, ...] = request.param
    saved_texts = tuple(text for text in texts if text == text.encode("utf-8", "ignore").decode())
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEPGRAPH_CACHE_DIR", str(folder / "cache"))
        patch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
        patch.setenv("SOURCE_DATE_EPOCH", "0")
        for name in ("CI", "GITHUB_ACTIONS", "GITHUB_SHA"):
            patch.delenv(name, raising=False)
        # The cache rejects lone surrogates, so each format of a command would analyze the same project again.
        for analyze in ("_analyze", "_check"):
            patch.setattr(analysis, analyze, _once(getattr(analysis, analyze)))
        (folder / "shops").mkdir()
        with contextlib.chdir(folder / "shops"):
            write_project(texts)
        with contextlib.chdir(folder):
            write_saved("old.json", saved_texts)
            write_run(saved_texts)
            write_saved("new.json", [f"{text} " for text in saved_texts])
        yield HostileRunner(folder, saved_texts)

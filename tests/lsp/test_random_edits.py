"""After any edits, the editor shows the findings of `stepgraph check` for the same texts."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest
from lsprotocol import types

from tests.effort import sample
from tests.lsp.open_session import OpenSession
from tests.project.trees import plant

WORKFLOW: Final = """\
from workers import WorkflowEntrypoint
from helpers_{helper} import rest


class Orders{number}(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("reserve")
        async def reserve():
            return {{"größe": "😀"}}

        await reserve()
        await rest(step)
        await step.sleep("pause", "1 day")
"""
HELPER: Final = """\
async def rest(step):
    await step.sleep("rest", "1 hour")
"""
SETTINGS: Final = """\
[tool.stepgraph]
ignore = ["SG201"]
"""
FRAGMENTS: Final = (
    "",
    "\n",
    "\r\n",
    "\r",
    "\f",
    "x",
    "(",
    "é😀",
    "\ud83d",
    "        await step.sleep('nap', '5 min')\n",
    "        reserve()\n",
    "  # stepgraph: ignore[SG301]",
    "from helpers_1 import missing\n",
    "# coding: latin-1\n",
    "\n\nasync def other(step):\n    await step.sleep('rest', '1 fortnight')\n",
    '\n[tool.stepgraph.severity]\nSG3 = "error"\n',
)
ENCODINGS: Final = (
    types.PositionEncodingKind.Utf16,
    types.PositionEncodingKind.Utf8,
    types.PositionEncodingKind.Utf32,
)
FILES: Final = (
    *(f"orders_{number}.py" for number in range(13)),
    *(f"helpers_{number}.py" for number in range(3)),
    "pkg/__init__.py",
    "pkg/new.py",
    "pyproject.toml",
    "unused.py",
)


def original(path: str) -> str:
    name = path.removesuffix(".py")
    if name.startswith("orders_"):
        number = int(name.removeprefix("orders_"))
        return WORKFLOW.format(number=number, helper=number % 3)
    return HELPER if name.startswith("helpers_") else SETTINGS if path == "pyproject.toml" else ""


class RandomEdits:
    """Edits documents and files of a session at random."""

    def __init__(self, folder: Path, seed: int, encoding: types.PositionEncodingKind) -> None:
        plant(folder, {path: original(path) for path in FILES if path != "pkg/new.py"})
        plant(folder, {"fixed.py": WORKFLOW.format(number="Fixed", helper=0)})
        self.random = random.Random(seed)  # noqa: S311 - the edits need no security
        self.session = OpenSession(folder, encoding)
        self._actions = (
            *(self._change, self._change, self._change, self._restore, self._open, self._save, self._close),
            *(self._write, self._remove),
        )

    def act(self) -> None:
        """Do something to one file."""
        path = self.random.choice(FILES)
        action = self.random.choice(self._actions)
        action(path)

    def _file(self, path: str) -> Path:
        return self.session.folder / path

    def _open(self, path: str) -> None:
        if self.session.text(path) is None:
            file = self._file(path)
            self.session.open(path, file.read_text("utf-8", "replace") if file.exists() else original(path))

    def _change(self, path: str) -> None:
        self._open(path)
        changes = [self._edit(path) for _ in range(self.random.randrange(1, 4))]
        self.session.change(path, *changes)

    def _edit(self, path: str) -> types.TextDocumentContentChangeEvent:
        lines = (self.session.text(path) or "").count("\n")
        start, end = sorted(
            (self._position(lines), self._position(lines)), key=lambda each: (each.line, each.character)
        )
        if self.random.random() < 0.7:
            end = start
        return types.TextDocumentContentChangePartial(types.Range(start, end), self.random.choice(FRAGMENTS))

    def _position(self, lines: int) -> types.Position:
        return types.Position(self.random.randrange(lines + 2), self.random.choice((0, 0, 8, 1, 5, 90)))

    def _restore(self, path: str) -> None:
        if self.session.text(path) is not None:
            self.session.change(path, types.TextDocumentContentChangeWholeDocument(original(path)))

    def _save(self, path: str) -> None:
        text = self.session.text(path)
        if text is not None:
            self._file(path).write_bytes(text.encode("utf-8", "replace"))
            self.session.session.change_files()

    def _close(self, path: str) -> None:
        if self.session.text(path) is not None:
            self.session.close(path)

    def _write(self, path: str) -> None:
        text = original(path) if self.random.random() < 0.6 else original(path) + self.random.choice(FRAGMENTS)
        self._file(path).write_bytes(text.encode("utf-8", "replace"))
        self.session.session.change_files()

    def _remove(self, path: str) -> None:
        self._file(path).unlink(missing_ok=True)
        self.session.session.change_files()


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # the session changes the working directory
    return tmp_path / "report.json"


def check_edits(folder: Path, report: Path, seed: int, count: int) -> None:
    """Compare what the editor shows with the check after each of a number of random edits."""
    edits = RandomEdits(folder, seed, ENCODINGS[seed % 3])
    session = edits.session
    for number in range(count):
        for _ in range(edits.random.choice((1, 1, 1, 3))):
            edits.act()
        session.settle()
        checked, shown = session.checked(report), session.shown()
        if checked is None:
            assert list(shown) in ([], ["pyproject.toml"]), number
        else:
            assert shown == checked, number
        versions = {uri: version for uri, (version, _) in session.editor.diagnostics.items() if version is not None}
        assert versions == {each.uri: each.version for each in session.session.documents}, number
    assert session.editor.log_lines == []
    session.stop()


@pytest.mark.slow
def test_few_random_edits(tmp_path: Path, report: Path) -> None:
    check_edits(tmp_path / "project", report, 1, 4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", sample(range(2, 8), 1))
def test_random_edits(tmp_path: Path, report: Path, seed: int) -> None:
    check_edits(tmp_path / "project", report, seed, 50)

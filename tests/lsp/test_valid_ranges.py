"""The ranges of symbols, folds and lenses are valid in all fixtures, whatever is typed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from lsprotocol.types import DocumentSymbol, FoldingRange

from stepgraph.lsp.requests.code_lenses import code_lenses
from stepgraph.lsp.requests.folding_ranges import folding_ranges
from stepgraph.lsp.requests.symbols import document_symbols
from stepgraph.lsp.sessions.views import DocumentView
from tests.effort import EXAMPLES, sample
from tests.fixtures.files import FIXTURES
from tests.lsp.test_symbols import misplaced
from tests.lsp.views import Workspace

EDITS = 20 if EXAMPLES else 1
TYPED = ("", "x", "\n\n", "é(\n", "    ", '"""')
FOLDERS = ("counterexamples", "dag", "gallery", "mistakes", "shop")


def crossing(ranges: Sequence[FoldingRange]) -> list[tuple[int, int]]:
    """Return the ranges that overlap an earlier one, but are not inside it, or start on the same line."""
    crossings: list[tuple[int, int]] = []
    inside: list[FoldingRange] = []
    for each in ranges:
        while inside and inside[-1].end_line < each.start_line:
            inside.pop()
        if inside and (inside[-1].end_line < each.end_line or inside[-1].start_line >= each.start_line):
            crossings.append((each.start_line, each.end_line))
        inside.append(each)
    return crossings


def blank(symbols: Sequence[DocumentSymbol]) -> list[DocumentSymbol]:
    inner = [each for symbol in symbols for each in blank(symbol.children or ())]
    return [*(symbol for symbol in symbols if not symbol.name.strip()), *inner]


def faults(view: DocumentView) -> list[object]:
    """Return everything that an editor would reject."""
    symbols, folds, last = document_symbols(view), folding_ranges(view) or [], len(view.document.lines.lines) - 1
    outside = [fold for fold in folds if not 0 <= fold.start_line < fold.end_line <= last]
    lenses = [lens for lens in code_lenses(view) if lens.range.start.line > last]
    return [*misplaced(symbols), *blank(symbols), *crossing(folds), *outside, *lenses]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_ranges_are_valid_whatever_is_typed(tmp_path: Path, folder: str) -> None:
    randomness = random.Random(folder)  # noqa: S311 - the same edits in each run
    files = {path.relative_to(FIXTURES / folder).as_posix(): path for path in (FIXTURES / folder).rglob("*")}
    texts = {name: path.read_text("utf-8") for name, path in sorted(files.items()) if path.is_file()}
    workspace = Workspace(tmp_path, texts)
    for name in sample([name for name in texts if name.endswith(".py")], 8):
        assert (name, faults(workspace.open(name, texts[name]))) == (name, [])
        for _ in range(EDITS):
            start = randomness.randrange(len(texts[name]) + 1)
            end = start + randomness.choice((0, 1, 5, 200, 1_000))
            text = texts[name][:start] + randomness.choice(TYPED) + texts[name][end:]
            workspace.edit(name, text)
            assert (text, faults(workspace.view(name))) == (text, [])
        assert (text, faults(workspace.open(name, text))) == (text, [])
        workspace.open(name, texts[name])

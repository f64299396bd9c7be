"""Laws of renaming: the graph only changes in names, and renaming back restores each byte."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from lsprotocol.types import Position

from stepgraph.live.live_project import ProjectState
from stepgraph.lsp.requests.linked_names import RenameError
from stepgraph.lsp.requests.renaming import RenameSupport, prepare_rename, rename
from tests.effort import EXAMPLES, sample, thorough
from tests.fixtures.files import FIXTURES
from tests.lsp.applied_edits import applied
from tests.lsp.views import Workspace
from tests.proof.programs.modules import GeneratedProgram, programs

GALLERY: Final = FIXTURES / "gallery"
NEW: Final = "new_name"
_WORD: Final = re.compile(r"\w+")
_MOST_NAMES: Final = 8
_TRIED_OCCURRENCES: Final = 2
_DATES: Final = {"legacy": "2026-01-01", "implicit": "2026-05-01"}


def graphs(state: ProjectState, old: str) -> list[object]:
    """Return the graphs and the codes of the notes of all workflows, with the new name in place of the old one."""
    # The order of functions depends on their names, and comparing the parsed data ignores it.
    old_name = re.escape(json.dumps(old)[1:-1])
    name = re.compile(rf"\b{old_name}\b" if old.isidentifier() else old_name)
    results = ([each.analysis.graph, [note.code for note in each.analysis.notes]] for each in state.workflows)
    return [json.loads(name.sub(NEW, json.dumps(result))) for result in results]


def renamed(workspace: Workspace, name: str, position: Position, new_name: str) -> dict[str, str] | None:
    """Return the texts of open documents after a renaming, or None if it is refused."""
    texts = {Path(document.path).name: document.text for document in workspace.documents}
    try:
        renaming = rename(workspace.view(name), position, new_name, RenameSupport())
    except RenameError:
        return None
    assert renaming is not None
    edits = {Path(uri).name: each for uri, each in (renaming.edit.changes or {}).items()}
    return {name: applied(text, edits.get(name, ())) for name, text in texts.items()}


def names_in(workspace: Workspace, name: str) -> Iterator[tuple[Position, str]]:
    """Yield the first position of each name in a document that can be changed, and the name.

    Of each word, only the first two occurrences are tried.
    """
    document = workspace.view(name)
    results: set[str] = set()
    occurrences: Counter[str] = Counter()
    for number, line in enumerate(document.document.text.split("\n")):
        for word in _WORD.finditer(line):
            occurrences[word[0]] += 1
            if occurrences[word[0]] > _TRIED_OCCURRENCES:
                continue
            position = Position(number, word.start())
            try:
                prepared = prepare_rename(document, position)
            except RenameError:
                continue
            if prepared is None or prepared.range.start != position:
                continue
            texts = renamed(workspace, name, position, NEW)
            assert texts is not None, f"{name}:{number + 1}: refused only for a new name"
            if repr(texts) not in results:
                results.add(repr(texts))
                yield position, prepared.placeholder


def opened(folder: Path, texts: Mapping[str, str]) -> Workspace:
    """Return a directory with open documents."""
    workspace = Workspace(folder)
    for name, text in texts.items():
        workspace.edit(name, text)
    return workspace


def check_laws(folder: Path, texts: Mapping[str, str]) -> int:
    """Rename each name in open documents and rename it back, and return their number."""
    workspace = opened(folder, texts)
    state = workspace.folder_view.state
    count = 0
    for name in texts:
        for position, old in islice(names_in(workspace, name), _MOST_NAMES):
            new_texts = renamed(workspace, name, position, NEW)
            assert new_texts is not None
            new_workspace = opened(folder, new_texts)
            assert graphs(new_workspace.folder_view.state, old) == graphs(state, old), f"{name}:{position}"
            # A second step may have the old name, which the first one must not get again.
            old_texts = renamed(new_workspace, name, position, old)
            assert old_texts is None or old_texts == texts, f"{name}:{position}"
            count += old_texts is not None
    return count


@pytest.mark.slow
@pytest.mark.parametrize("path", sample(sorted(GALLERY.glob("*.py")), 3), ids=lambda path: path.stem)
def test_workflows_of_the_gallery(path: Path, tmp_path: Path) -> None:
    assert check_laws(tmp_path, {path.name: path.read_text("utf-8")}) > 5


@pytest.mark.slow
@settings(thorough, max_examples=int(EXAMPLES or "5"))
@given(program=programs(25))
def test_random_programs(program: GeneratedProgram) -> None:
    with TemporaryDirectory() as folder:
        options = {"compatibility_date": _DATES[program.mode], "compatibility_flags": ["python_workers"]}
        configuration = json.dumps({"name": "w", "main": "entry.py", **options})
        Path(folder, "wrangler.json").write_text(configuration, "utf-8")
        check_laws(Path(folder), {f"{name}.py": text for name, text in program.sources.items()})

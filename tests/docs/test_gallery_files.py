"""The command that draws the gallery writes what has changed, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docs.gallery import CHANGES, FIXTURES, PAGE, gallery, main
from stepgraph.model.payload import Graph

PICTURE = "gallery/nodes/step_do.svg"


def draw(graph: Graph) -> str:
    return f"<svg>{graph['workflow']['class_name']}</svg>\n"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return gallery(draw)


def files_below(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_each_module_each_saved_graph_and_some_changes_have_a_picture(files: dict[str, str]) -> None:
    sources = {source.stem for folder in ("gallery", "nodes") for source in (FIXTURES / folder).iterdir()} - {"graphs"}
    pictures = set(files) - {PAGE}
    assert {Path(picture).stem.partition(".")[0] for picture in pictures} == sources | {"orders", *CHANGES}


def test_the_page_shows_each_picture_once_with_its_source_and_what_it_is(files: dict[str, str]) -> None:
    assert all(files[PAGE].count(f"({picture})]({picture})") == 1 for picture in files if picture != PAGE)
    assert (
        "### `step_do`\n\nSteps: with the engine's defaults, with settings of their own, and with steps in them."
        " ([source](../fixtures/nodes/step_do.json))\n\n"
        "[![The graph of step_do](gallery/nodes/step_do.svg)](gallery/nodes/step_do.svg)\n"
    ) in files[PAGE]


def test_workflows_of_one_module_have_a_picture_each_and_their_own_words(files: dict[str, str]) -> None:
    assert files["gallery/workflows/subscription_dunning.RefundWorkflow.svg"] == "<svg>RefundWorkflow</svg>\n"
    assert "The other one: an invoice that was paid and should not have been. ([source]" in files[PAGE]


def test_the_gallery_is_written_whole_and_is_then_up_to_date(files: dict[str, str], tmp_path: Path) -> None:
    assert main(["--check"], draw, tmp_path) == 1
    assert files_below(tmp_path) == {}
    assert main([], draw, tmp_path) == 0
    assert files_below(tmp_path) == files
    assert main(["--check"], draw, tmp_path) == 0


def test_only_what_has_changed_is_written(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([], draw, tmp_path)
    for path in files_below(tmp_path):
        os.utime(tmp_path / path, (0, 0))
    (tmp_path / PICTURE).write_text("<svg>of another version</svg>\n", encoding="utf-8")
    (tmp_path / "gallery/nodes/gone.svg").write_text("<svg/>\n", encoding="utf-8")
    (tmp_path / "order.md").write_text("another page\n", encoding="utf-8")
    capsys.readouterr()

    assert main(["--check"], draw, tmp_path) == 1
    told = "docs/gallery/nodes/gone.svg", f"docs/{PICTURE}"
    assert capsys.readouterr().out.splitlines() == [f"out of date: {path}" for path in told]
    assert main([], draw, tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [f"changed: {path}" for path in told]
    assert files_below(tmp_path) == {**files, "order.md": "another page\n"}
    written = {path for path in files_below(tmp_path) if (tmp_path / path).stat().st_mtime > 0}
    assert written == {PICTURE, "order.md"}

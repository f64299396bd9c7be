"""What the gallery shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate.gallery import CHANGES, FIXTURES, PAGE, gallery
from stepgraph.model.payload import Graph


def draw(graph: Graph) -> str:
    return f"<svg>{graph['workflow']['class_name']}</svg>\n"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return gallery(draw)


def test_each_module_each_saved_graph_and_some_changes_have_a_picture(files: dict[str, str]) -> None:
    sources = {source.stem for folder in ("gallery", "nodes") for source in (FIXTURES / folder).iterdir()} - {"graphs"}
    pictures = set(files) - {PAGE}
    assert {Path(picture).stem.partition(".")[0] for picture in pictures} == sources | {"orders", *CHANGES}


def test_the_page_shows_each_picture_once_with_its_source_and_what_it_is(files: dict[str, str]) -> None:
    pictures = [path.removeprefix("docs/") for path in files if path != PAGE]
    assert all(files[PAGE].count(f"({picture})]({picture})") == 1 for picture in pictures)
    assert (
        "### `step_do`\n\nSteps: with the engine's defaults, with settings of their own, and with steps in them."
        " ([source](../fixtures/nodes/step_do.json))\n\n"
        "[![The graph of step_do](gallery/nodes/step_do.svg)](gallery/nodes/step_do.svg)\n"
    ) in files[PAGE]


def test_workflows_of_one_module_have_a_picture_each_and_their_own_words(files: dict[str, str]) -> None:
    picture = "docs/gallery/workflows/subscription_dunning.RefundWorkflow.svg"
    assert files[picture] == "<svg>RefundWorkflow</svg>\n"
    assert "The other one: an invoice that was paid and should not have been. ([source]" in files[PAGE]

"""The pictures and the page of the gallery."""

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


def test_each_source_has_a_picture(files: dict[str, str]) -> None:
    sources = {source.stem for folder in ("gallery", "nodes") for source in (FIXTURES / folder).iterdir()} - {"graphs"}
    pictures = set(files) - {PAGE}
    assert {Path(picture).stem.partition(".")[0] for picture in pictures} == sources | {"orders", *CHANGES}


def test_the_page_describes_each_picture_once(files: dict[str, str]) -> None:
    pictures = [path.removeprefix("docs/") for path in files if path != PAGE]
    assert all(files[PAGE].count(f"({picture})]({picture})") == 1 for picture in pictures)
    assert (
        "### `step_do`\n\nSteps with the engine's defaults, with their own settings, and with nested steps."
        " ([source](../fixtures/nodes/step_do.json))\n\n"
        "[![The graph of step_do](gallery/nodes/step_do.svg)](gallery/nodes/step_do.svg)\n"
    ) in files[PAGE]


def test_each_workflow_of_a_module_has_a_picture(files: dict[str, str]) -> None:
    picture = "docs/gallery/workflows/subscription_dunning.RefundWorkflow.svg"
    assert files[picture] == "<svg>RefundWorkflow</svg>\n"
    assert "Refund an invoice that was paid by mistake. ([source]" in files[PAGE]

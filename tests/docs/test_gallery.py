"""The pictures and the page of the gallery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.generate.gallery import CHANGES, FIXTURES, PAGE, gallery, saved_exhibit
from docs.generate.instances import INSTANCES, instance_pictures
from stepgraph.model.details import Details
from stepgraph.model.note import InputError
from stepgraph.model.payload import Graph
from tests.render.graphs import do


def draw(graph: Graph, details: Details) -> str:
    del details
    return f"<svg>{graph['workflow']['class_name']}</svg>\n"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return gallery(draw)


@pytest.mark.slow
def test_each_source_has_a_picture(files: dict[str, str]) -> None:
    sources = {source.stem for folder in ("gallery", "nodes") for source in (FIXTURES / folder).iterdir()} - {"graphs"}
    pictures = set(files) - {PAGE}
    assert {Path(picture).stem.partition(".")[0] for picture in pictures} == sources | {"orders", *CHANGES}


@pytest.mark.slow
def test_the_page_describes_each_picture_once(files: dict[str, str]) -> None:
    pictures = [path.removeprefix("docs/") for path in files if path != PAGE]
    assert all(files[PAGE].count(f"({picture})]({picture})") == 1 for picture in pictures)
    assert (
        "### `step_do`\n\nSteps with the engine's defaults, with their own settings, and with nested steps."
        " ([source](../fixtures/nodes/step_do.json))\n\n"
        "[![The graph of step_do](gallery/nodes/step_do.svg)](gallery/nodes/step_do.svg)\n"
    ) in files[PAGE]


@pytest.mark.slow
def test_each_workflow_of_a_module_has_a_picture(files: dict[str, str]) -> None:
    picture = "docs/gallery/workflows/subscription_dunning.RefundWorkflow.svg"
    assert files[picture] == "<svg>RefundWorkflow</svg>\n"
    assert "Refund an invoice that was paid by mistake. ([source]" in files[PAGE]


@pytest.mark.slow
def test_each_instance_has_a_picture_in_both_themes(files: dict[str, str]) -> None:
    pictures = [f"gallery/instances/{each.stem}.{theme}.svg" for each in INSTANCES for theme in ("light", "dark")]
    assert all(files[PAGE].count(f"({picture})]({picture})") == 1 for picture in pictures)
    assert dict(instance_pictures()).keys() == {Path(picture).name for picture in pictures}


def test_the_picture_of_an_instance_shows_its_states() -> None:
    assert "does not fit" not in INSTANCES[0].picture("light")
    assert "approval · waiting · since 09:15:00 UTC · until Nov 4, 09:15 UTC" in INSTANCES[0].picture("light")


def saved_graph(folder: Path, node: object, **fields: object) -> Path:
    """Write a graph with one node, and return its path."""
    path = folder / "nap.json"
    workflow = {"class_name": "Orders", "functions": {}, "nodes": [node]}
    path.write_text(json.dumps({**fields, "version": 1, "workflow": workflow}), encoding="utf-8")
    return path


def test_saved_graphs_may_omit_settings_with_a_default(tmp_path: Path) -> None:
    path = saved_graph(tmp_path, {"type": "step_do", "name": "a"}, about="A step.")
    content = saved_exhibit(path, "nap.json").content
    assert not isinstance(content, str)
    assert content["workflow"]["nodes"] == [do("a")]


def test_a_saved_graph_without_a_required_setting_is_named(tmp_path: Path) -> None:
    path = saved_graph(tmp_path, {"type": "step_sleep", "name": "a"}, about="A sleep.")
    with pytest.raises(InputError, match=r"^nap\.json: workflow\.nodes\[0\]\.duration is missing\."):
        saved_exhibit(path, "nap.json")


def test_a_saved_graph_without_a_description_is_named(tmp_path: Path) -> None:
    path = saved_graph(tmp_path, do("a"))
    with pytest.raises(ValueError, match=r"^nap\.json: missing `about`"):
        saved_exhibit(path, "nap.json")

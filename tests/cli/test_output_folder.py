"""`-o FOLDER/`: a file for each workflow, all or none of them, and none that is as it should be."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write

GRAPH = ["graph", "shop.py", "-f", "svg", "-o"]

on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such links nor such permissions")


@pytest.fixture(autouse=True)
def shop(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "rest")))


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_folder_is_made_and_each_workflow_has_a_file_in_it(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "docs/diagrams/") == Run(
        0, "", ["wrote docs/diagrams/Orders.svg", "wrote docs/diagrams/Returns.svg"]
    )
    assert names("docs/diagrams") == ["Orders.svg", "Returns.svg"]
    printed = stepgraph("graph", "shop.py", "-f", "svg", "--workflow", "Orders").out
    assert Path("docs/diagrams/Orders.svg").read_bytes() == printed.encode()


def test_a_folder_that_is_there_needs_no_slash(stepgraph: Command) -> None:
    Path("out").mkdir()
    assert stepgraph(*GRAPH, "out").told == ["wrote out/Orders.svg", "wrote out/Returns.svg"]
    assert stepgraph(*GRAPH, ".").told == ["wrote ./Orders.svg", "wrote ./Returns.svg"]


def test_one_workflow_has_a_file_in_a_folder_too(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "out/", "--workflow", "Returns").told == ["wrote out/Returns.svg"]


@pytest.mark.parametrize(
    ("form", "suffix"), [("text", "txt"), ("json", "json"), ("dot", "dot"), ("html", "html"), ("mermaid", "mmd")]
)
def test_every_format_has_its_suffix(stepgraph: Command, form: str, suffix: str) -> None:
    assert stepgraph("graph", "shop.py", "-f", form, "-o", "out/", "--quiet") == Run(0, "", [])
    assert names("out") == [f"Orders.{suffix}", f"Returns.{suffix}"]


def test_the_configured_names_are_those_of_the_files(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest")))
    entry = '{"binding": "O", "name": "all orders", "class_name": "Orders"}'
    write("wrangler.json", f'{{"main": "shop.py", "workflows": [{entry}]}}')
    assert stepgraph("graph", "-f", "svg", "-o", "out/").told == ["wrote out/all-orders.svg"]


def test_only_files_that_change_are_written(stepgraph: Command) -> None:
    stepgraph(*GRAPH, "out/")
    before = Path("out/Orders.svg").stat()
    write("out/other.svg", "not ours")
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "wait")))
    assert stepgraph(*GRAPH, "out/") == Run(0, "", ["wrote out/Returns.svg"])
    after = Path("out/Orders.svg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert Path("out/other.svg").read_text(encoding="utf-8") == "not ours"
    assert stepgraph(*GRAPH, "out/") == Run(0, "", [])


def test_a_file_with_the_line_ends_of_another_system_is_left_alone(stepgraph: Command) -> None:
    stepgraph(*GRAPH, "out/")
    content = Path("out/Orders.svg").read_bytes().replace(b"\n", b"\r\n")
    Path("out/Orders.svg").write_bytes(content)
    assert stepgraph(*GRAPH, "out/") == Run(0, "", [])
    assert Path("out/Orders.svg").read_bytes() == content


def test_classes_of_one_name_have_files_of_their_own(stepgraph: Command) -> None:
    write("more.py", module(workflow("Orders", "wait")))
    assert stepgraph("graph", "shop.py", "more.py", "-f", "svg", "-o", "out/").told == [
        "wrote out/Orders.svg",
        "wrote out/Returns.svg",
        "wrote out/Orders-2.svg",
    ]


def test_names_in_any_script_are_kept(stepgraph: Command) -> None:
    write("shop.py", module(workflow("注文", "rest")))
    assert stepgraph(*GRAPH, "out/").told == ["wrote out/注文.svg"]


def test_where_an_input_failed_no_file_is_written(stepgraph: Command) -> None:
    write("broken.py", SYNTAX_ERROR)
    run = stepgraph("graph", "shop.py", "broken.py", "-f", "svg", "-o", "out/")
    assert run.code == 2
    assert run.told[-1] == "stepgraph: out/ was not written, for not every input could be read."
    assert not Path("out").exists()


def test_where_a_workflow_has_no_graph_no_file_is_written(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Empty")))
    assert stepgraph(*GRAPH, "out/") == Run(
        1,
        "",
        [
            "shop.py:9:1: `Empty` has no graph: no step of it can run.",
            "stepgraph: out/ was not written, for `Empty` has no graph.",
        ],
    )
    assert not Path("out").exists()


def test_json_says_that_there_is_no_graph(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Empty")))
    assert stepgraph("graph", "shop.py", "-f", "json", "-o", "out/").code == 1
    assert '"graph": null' in Path("out/Empty.json").read_text(encoding="utf-8")


def test_an_svg_of_several_workflows_cannot_be_printed_or_be_one_file(stepgraph: Command) -> None:
    advice = "Choose one with --workflow NAME, or write a file for each with -o FOLDER/."
    refusal = Run(2, "", [f"stepgraph: svg holds one workflow, and there are 2. {advice}"])
    assert stepgraph("graph", "-f", "svg") == refusal
    assert stepgraph(*GRAPH, "all.svg") == refusal
    assert not Path("all.svg").exists()


def test_workflows_of_one_name_are_chosen_by_their_classes(stepgraph: Command) -> None:
    for folder, class_name in (("a", "Orders"), ("b", "OrderFlow")):
        write(f"{folder}/entry.py", module(workflow(class_name, "rest")))
        write(
            f"{folder}/wrangler.toml",
            f'main = "entry.py"\n[[workflows]]\nname = "orders"\nclass_name = "{class_name}"\n',
        )
    run = stepgraph("graph", "a", "b", "--workflow", "orders", "-f", "svg")
    assert run.code == 2
    assert run.told[-1] == (
        "stepgraph: svg holds one workflow, and there are 2. All are called `orders`: choose one by its class"
        " (`Orders`, `OrderFlow`), or write a file for each with -o FOLDER/."
    )


def test_workflows_of_one_name_and_class_are_chosen_by_their_paths(stepgraph: Command) -> None:
    for folder in ("a", "b"):
        write(f"{folder}/entry.py", module(workflow("Orders", "rest")))
    assert stepgraph("graph", "a", "b", "-f", "svg").told[-1] == (
        "stepgraph: svg holds one workflow, and there are 2. All are called `Orders`: give the path of one,"
        " or write a file for each with -o FOLDER/."
    )


@pytest.mark.parametrize("name", ["shop.py/", "shop.py/diagrams/"])
def test_a_file_is_no_folder(stepgraph: Command, name: str) -> None:
    assert stepgraph(*GRAPH, name) == Run(2, "", [f"stepgraph: {name} cannot be a folder: shop.py is a file."])


def test_a_folder_in_the_place_of_a_file_is_refused_before_any_is_written(stepgraph: Command) -> None:
    Path("out/Returns.svg").mkdir(parents=True)
    assert stepgraph(*GRAPH, "out/") == Run(
        2,
        "",
        [
            "stepgraph: out/Returns.svg is a folder, where a file is to be written. Name another one, or remove it.",
        ],
    )
    assert names("out") == ["Returns.svg"]


def test_a_source_in_the_folder_is_not_written_over(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest")))
    entry = '{"binding": "O", "name": "wrangler", "class_name": "Orders"}'
    write("wrangler.json", f'{{"main": "shop.py", "workflows": [{entry}]}}')
    assert stepgraph("graph", "-f", "json", "-o", ".").told == [
        "stepgraph: ./wrangler.json is one of the sources, and is not written over. Name another file."
    ]


def test_a_write_that_fails_leaves_the_old_file_and_tells_which_were_written(
    stepgraph: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("out/Returns.svg", "old")
    replace = os.replace

    def fail(source: str, target: str) -> None:
        if target.endswith("Returns.svg"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    assert stepgraph(*GRAPH, "out/") == Run(
        2,
        "",
        ["wrote out/Orders.svg", "stepgraph: out/Returns.svg cannot be written: No space left on device."],
    )
    assert Path("out/Returns.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Orders.svg", "Returns.svg"]


def test_an_interruption_leaves_the_old_files(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("out/Orders.svg", "old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert stepgraph(*GRAPH, "out/").code == 130
    assert Path("out/Orders.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Orders.svg"]


def test_a_folder_that_cannot_be_made_is_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "makedirs", refuse)
    assert stepgraph(*GRAPH, "out/") == Run(2, "", ["stepgraph: out/ cannot be made: permission denied."])


def test_a_folder_without_permission_is_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()

    def not_allowed(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", not_allowed)
    assert stepgraph(*GRAPH, "out/") == Run(2, "", ["stepgraph: out/ cannot be written: permission denied."])


@on_unix
def test_a_folder_may_be_a_link(stepgraph: Command) -> None:
    Path("real").mkdir()
    Path("out").symlink_to("real")
    assert stepgraph(*GRAPH, "out").told == ["wrote out/Orders.svg", "wrote out/Returns.svg"]
    assert names("real") == ["Orders.svg", "Returns.svg"]


@on_unix
def test_no_link_leads_out_of_the_folder(stepgraph: Command) -> None:
    write("elsewhere.svg", "old")
    Path("out").mkdir()
    Path("out/Returns.svg").symlink_to("../elsewhere.svg")
    assert stepgraph(*GRAPH, "out") == Run(
        2,
        "",
        ["stepgraph: out/Returns.svg is a link that leads out of the folder. Remove it, or name another folder."],
    )
    assert Path("elsewhere.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Returns.svg"]


@on_unix
def test_a_link_that_leads_nowhere_is_told_to_be_one(stepgraph: Command) -> None:
    Path("gone").symlink_to("nowhere")
    told = ["stepgraph: gone/ cannot be made: it is a link that leads nowhere."]
    assert stepgraph("graph", "shop.py", "-f", "svg", "-o", "gone/") == Run(2, "", told)

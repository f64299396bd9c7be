"""Test `-o FOLDER/`: one file per workflow, written only if all succeed and only if changed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run, needs_unix_files
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_shop, write_unresolved
from tests.text_formats import TEXT_FORMATS

GRAPH = ["graph", "shop.py", "-f", "svg", "-o"]


@pytest.fixture(autouse=True)
def shop(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write_shop()


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_new_directory_has_one_file_per_workflow(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "docs/diagrams/") == Run(
        0, "", ["wrote docs/diagrams/Orders.svg (1 step)", "wrote docs/diagrams/Returns.svg (1 step)"]
    )
    assert names("docs/diagrams") == ["Orders.svg", "Returns.svg"]
    printed = stepgraph("graph", "shop.py", "-f", "svg", "--workflow", "Orders").out
    assert Path("docs/diagrams/Orders.svg").read_bytes() == printed.encode()


def test_an_existing_directory_needs_no_slash(stepgraph: Command) -> None:
    Path("out").mkdir()
    assert stepgraph(*GRAPH, "out").messages == ["wrote out/Orders.svg (1 step)", "wrote out/Returns.svg (1 step)"]
    assert stepgraph(*GRAPH, ".").messages == ["wrote ./Orders.svg (1 step)", "wrote ./Returns.svg (1 step)"]


def test_one_workflow_is_written_to_a_directory(stepgraph: Command) -> None:
    assert stepgraph(*GRAPH, "out/", "--workflow", "Returns").messages == ["wrote out/Returns.svg (1 step)"]


@pytest.mark.parametrize("form", TEXT_FORMATS)
def test_every_format_has_its_suffix(stepgraph: Command, form: str) -> None:
    suffix = TEXT_FORMATS[form].suffix
    assert stepgraph("graph", "shop.py", "-f", form, "-o", "out/", "--quiet") == Run(0, "", [])
    assert names("out") == [f"Orders{suffix}", f"Returns{suffix}"]


def test_files_have_the_configured_names(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest")))
    entry = '{"binding": "O", "name": "all orders", "class_name": "Orders"}'
    write("wrangler.json", f'{{"main": "shop.py", "workflows": [{entry}]}}')
    assert stepgraph("graph", "-f", "svg", "-o", "out/").messages == ["wrote out/all-orders.svg (1 step)"]


def test_only_changed_files_are_written(stepgraph: Command) -> None:
    stepgraph(*GRAPH, "out/")
    before = Path("out/Orders.svg").stat()
    write("out/other.svg", "not ours")
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "wait")))
    assert stepgraph(*GRAPH, "out/") == Run(0, "", ["wrote out/Returns.svg (1 step)"])
    after = Path("out/Orders.svg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert Path("out/other.svg").read_text(encoding="utf-8") == "not ours"
    assert stepgraph(*GRAPH, "out/") == Run(0, "", [])


def test_other_line_ends_are_not_a_change(stepgraph: Command) -> None:
    stepgraph(*GRAPH, "out/")
    content = Path("out/Orders.svg").read_bytes().replace(b"\n", b"\r\n")
    Path("out/Orders.svg").write_bytes(content)
    assert stepgraph(*GRAPH, "out/") == Run(0, "", [])
    assert Path("out/Orders.svg").read_bytes() == content


def test_classes_with_equal_names_have_separate_files(stepgraph: Command) -> None:
    write("more.py", module(workflow("Orders", "wait")))
    assert stepgraph("graph", "shop.py", "more.py", "-f", "svg", "-o", "out/").messages == [
        "wrote out/Orders.svg (1 step)",
        "wrote out/Returns.svg (1 step)",
        "wrote out/Orders-2.svg (1 step)",
    ]


def test_names_in_any_script_are_kept(stepgraph: Command) -> None:
    write("shop.py", module(workflow("注文", "rest")))
    assert stepgraph(*GRAPH, "out/").messages == ["wrote out/注文.svg (1 step)"]


def test_a_failed_input_writes_no_file(stepgraph: Command) -> None:
    write("broken.py", SYNTAX_ERROR)
    run = stepgraph("graph", "shop.py", "broken.py", "-f", "svg", "-o", "out/")
    assert run.code == 2
    assert run.messages[-1] == "stepgraph: out/ was not written because an input is unreadable or invalid."
    assert not Path("out").exists()


def test_a_missing_graph_writes_no_file(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Empty")))
    assert stepgraph(*GRAPH, "out/") == Run(
        1,
        "",
        [
            "shop.py:9:1: `Empty` has no graph: no step can run.",
            "stepgraph: out/ was not written because `Empty` has no graph. Select the other workflows with --workflow.",
        ],
    )
    assert not Path("out").exists()


def test_json_has_a_null_graph(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Empty")))
    assert stepgraph("graph", "shop.py", "-f", "json", "-o", "out/").code == 1
    assert '"graph": null' in Path("out/Empty.json").read_text(encoding="utf-8")


def test_an_svg_holds_one_workflow(stepgraph: Command) -> None:
    advice = "Choose one with --workflow NAME, or write a file for each with -f svg -o DIR/."
    refusal = Run(2, "", [f"stepgraph: svg output holds a single workflow, not 2. {advice}"])
    assert stepgraph("graph", "-f", "svg") == refusal
    assert stepgraph(*GRAPH, "all.svg") == refusal
    assert not Path("all.svg").exists()


def test_equal_names_are_selected_by_class(stepgraph: Command) -> None:
    for folder, class_name in (("a", "Orders"), ("b", "OrderFlow")):
        write(f"{folder}/entry.py", module(workflow(class_name, "rest")))
        write(
            f"{folder}/wrangler.toml",
            f'main = "entry.py"\n[[workflows]]\nname = "orders"\nclass_name = "{class_name}"\n',
        )
    run = stepgraph("graph", "a", "b", "--workflow", "orders", "-f", "svg")
    assert run.code == 2
    assert run.messages[-1] == (
        "stepgraph: svg output holds a single workflow, not 2. All are named `orders`: choose one by its class"
        " (`Orders`, `OrderFlow`), or write a file for each with -f svg -o DIR/."
    )


def test_equal_names_and_classes_are_selected_by_path(stepgraph: Command) -> None:
    for folder in ("a", "b"):
        write(f"{folder}/entry.py", module(workflow("Orders", "rest")))
    assert stepgraph("graph", "a", "b", "-f", "svg").messages[-1] == (
        "stepgraph: svg output holds a single workflow, not 2. All are named `Orders`: pass the path of one,"
        " or write a file for each with -f svg -o DIR/."
    )


@pytest.mark.parametrize("name", ["shop.py/", "shop.py/diagrams/"])
def test_a_file_is_not_a_directory(stepgraph: Command, name: str) -> None:
    assert stepgraph(*GRAPH, name) == Run(2, "", [f"stepgraph: {name} cannot be created: shop.py is a file."])


def test_a_directory_as_output_file_writes_nothing(stepgraph: Command) -> None:
    Path("out/Returns.svg").mkdir(parents=True)
    assert stepgraph(*GRAPH, "out/") == Run(
        2,
        "",
        [
            "stepgraph: out/Returns.svg is a directory, not a file. Name another file, or remove the directory.",
        ],
    )
    assert names("out") == ["Returns.svg"]


def test_a_source_in_the_directory_is_not_overwritten(stepgraph: Command) -> None:
    write("shop.py", module(workflow("Orders", "rest")))
    entry = '{"binding": "O", "name": "wrangler", "class_name": "Orders"}'
    write("wrangler.json", f'{{"main": "shop.py", "workflows": [{entry}]}}')
    assert stepgraph("graph", "-f", "json", "-o", ".").messages == [
        "stepgraph: ./wrangler.json is a source file, so it is not overwritten. Name another file."
    ]


def test_a_failed_write_lists_the_written_files(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("out/Returns.svg", "old")
    replace = os.replace

    def fail(source: str, target: str, **folders: int | None) -> None:
        if target.endswith("Returns.svg"):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", fail)
    assert stepgraph(*GRAPH, "out/") == Run(
        2,
        "",
        ["wrote out/Orders.svg (1 step)", "stepgraph: out/Returns.svg cannot be written: no space left on device."],
    )
    assert Path("out/Returns.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Orders.svg", "Returns.svg"]


def test_ctrl_c_keeps_the_old_files(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("out/Orders.svg", "old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert stepgraph(*GRAPH, "out/").code == 130
    assert Path("out/Orders.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Orders.svg"]


def test_an_impossible_directory_is_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "makedirs", refuse)
    assert stepgraph(*GRAPH, "out/") == Run(2, "", ["stepgraph: out/ cannot be created: permission denied."])


def test_a_folder_without_permission_is_refused(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out").mkdir()

    def not_allowed(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", not_allowed)
    assert stepgraph(*GRAPH, "out/") == Run(2, "", ["stepgraph: out/ cannot be written: permission denied."])


@needs_unix_files
def test_a_folder_may_be_a_link(stepgraph: Command) -> None:
    Path("real").mkdir()
    Path("out").symlink_to("real")
    assert stepgraph(*GRAPH, "out").messages == ["wrote out/Orders.svg (1 step)", "wrote out/Returns.svg (1 step)"]
    assert names("real") == ["Orders.svg", "Returns.svg"]


@needs_unix_files
def test_links_out_of_the_directory_are_refused(stepgraph: Command) -> None:
    write("elsewhere.svg", "old")
    Path("out").mkdir()
    Path("out/Returns.svg").symlink_to("../elsewhere.svg")
    assert stepgraph(*GRAPH, "out") == Run(
        2,
        "",
        ["stepgraph: out/Returns.svg is a link that leads out of the directory. Remove it, or name another directory."],
    )
    assert Path("elsewhere.svg").read_text(encoding="utf-8") == "old"
    assert names("out") == ["Returns.svg"]


@needs_unix_files
def test_a_dangling_link_is_reported(stepgraph: Command) -> None:
    Path("gone").symlink_to("nowhere")
    stderr = ["stepgraph: gone/ cannot be created: it is a broken link."]
    assert stepgraph("graph", "shop.py", "-f", "svg", "-o", "gone/") == Run(2, "", stderr)


def test_incomplete_graphs_of_a_directory_refer_to_check(stepgraph: Command) -> None:
    write_unresolved()
    assert stepgraph("graph", "orders.py", "-f", "svg", "-o", "out/") == Run(
        0, "", ["wrote out/Orders.svg (1 step, incomplete: 1 note, see `stepgraph check`)"]
    )

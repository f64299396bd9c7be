"""`stepgraph render`: drawings of saved graphs."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.graphs import response, save, sleep, without_graph
from tests.cli.sources import module, workflow, write, write_orders
from tests.text_formats import TEXT_DRAWINGS

OUTLINE = "Orders  1 step\n└─ ◔ rest  sleep 1 hour\n"
EXPECTED = "Expected a version graph response of the Workflows API."


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    "data", [response(), response()["graph"], {"result": response(), "success": True}, [response()]]
)
def test_a_saved_graph_is_drawn_as_an_outline(stepgraph: Command, data: object) -> None:
    save("orders.json", data)
    assert stepgraph("render", "orders.json") == Run(0, OUTLINE, [])


def test_a_dash_reads_standard_input(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, json.dumps(response()).encode())
    assert stepgraph("render", "-") == Run(0, OUTLINE, [])


def test_output_of_graph_is_drawn(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", module(workflow("Bee", "rest"), workflow("Ant", "rest")))
    feed(monkeypatch, stepgraph("graph", "-f", "json").out.encode())
    assert [line for line in stepgraph("render", "-").out.splitlines() if "  1 step" in line] == [
        "Bee  1 step",
        "Ant  1 step",
    ]


def test_several_files_are_drawn_once_in_order(stepgraph: Command) -> None:
    save("b.json", response("Bee"))
    save("a.json", response("Ant"))
    run = stepgraph("render", "b.json", "a.json", "b.json")
    assert run.out == f"{OUTLINE}\n{OUTLINE}".replace("Orders", "Bee", 1).replace("Orders", "Ant", 1)


def test_a_workflow_is_selected_by_class_name(stepgraph: Command) -> None:
    save("both.json", [response("Bee"), response()])
    assert stepgraph("render", "both.json", "--workflow", "Orders").out == OUTLINE
    assert stepgraph("render", "both.json", "--workflow", "Order") == Run(
        2, "", ["stepgraph: no workflow named `Order`. Did you mean `Orders`?"]
    )


@pytest.mark.parametrize("form", TEXT_DRAWINGS)
def test_unknown_nodes_are_drawn_in_every_format(stepgraph: Command, form: str) -> None:
    nodes = [
        {"type": "start", "class_name": "Orders", "nodes": [{"type": "block", "nodes": [sleep("in a block")]}]},
        {"type": "novel", "name": "a novelty", "nodes": [sleep("in a novelty")], "colour": "red"},
        {"type": "step_do", "name": "without configuration"},
    ]
    save("orders.json", {"result": response("Orders", *nodes)})
    run = stepgraph("render", "orders.json", "-f", form)
    assert (run.code, run.messages) == (0, [])
    for text in ("in a block", "novel", "in a novelty", "without configuration"):
        assert text in run.out


def test_svg_is_a_document(stepgraph: Command) -> None:
    save("orders.json", response())
    root = ET.fromstring(stepgraph("render", "orders.json", "-f", "svg").out)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_json_is_refused(stepgraph: Command) -> None:
    save("orders.json", response())
    (stderr,) = stepgraph("render", "orders.json", "-f", "json").messages
    assert stderr.startswith("stepgraph: invalid value `json` for `--format`. Available: text, dot,")


def test_a_version_without_a_graph_is_reported(stepgraph: Command) -> None:
    save("both.json", [without_graph("Empty"), response()])
    assert stepgraph("render", "both.json") == Run(
        1, OUTLINE, ["both.json: `Empty` has no graph: the API returned none for this version."]
    )


def test_an_invalid_file_does_not_stop_others(stepgraph: Command) -> None:
    save("broken.json", response("Orders", {"type": "step_sleep", "name": 3}))
    save("orders.json", response())
    assert stepgraph("render", "broken.json", "orders.json") == Run(
        2, OUTLINE, [f"broken.json: graph.workflow.nodes[0].name should be a string, not 3 (and 1 more). {EXPECTED}"]
    )


def test_an_error_of_the_api_is_shown(stepgraph: Command) -> None:
    save("a.json", {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None})
    assert stepgraph("render", "a.json") == Run(
        2, "", ["a.json: the API returned an error: Authentication error (10000)."]
    )


def test_an_empty_array_exits_with_3(stepgraph: Command) -> None:
    save("none.json", [])
    assert stepgraph("render", "none.json") == Run(
        3, "", ["stepgraph: no graph found in none.json: the array is empty."]
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", f"a.json: not JSON: the file is empty. {EXPECTED}"),
        (b"\x7fELF\x02\x01\x00\x00\xff", f"a.json: not JSON: byte 8 is not UTF-8 text. {EXPECTED}"),
        (b"x = 1", f"a.json:1:1: not JSON: expecting value. {EXPECTED}"),
        (b"[" * 100_000, "a.json: nested too deeply: at most 120 nested nodes are supported."),
        (b"[1" + b"0" * 5000 + b"]", "a.json: a number has too many digits."),
        (b"3", f"a.json: the document should be an object, not 3. {EXPECTED}"),
        (b"{}", f"a.json: missing `graph` in the document. {EXPECTED}"),
    ],
)
def test_invalid_graphs_are_refused(stepgraph: Command, content: bytes, text: str) -> None:
    Path("a.json").write_bytes(content)
    assert stepgraph("render", "a.json") == Run(2, "", [text])


def test_a_graph_with_huge_numbers_is_drawn(stepgraph: Command) -> None:
    retries = {"limit": 10**300, "delay": 1.5e308}
    save(
        "a.json", response("Orders", {"type": "step_do", "name": "a", "config": {"retries": retries}, "starts": -1e300})
    )
    for form in TEXT_DRAWINGS:
        assert stepgraph("render", "a.json", "-f", form).code == 0


def test_a_python_file_suggests_graph(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("render", "orders.py") == Run(
        2,
        "",
        ["orders.py: Python code, not JSON. To draw the workflows of a Python file, run `stepgraph graph orders.py`."],
    )


def test_a_folder_and_a_missing_file_are_refused(stepgraph: Command) -> None:
    Path("graphs").mkdir()
    assert stepgraph("render", "graphs", "missing.json") == Run(
        2,
        "",
        [
            "graphs: a directory, not a saved graph. Name the files in it.",
            "missing.json: file not found. Paths are relative to the working directory.",
        ],
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders of Windows")
def test_a_pipe_does_not_block(stepgraph: Command) -> None:
    os.mkfifo("pipe.json")
    assert stepgraph("render", "pipe.json").code == 2


def test_no_file_is_a_usage_error(stepgraph: Command) -> None:
    assert stepgraph("render") == Run(2, "", ["stepgraph: missing FILE. Try `stepgraph render --help`."])


def test_a_file_is_written_and_checked(stepgraph: Command) -> None:
    save("orders.json", response())
    assert stepgraph("render", "orders.json", "-o", "orders.txt") == Run(0, "", ["wrote orders.txt (1 step)"])
    assert Path("orders.txt").read_text(encoding="utf-8") == OUTLINE
    assert stepgraph("render", "orders.json", "-o", "orders.txt", "--check") == Run(0, "", [])
    save("orders.json", response("Orders", sleep("longer")))
    assert stepgraph("render", "orders.json", "-o", "orders.txt", "--check") == Run(
        1, "", ["orders.txt is out of date: run `stepgraph render orders.json -o orders.txt`"]
    )


def test_files_of_a_folder_are_named_after_the_classes(stepgraph: Command) -> None:
    save("both.json", [response("Bee"), response("Orders")])
    assert stepgraph("render", "both.json", "-f", "svg", "-o", "drawn/") == Run(
        0, "", ["wrote drawn/Bee.svg (1 step)", "wrote drawn/Orders.svg (1 step)"]
    )


def test_the_saved_graph_is_not_overwritten(stepgraph: Command) -> None:
    save("orders.json", response())
    assert stepgraph("render", "orders.json", "-f", "text", "-o", "orders.json") == Run(
        2, "", ["stepgraph: orders.json is a source file, so it is not overwritten. Name another file."]
    )


def test_a_workflow_without_nodes_is_refused(stepgraph: Command) -> None:
    graph = {"version": 1, "workflow": {"class_name": "Mine", "functions": {}, "nods": []}}
    write("a.json", json.dumps({"graph": graph}))
    assert stepgraph("render", "a.json") == Run(2, "", [f"a.json: graph.workflow.nodes is missing. {EXPECTED}"])

"""`stepgraph graph`: its output and messages."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import module, workflow, write, write_orders, write_unresolved
from tests.text_formats import TEXT_DRAWINGS

ORDERS_JSON = """\
{
  "id": "e17428e0-05ae-5d9e-989b-003169012cd6",
  "class_name": "Orders",
  "created_on": "2026-01-02T03:04:05Z",
  "modified_on": "2026-01-02T03:04:05Z",
  "workflow_id": "bf0f79d3-70f7-5ab1-8913-551d3fa38419",
  "graph": {
    "version": 1,
    "workflow": {
      "class_name": "Orders",
      "functions": {},
      "nodes": [
        {
          "type": "step_sleep",
          "name": "rest",
          "duration": "1 hour"
        }
      ]
    }
  }
}
"""


def test_json_of_one_workflow_is_one_object(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("graph", "orders.py", "-f", "json").out == ORDERS_JSON


def test_json_of_several_workflows_is_an_array_in_source_order(stepgraph: Command) -> None:
    write("b.py", module(workflow("Zebra", "rest"), workflow("Ant", "rest")))
    write("a.py", module(workflow("Bee", "rest")))
    graphs = json.loads(stepgraph("graph", "-f", "json").out)
    assert [graph["class_name"] for graph in graphs] == ["Bee", "Zebra", "Ant"]


def test_json_of_a_selected_workflow_is_one_object(stepgraph: Command) -> None:
    write("a.py", module(workflow("Bee", "rest"), workflow("Ant", "rest")))
    assert json.loads(stepgraph("graph", "-f", "json", "--workflow", "Ant").out)["class_name"] == "Ant"


def test_json_of_an_ambiguous_name_is_an_array(stepgraph: Command) -> None:
    write("a.py", module(workflow("Bee", "rest")))
    write("b.py", module(workflow("Bee", "work")))
    assert len(json.loads(stepgraph("graph", "-f", "json", "--workflow", "Bee").out)) == 2


def test_text_is_the_default_and_an_outline(stepgraph: Command) -> None:
    write_orders()
    run = stepgraph("graph", "orders.py")
    assert run.out.splitlines()[0] == "Orders  orders.py:4  1 step · complete"
    assert (run.code, run.messages) == (0, [])


def test_outlines_are_separated_by_empty_lines(stepgraph: Command) -> None:
    write("a.py", module(workflow("Bee", "rest"), workflow("Ant", "rest")))
    first, second = stepgraph("graph").out.split("\n\n")
    assert first.startswith("Bee  a.py:4")
    assert second.startswith("Ant  a.py:9")


def test_dot_has_one_graph_per_workflow(stepgraph: Command) -> None:
    write("a.py", module(workflow("Bee", "rest"), workflow("Ant", "rest")))
    out = stepgraph("graph", "-f", "dot").out
    assert out.count("digraph") == 2
    assert out.index("Bee") < out.index("Ant")


def test_the_default_command_is_graph(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph() == stepgraph("graph", ".")


def test_a_dash_reads_standard_input(stepgraph: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    content = module(workflow("Orders", "rest")).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert stepgraph("graph", "-", "-f", "json").out == ORDERS_JSON


def test_a_dash_as_output_is_standard_output(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("graph", "-f", "json", "-o", "-").out == ORDERS_JSON


def test_the_same_input_gives_the_same_bytes(stepgraph: Command) -> None:
    for name in "cab":
        write(f"{name}/{name}.py", module(workflow(name.upper(), "rest")))
    assert stepgraph("graph", "-f", "json") == stepgraph("graph", "-f", "json")


def test_notes_are_part_of_the_outline(stepgraph: Command) -> None:
    write_unresolved()
    run = stepgraph("graph")
    assert "mystery" in run.out
    assert run.messages == []


def test_notes_of_json_are_on_standard_error(stepgraph: Command) -> None:
    write_unresolved()
    run = stepgraph("graph", "-f", "json")
    (stderr,) = run.messages
    assert stderr.startswith("orders.py:")
    assert "mystery" in stderr
    assert json.loads(run.out)["class_name"] == "Orders"


def test_quiet_omits_notes(stepgraph: Command) -> None:
    write_unresolved()
    assert stepgraph("graph", "-f", "json", "--quiet").messages == []


@pytest.mark.parametrize("form", TEXT_DRAWINGS)
def test_a_workflow_without_a_graph_is_reported(stepgraph: Command, form: str) -> None:
    write("orders.py", module(workflow("Orders")))
    run = stepgraph("graph", "-f", form)
    assert (run.code, run.out) == (1, "")
    assert run.messages[0] == "orders.py:4:1: `Orders` has no graph: no step can run."


def test_an_unresolved_workflow_without_a_graph_may_have_steps(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders") + "        await mystery(step)\n"))
    assert stepgraph("graph").messages[0] == "orders.py:4:1: `Orders` has no graph: its steps cannot be resolved."


def test_json_of_a_workflow_without_a_graph_is_null(stepgraph: Command) -> None:
    write("orders.py", module(workflow("Orders")))
    run = stepgraph("graph", "-f", "json")
    assert run.code == 1
    assert json.loads(run.out)["graph"] is None


REMARKS = {
    "svg": ">incomplete: 1 note</tspan>",
    "dot": 'label="Orders\\nincomplete: 1 note\\n"',
    "mermaid": "Orders<br/>incomplete#58; 1 note",
}
"""The remark on an incomplete graph in each drawing that does not contain the notes themselves."""


def test_each_drawing_has_a_remark_or_notes() -> None:
    without = [name for name, form in TEXT_DRAWINGS.items() if not form.shows_notes and name not in REMARKS]
    assert without == [], "add the remark of these formats to REMARKS"


@pytest.mark.parametrize("form", REMARKS)
def test_drawings_of_an_incomplete_graph_say_so(stepgraph: Command, form: str) -> None:
    write_unresolved()
    assert REMARKS[form] in stepgraph("graph", "orders.py", "-f", form).out


def test_the_picture_of_a_page_has_the_remark(stepgraph: Command) -> None:
    write_unresolved()
    assert REMARKS["svg"] in stepgraph("graph", "orders.py", "-f", "html").out


def test_drawings_of_a_complete_graph_have_no_remark(stepgraph: Command) -> None:
    write_orders()
    assert "incomplete" not in "".join(stepgraph("graph", "orders.py", "-f", form).out for form in REMARKS)


def test_outline_is_another_name_of_text(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("graph", "orders.py", "-f", "outline") == stepgraph("graph", "orders.py", "-f", "text")


def test_names_of_formats_ignore_case(stepgraph: Command) -> None:
    write_orders()
    assert stepgraph("graph", "orders.py", "-f", "SVG") == stepgraph("graph", "orders.py", "-f", "svg")

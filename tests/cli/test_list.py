"""`stepgraph list`: the table and the JSON."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write, write_unresolved


@pytest.fixture(autouse=True)
def workflows(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write_unresolved()
    write("pay/cards.py", module(workflow("ChargeCard", *"abcdefghij"), workflow("Empty")))


def test_the_table_has_names_and_locations(stepgraph: Command) -> None:
    run = stepgraph("list")
    assert run.out == (
        "NAME        CLASS       WHERE            STEPS  GRAPH  COMPLETE\n"
        "Orders      Orders      orders.py:5          1  yes    no\n"
        "ChargeCard  ChargeCard  pay/cards.py:4      10  yes    yes\n"
        "Empty       Empty       pay/cards.py:18      0  no     yes\n"
    )
    assert (run.code, run.messages) == (0, [])


def test_columns_align_wide_characters(stepgraph: Command) -> None:
    write("b.py", module(workflow("注文", "rest"), workflow("Orders", "rest")))
    assert stepgraph("list", "b.py").out == (
        "NAME    CLASS   WHERE   STEPS  GRAPH  COMPLETE\n"
        "注文    注文    b.py:4      1  yes    yes\n"
        "Orders  Orders  b.py:9      1  yes    yes\n"
    )


def test_json_is_always_an_array(stepgraph: Command) -> None:
    assert json.loads(stepgraph("list", "orders.py", "--format", "json").out) == [
        {
            "name": "Orders",
            "class_name": "Orders",
            "script_name": None,
            "path": "orders.py",
            "line": 5,
            "steps": 1,
            "has_dag": True,
            "complete": False,
            "version": {
                "id": "e17428e0-05ae-5d9e-989b-003169012cd6",
                "class_name": "Orders",
                "created_on": "2026-01-02T03:04:05Z",
                "modified_on": "2026-01-02T03:04:05Z",
                "workflow_id": "bf0f79d3-70f7-5ab1-8913-551d3fa38419",
                "has_dag": True,
                "language": "python",
            },
        }
    ]


def test_valid_files_are_listed_despite_an_invalid_one(stepgraph: Command) -> None:
    write("broken.py", SYNTAX_ERROR)
    run = stepgraph("list", "broken.py", "orders.py")
    assert run.code == 2
    assert "Orders" in run.out
    assert run.messages[0].startswith("broken.py:2:5: syntax error")


def test_a_cause_of_many_files_is_counted(stepgraph: Command) -> None:
    lines = stepgraph("list", *(f"gone{number}.py" for number in range(12))).messages
    assert lines[9:] == [
        "gone9.py: file not found. Paths are relative to the working directory.",
        "2 more files: file not found. Paths are relative to the working directory.",
    ]


def test_no_workflows_exit_with_3(stepgraph: Command) -> None:
    write("none/a.py", "x = 1\n")
    run = stepgraph("list", "none")
    assert (run.code, run.out) == (3, "")

"""`--workflow NAME` selects workflows."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import module, workflow, write


@pytest.fixture(autouse=True)
def workflows(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write("a.py", module(workflow("ChargeCard", "rest"), workflow("RefundCard", "rest"), workflow("Empty")))


def test_a_misspelled_name_suggests_similar_ones(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "chargecart")
    assert (run.code, run.out) == (2, "")
    assert run.messages == ["stepgraph: no workflow named `chargecart`. Did you mean `ChargeCard`?"]


def test_an_unknown_name_lists_all_names(stepgraph: Command) -> None:
    assert stepgraph("graph", "--workflow", "xyz").messages == [
        "stepgraph: no workflow named `xyz`. Available: `ChargeCard`, `RefundCard`, `Empty`."
    ]


def test_a_single_name_is_in_the_singular(stepgraph: Command) -> None:
    write("b.py", module(workflow("Orders", "rest")))
    assert stepgraph("graph", "b.py", "--workflow", "xyz").messages == [
        "stepgraph: no workflow named `xyz`. Available: `Orders`."
    ]


def test_long_lists_of_names_are_cut(stepgraph: Command) -> None:
    write("b.py", module(*(workflow(f"W{number}", "rest") for number in range(10))))
    (stderr,) = stepgraph("graph", "b.py", "--workflow", "xyz").messages
    assert stderr.endswith("Available: `W0`, `W1`, `W2`, `W3`, `W4`, `W5`, `W6`, `W7` and 2 more.")


def test_several_names_select_several_workflows(stepgraph: Command) -> None:
    run = stepgraph("graph", "-q", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert run.code == 0
    assert [line.split()[0] for line in run.out.splitlines() if "a.py" in line] == ["ChargeCard", "RefundCard"]


def test_patterns_select_workflows(stepgraph: Command) -> None:
    run = stepgraph("graph", "-q", "--workflow", "*Card")
    assert [line.split()[0] for line in run.out.splitlines() if "a.py" in line] == ["ChargeCard", "RefundCard"]
    assert stepgraph("graph", "--workflow", "x*").messages == [
        "stepgraph: no workflow named `x*`. Available: `ChargeCard`, `RefundCard`, `Empty`."
    ]


def test_each_name_must_exist(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "RefundCard", "--workflow", "ChargeCart")
    assert (run.code, run.out) == (2, "")
    assert run.messages == ["stepgraph: no workflow named `ChargeCart`. Did you mean `ChargeCard`?"]


def test_several_names_select_saved_graphs(stepgraph: Command) -> None:
    stepgraph("graph", "-f", "json", "-o", "saved.json", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    drawn = stepgraph("render", "saved.json", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert [line.split()[0] for line in drawn.out.splitlines() if "step" in line] == ["ChargeCard", "RefundCard"]


def test_several_names_select_compared_workflows(stepgraph: Command) -> None:
    write("b.py", module(workflow("ChargeCard", "work"), workflow("RefundCard", "work"), workflow("Empty", "work")))
    run = stepgraph("diff", "a.py", "b.py", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert [line.split()[0] for line in run.out.splitlines() if "b.py:" in line] == ["ChargeCard", "RefundCard"]


def test_unselected_workflows_may_lack_graphs(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "ChargeCard")
    assert (run.code, run.messages) == (0, [])

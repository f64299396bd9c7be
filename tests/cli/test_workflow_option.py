"""`--workflow NAME`: one of the workflows."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Command
from tests.cli.sources import module, workflow, write


@pytest.fixture(autouse=True)
def workflows(stepgraph: Command) -> None:  # noqa: ARG001 - it changes into the folder
    write("a.py", module(workflow("ChargeCard", "rest"), workflow("RefundCard", "rest"), workflow("Empty")))


def test_a_name_with_a_slip_is_answered_with_the_near_ones(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "chargecart")
    assert (run.code, run.out) == (2, "")
    assert run.told == ["stepgraph: no workflow is named `chargecart`. Did you mean `ChargeCard`?"]


def test_a_name_like_no_other_is_answered_with_all(stepgraph: Command) -> None:
    assert stepgraph("graph", "--workflow", "xyz").told == [
        "stepgraph: no workflow is named `xyz`. There are `ChargeCard`, `RefundCard`, `Empty`."
    ]


def test_the_only_other_name_is_said_in_the_singular(stepgraph: Command) -> None:
    write("b.py", module(workflow("Orders", "rest")))
    assert stepgraph("graph", "b.py", "--workflow", "xyz").told == [
        "stepgraph: no workflow is named `xyz`. There is `Orders`."
    ]


def test_of_many_names_the_first_are_said(stepgraph: Command) -> None:
    write("b.py", module(*(workflow(f"W{number}", "rest") for number in range(10))))
    (told,) = stepgraph("graph", "b.py", "--workflow", "xyz").told
    assert told.endswith("There are `W0`, `W1`, `W2`, `W3`, `W4`, `W5`, `W6`, `W7` and 2 more.")


def test_several_names_select_several_workflows(stepgraph: Command) -> None:
    run = stepgraph("graph", "-q", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert run.code == 0
    assert [line.split()[0] for line in run.out.splitlines() if "a.py" in line] == ["ChargeCard", "RefundCard"]


def test_each_of_several_names_has_to_exist(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "RefundCard", "--workflow", "ChargeCart")
    assert (run.code, run.out) == (2, "")
    assert run.told == ["stepgraph: no workflow is named `ChargeCart`. Did you mean `ChargeCard`?"]


def test_several_names_select_saved_graphs(stepgraph: Command) -> None:
    stepgraph("graph", "-f", "json", "-o", "saved.json", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    drawn = stepgraph("render", "saved.json", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert [line.split()[0] for line in drawn.out.splitlines() if "step" in line] == ["ChargeCard", "RefundCard"]


def test_several_names_select_compared_workflows(stepgraph: Command) -> None:
    write("b.py", module(workflow("ChargeCard", "work"), workflow("RefundCard", "work"), workflow("Empty", "work")))
    run = stepgraph("diff", "a.py", "b.py", "--workflow", "RefundCard", "--workflow", "ChargeCard")
    assert [line.split()[0] for line in run.out.splitlines() if "b.py:" in line] == ["ChargeCard", "RefundCard"]


def test_a_workflow_that_was_not_asked_for_may_have_no_graph(stepgraph: Command) -> None:
    run = stepgraph("graph", "--workflow", "ChargeCard")
    assert (run.code, run.told) == (0, [])

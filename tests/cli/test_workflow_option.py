"""`--workflow NAME` selects workflows."""

from __future__ import annotations

import json

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


SHARED = """\
from workers import WorkflowEntrypoint


class Base(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("pay")
        async def pay():
            return 1

        await pay(1)


class Charge(Base):
    pass


class Refund(Base):
    async def run(self, event, step):
        await super().run(event, step)
        step.sleep("rest", "1 hour")
"""


def test_a_check_reports_only_selected_workflows(stepgraph: Command) -> None:
    write("b.py", SHARED)

    assert _codes(stepgraph, "--workflow", "Refund") == ["SG118", "SG203"]
    assert _codes(stepgraph, "--workflow", "Charge") == ["SG118"]
    assert _codes(stepgraph, "--workflow", "*d", "--workflow", "Charge") == ["SG118", "SG203"]


def _codes(stepgraph: Command, *arguments: str) -> list[str]:
    run = stepgraph("check", "-f", "json", "b.py", *arguments)
    return [finding["code"] for finding in json.loads(run.out)["findings"]]


def test_a_shared_finding_names_a_selected_workflow(stepgraph: Command) -> None:
    write("b.py", SHARED)

    for _ in ("analyzed", "from the cache"):
        report = json.loads(stepgraph("check", "-f", "json", "b.py", "--workflow", "Refund").out)
        assert [finding["workflow"] for finding in report["findings"]] == ["Refund", "Refund"]
        assert [workflow["name"] for workflow in report["workflows"]] == ["Refund"]


def test_a_check_of_an_unknown_workflow_is_an_error(stepgraph: Command) -> None:
    run = stepgraph("check", "--workflow", "chargecart")

    assert (run.code, run.out) == (2, "")
    assert run.messages == ["stepgraph: no workflow named `chargecart`. Did you mean `ChargeCard`?"]


def test_a_baseline_is_not_updated_for_some_workflows(stepgraph: Command) -> None:
    run = stepgraph("check", "--workflow", "Empty", "--baseline", "b.json", "--update-baseline")

    message = "--update-baseline writes the findings of all workflows, so omit --workflow."
    assert (run.code, run.messages) == (2, [f"stepgraph: {message} Try `stepgraph check --help`."])


def test_a_list_has_only_selected_workflows(stepgraph: Command) -> None:
    run = stepgraph("list", "--workflow", "*Card")

    assert [line.split()[0] for line in run.out.splitlines()[1:]] == ["ChargeCard", "RefundCard"]

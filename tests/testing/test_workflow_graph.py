"""The methods of `WorkflowGraph` except those about the order of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from stepgraph import InputError, analyze_source
from stepgraph.model.payload import Node, Step
from stepgraph.model.walk import is_step
from stepgraph.testing import (
    AmbiguousStepError,
    NoGraphError,
    StepNotFoundError,
    StepSettings,
    WorkflowGraph,
)
from stepgraph.testing.workflow_graph import settings_of
from tests.model.payloads import NODES
from tests.render.graphs import DEFAULTS, ORDERS, do, graph

NAP: Node = {"type": "step_sleep", "name": "nap", "duration": "1 hour"}
UNTIL: Node = {"type": "step_sleep_until", "name": "until", "timestamp": "2030-01-02"}
WAIT: Node = {"type": "step_wait_for_event", "name": "wait", "options": {"event_type": "paid", "timeout": "24 hours"}}
EAGER = do("a", config={"retries": {"limit": 9, "delay": 5, "backoff": "linear"}, "timeout": 7})

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            EAGER,
            StepSettings(name="a", kind="do", retries=9, delay=5, backoff="linear", timeout=7),
        ),
        (NAP, StepSettings(name="nap", kind="sleep", duration="1 hour")),
        (UNTIL, StepSettings(name="until", kind="sleep_until", timestamp="2030-01-02")),
        (WAIT, StepSettings(name="wait", kind="wait_for_event", event_type="paid", timeout="24 hours")),
        ({"type": "step_wait_for_event", "name": "any"}, StepSettings(name="any", kind="wait_for_event")),
    ],
)
def test_a_step_has_the_settings_of_its_kind(node: Node, expected: StepSettings) -> None:
    assert WorkflowGraph.of(graph(node)).step(expected.name) == expected


STEPS = [node for node in NODES.values() if is_step(node)]
NOT_IN_SETTINGS = {"type", "nodes", "starts", "resolves"}


def scalars(value: object) -> Iterator[object]:
    """Yield the strings and numbers in the settings of a step."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in NOT_IN_SETTINGS:
                yield from scalars(inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from scalars(item)
    else:
        yield value


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["type"])
def test_the_kind_is_the_type_without_its_prefix(step: Step) -> None:
    assert settings_of(step).kind == step["type"].removeprefix("step_")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["type"])
def test_settings_have_each_value_of_a_step(step: Step) -> None:
    settings = list(scalars(asdict(settings_of(step))))
    missing = [value for value in scalars(step) if value not in settings]
    assert missing == [], f"`settings_of` in testing/workflow_graph.py lacks these values of a `{step['type']}`"


def test_retries_are_those_of_the_step_or_the_engines_default() -> None:
    drawn = WorkflowGraph.of(graph(EAGER, do("b")))
    assert (drawn.retries("a"), drawn.retries("b")) == (9, 5)


def test_only_step_do_has_retries() -> None:
    with pytest.raises(
        StepNotFoundError, match="`nap` has no retries: its kind is `sleep`, and only `do` steps have them"
    ):
        WorkflowGraph.of(graph(NAP)).retries("nap")


def test_steps_with_equal_names_and_settings_are_unambiguous() -> None:
    assert WorkflowGraph.of(graph(EAGER, EAGER)).retries("a") == 9


def test_steps_with_equal_names_and_other_settings_are_ambiguous() -> None:
    drawn = WorkflowGraph.of(graph(EAGER, do("a", config=DEFAULTS)))
    with pytest.raises(AmbiguousStepError, match="Orders has 2 steps `a` with different retries: 9, 5"):
        drawn.retries("a")


@pytest.mark.parametrize("ask", ["step", "retries"])
def test_an_unknown_name_gets_suggestions(ask: str) -> None:
    drawn = WorkflowGraph.of(graph(do("charge card"), do("load order")))
    with pytest.raises(StepNotFoundError, match=r"Orders has no step `charge crad`\. Did you mean `charge card`\?"):
        getattr(drawn, ask)("charge crad")


def test_the_name_of_a_run_shows_the_computed_name() -> None:
    drawn = WorkflowGraph.of(graph(do("order: {name}"), do("load {item}")))
    expected = r"no step `order: charge`\. It may be a run of `order: {name}`, whose name the code computes\. "
    with pytest.raises(StepNotFoundError, match=expected):
        drawn.step("order: charge")


def test_a_graph_without_steps_gets_no_suggestions() -> None:
    with pytest.raises(StepNotFoundError, match=r"Orders has no step `a`\. It has no steps\."):
        WorkflowGraph.of(graph()).step("a")


@pytest.mark.parametrize("ask", ["runs_before", "concurrent"])
def test_an_order_requires_existing_steps(ask: str) -> None:
    drawn = WorkflowGraph.of(graph(do("charge card"), do("load order")))
    with pytest.raises(StepNotFoundError, match=r"Orders has no step `x`\. Available: `charge card`, `load order`\."):
        getattr(drawn, ask)("charge card", "x")


def test_a_graph_can_be_made_from_any_payload() -> None:
    (workflow,) = analyze_source(SOURCE).workflows
    expected = WorkflowGraph.of(workflow)
    assert workflow.graph is not None
    assert expected == WorkflowGraph.of(workflow.graph)
    assert expected == WorkflowGraph.of(workflow.graph["workflow"])
    assert expected == WorkflowGraph.of(workflow.version_graph())
    assert hash(expected) == hash(WorkflowGraph.of(workflow.graph))
    assert expected != WorkflowGraph.of(ORDERS)


def test_other_documents_are_rejected() -> None:
    with pytest.raises(InputError, match=r"<graph>: missing `graph` in the document\."):
        WorkflowGraph.of({"steps": []})  # type: ignore[arg-type]


def test_a_missing_graph_is_explained_by_the_notes() -> None:
    (workflow,) = analyze_source(SOURCE.replace("await step.sleep", "step.do")).workflows
    with pytest.raises(NoGraphError, match="The workflow has no graph, because no step can run"):
        WorkflowGraph.of(workflow)


def test_its_text_is_the_outline_with_notes() -> None:
    (workflow,) = analyze_source(SOURCE + "        await elsewhere(step)\n", "orders.py").workflows
    text = str(WorkflowGraph.of(workflow))
    assert text.startswith(
        "Orders  1 step · incomplete: 1 note\n└─ ◔ rest  sleep 1 hour\n\nNotes\n1. note[SG004]  orders.py:7:"
    )


def test_its_representation_has_a_fingerprint() -> None:
    texts = {repr(WorkflowGraph.of(each)) for each in (ORDERS, graph(EAGER), graph(do("a")))}
    assert len(texts) == 3
    assert repr(WorkflowGraph.of(graph(EAGER))).startswith("<WorkflowGraph Orders: 1 step, ")


def test_its_drawings_are_text() -> None:
    drawn = WorkflowGraph.of(graph(do("a")))
    assert str(drawn.as_outline()) == "Orders  1 step\n└─ ● a\n"
    assert drawn.as_outline() == "Orders  1 step\n└─ ● a\n"
    assert "\nflowchart TB\n" in str(drawn.as_mermaid())
    assert str(drawn.as_dot()).startswith("digraph")
    assert str(drawn.as_svg()).startswith("<svg")


def test_equal_drawings_have_equal_hashes() -> None:
    first, second = WorkflowGraph.of(graph(do("a"))), WorkflowGraph.of(graph(do("b")))
    assert len({first.as_outline(), first.as_outline(), second.as_outline()}) == 2


def test_graphs_and_drawings_differ_from_other_values() -> None:
    drawn = WorkflowGraph.of(graph(do("a")))
    assert drawn != "Orders"
    assert drawn.as_outline() != drawn

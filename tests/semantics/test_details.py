"""Details that the payload lacks: the source text of loops, handlers, exits and calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import libcst as cst
import pytest

from stepgraph.analysis import DetailLevel, MissingTextsError, WorkflowRecord
from stepgraph.graph import computed_texts, details
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.model.details import NO_DETAILS, Detail, Details, from_indexed, parts_of
from stepgraph.model.payload import Graph
from stepgraph.project.sources import find_sources
from stepgraph.render.outline import render_outline
from stepgraph.render.view import View
from stepgraph.source_analysis import analyze_graphs, check_sources
from stepgraph.syntax import construct_text
from stepgraph.syntax.definitions import value_sources
from stepgraph.syntax.definitions.variable_changes import BlockStatement, changes_before_exits
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import code_without_layout
from tests.semantics.details import details_of
from tests.semantics.notation import HEADER, dependent_workflow_of, module_of
from tests.semantics.notation import workflow_of as workflow_of_body


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ("for item in event['payload']['items']:\n    await a()", 'for item in event["payload"]["items"]'),
        ("async for row in event:\n    await a()", "async for row in event"),
        ("while not event['done']:\n    await a()", 'while not event["done"]'),
        ("x = [await a() for y in event if y for z in y]", "for y in event if y"),
        ("for item in [\n    1,  # first\n    x,\n]:\n    await a()", "for item in [1, x]"),
        ("for (x, y) in event:\n    await a()", "for x, y in event"),
        ("while (event and\n       step):\n    await a()", "while event and step"),
    ],
)
def test_a_loop_has_its_head(body: str, head: str) -> None:
    assert details_of(body)[0] == head


@pytest.mark.parametrize(
    ("call", "is_exhaustive"),
    [
        ('await {"x": a, "y": b}[event["kind"]]()', True),
        ('await {"x": a, "y": b}.get(event["kind"])()', True),
        ('match event["kind"]:\n    case "x": await a()\n    case "y": await b()', False),
    ],
)
def test_one_branch_of_a_lookup_always_runs(call: str, is_exhaustive: bool) -> None:  # noqa: FBT001
    workflow = workflow_of_body(call)
    assert workflow.graph is not None
    (choice,) = workflow.graph["workflow"]["nodes"]
    assert workflow.details.of(choice).is_exhaustive == is_exhaustive


@pytest.mark.parametrize("members", ["*[a() for y in event if y]", "*(a() for y in event if y)"])
def test_a_concurrent_loop_has_its_head(members: str) -> None:
    assert details_of(f"await asyncio.gather({members})") == ["gather", "for y in event if y"]


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("await asyncio.gather(a(), b())", ["gather"]),
        ("await asyncio.wait([asyncio.create_task(a()), asyncio.create_task(b())])", ["wait"]),
        ("async with asyncio.TaskGroup() as tg:\n    tg.create_task(a())\n    tg.create_task(b())", ["TaskGroup"]),
        ("x, y = asyncio.create_task(a()), asyncio.create_task(b())\nawait x\nawait y", []),
    ],
)
def test_a_group_has_its_function(body: str, source: list[str]) -> None:
    assert details_of(body) == source


@pytest.mark.parametrize(
    ("handlers", "head"),
    [
        ("except ValueError as error:\n    await b()", "except ValueError as error"),
        ("except (KeyError, ValueError):\n    await b()", "except (KeyError, ValueError)"),
        ("except:\n    await b()", "except"),
        ("except* ValueError:\n    await b()", "except* ValueError"),
    ],
)
def test_a_single_handler_has_its_head(handlers: str, head: str) -> None:
    assert details_of(f"try:\n    await a()\n{handlers}")[0] == head


def test_each_of_several_handlers_has_its_head() -> None:
    body = "try:\n    await a()\nexcept (KeyError) as error:\n    await b()\nexcept Exception:\n    await c()"
    assert details_of(body) == ["except", "except KeyError as error", "except Exception"]


def test_a_suppressing_manager_has_its_source() -> None:
    body = "with contextlib.suppress(KeyError, ValueError):\n    await a()"
    assert details_of(body)[0] == "with contextlib.suppress(KeyError, ValueError)"


def test_a_break_of_a_loop_has_its_statement() -> None:
    assert details_of("while True:\n    await a()\n    if event: break") == ["while True", "break"]


def unprotected_in(body: str) -> list[str]:
    """Return the names or types of the nodes and blocks in the `else` of a `try`, in document order."""
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    return [
        str(part.get("name", part.get("type")))
        for part in parts_of(workflow.graph)
        if workflow.details.of(part).in_else
    ]


def test_nodes_of_an_else_are_not_protected() -> None:
    body = "try:\n    await a()\nexcept KeyError:\n    await b()\nelse:\n    if event: await c()\n    await d()"
    assert unprotected_in(body) == ["block", "if", "d"]


@pytest.mark.parametrize(
    ("body", "is_unhandled"),
    [
        ("try:\n    await a()\nfinally:\n    print()", True),
        ("try:\n    await a()\nfinally:\n    await b()", True),
        ("try:\n    await a()\nfinally:\n    if event: raise KeyError", True),
        ("try:\n    await a()\nexcept KeyError:\n    pass", False),
        ("try:\n    await a()\nfinally:\n    if event: return", False),
    ],
)
def test_errors_leave_a_try_without_handlers(body: str, is_unhandled: bool) -> None:  # noqa: FBT001
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    (node,) = workflow.graph["workflow"]["nodes"]
    assert workflow.details.of(node).is_unhandled is is_unhandled


def test_all_nodes_of_a_body_may_be_in_the_else() -> None:
    body = "try:\n    x = int(event)\nexcept ValueError:\n    await b()\nelse:\n    await c()"
    assert unprotected_in(body) == ["block", "c"]


def test_an_else_in_a_branch_is_drawn_with_the_body() -> None:
    body = "try:\n    if event: raise KeyError\n    await a()\nexcept KeyError:\n    await b()\nelse:\n    await c()"
    assert unprotected_in(body) == []


def test_an_else_awaiting_a_task_of_the_body_joins_the_body() -> None:
    body = """
        try:
            task = asyncio.create_task(a())
            await b()
        except KeyError:
            await c()
        else:
            await task
            await d()
    """
    assert unprotected_in(body) == []


def test_a_call_has_its_arguments() -> None:
    body = "async def go(name, *rest, why=None):\n    await a()\nawait go('x', *event, why={'k': 1})"
    assert details_of(body) == ['("x", *event, why={"k": 1})']


def test_a_callback_is_not_an_argument_of_its_own_call() -> None:
    body = "async def send(x): await a()\nasync with contextlib.AsyncExitStack() as stack:\n"
    assert "(1, x=2)" in details_of(f"{body}    stack.push_async_callback(send, 1, x=2)\n    await b()")


@pytest.mark.parametrize("calls", ["map(go, event)", "itertools.starmap(go, event)"])
def test_a_call_for_each_element_has_no_arguments(calls: str) -> None:
    body = f"import itertools\nasync def go(name):\n    await a()\nawait asyncio.gather(*{calls})"
    assert details_of(body) == ["gather"]


def test_a_task_has_the_arguments_of_its_call() -> None:
    body = "async def go(name):\n    await a()\ntask = asyncio.create_task(go('x'))\nawait b()\nawait task"
    assert details_of(body) == ['("x")']


def test_a_long_text_is_cut() -> None:
    (text,) = details_of(f"return_value = '{'x' * 200}'\nfor item in ('{'y' * 200}', event):\n    await a()")
    assert len(text) == 120
    assert text.endswith("…")


def predecessors_in(details: Details, graph: Graph) -> dict[object, tuple[str, ...]]:
    """Return the predecessors that clocks do not show, by the name of the node."""
    named = ((part.get("name"), details.of(part).predecessors) for part in parts_of(graph))
    return {name: predecessors for name, predecessors in named if predecessors}


@pytest.mark.parametrize(
    ("steps", "predecessors"),
    [
        ("a b(a) c d(c) *e(b, d) *f(a, d) *g(e, f)", {"d": ("c",)}),
        ("a b c(a) d(a, b) *g(c, d)", {}),
    ],
)
def test_details_have_the_order_that_clocks_lose(steps: str, predecessors: dict[object, tuple[str, ...]]) -> None:
    workflow = dependent_workflow_of(steps, "await g()")
    assert workflow.graph is not None
    assert predecessors_in(workflow.details, workflow.graph) == predecessors
    copy = WorkflowRecord.of(workflow, DetailLevel.DRAWING).restore()
    assert copy.graph is not None
    assert predecessors_in(copy.details, copy.graph) == predecessors


def test_details_survive_as_plain_data() -> None:
    workflow = workflow_of_body("for x in event:\n    await a()\n    if x: break\nawait b()")
    copy = WorkflowRecord.of(workflow, DetailLevel.DRAWING).restore()
    assert copy.graph is not None
    assert [copy.details.source(part) for part in parts_of(copy.graph) if copy.details.source(part)] == [
        "for x in event",
        "break",
    ]


def test_checks_and_api_responses_need_no_details(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "orders.py"
    path.write_text(
        "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
        "    async def run(self, event, step):\n        for x in event:\n            await step.sleep('rest', 1)\n"
    )
    described: list[Graph] = []

    def describe(graph: Graph, *_: object) -> Details:
        described.append(graph)
        return NO_DETAILS

    monkeypatch.setattr(details, "describe", describe)

    check_sources(find_sources([str(path)]))
    IncrementalAnalysis().check(find_sources([str(path)]))
    analyze_graphs(find_sources([str(path)]), details=DetailLevel.NONE)
    assert not described
    analyze_graphs(find_sources([str(path)]))
    assert len(described) == 1


def test_drawings_need_no_computed_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = workflow_of_body("if event: await a()")
    assert workflow.graph is not None
    monkeypatch.setattr(computed_texts, "compute_texts", lambda *_: pytest.fail("texts were computed"))
    assert "if event" in workflow.outline()


@pytest.mark.slow
def test_computed_texts_survive_as_plain_data() -> None:
    workflow = workflow_of_body("limit = 2\nif limit < event: await a()")
    copy = WorkflowRecord.of(workflow, DetailLevel.COMPARISON).restore()
    assert copy.graph is not None
    branch = next(part for part in parts_of(copy.graph) if "condition" in part)
    assert copy.comparable_details.texts_of(branch).definition == "2 < __0 with __0 = <parameter 1 of run>"


def test_a_record_for_drawings_is_not_compared() -> None:
    copy = WorkflowRecord.of(workflow_of_body("await a()"), DetailLevel.DRAWING).restore()
    with pytest.raises(MissingTextsError):
        _ = copy.comparable_details


def test_details_of_another_graph_are_ignored() -> None:
    workflow = workflow_of_body("await a()")
    assert workflow.graph is not None
    assert from_indexed(workflow.graph, ((99, Detail("for x in xs")),)).items == []


def test_a_workflow_without_a_graph_has_no_details() -> None:
    (workflow,) = module_of(f"{HEADER}        return 1").workflows
    assert workflow.graph is None
    assert workflow.details.items == ()


def test_an_outline_shows_details_in_place_of_types() -> None:
    workflow = workflow_of_body("for x in event:\n    await a()\n    if x:\n        return x")
    assert workflow.graph is not None
    with_details = render_outline(workflow.graph, View(details=workflow.details), color=False)
    without = render_outline(workflow.graph, color=False)
    assert "↻ for x in event" in with_details
    assert "◇ if x: return x" in with_details
    assert "↻ loop" in without
    assert Details().source(workflow.graph["workflow"]["nodes"][0]) == ""


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ("if order: return order", "if order:\n        return order  # paid", True),
        ("x = (order,\n        1,)", "x = order, 1", True),
        ("pay(*order)", "pay(order)", False),
        ("pay(order[1:])", "pay(order[:1])", False),
        ("pay(order, total(order))", "pay(order, total, order)", False),
        ('pay(f"{order!r}")', 'pay(f"{order}")', False),
        ("while order:\n        pay()\n        total()", "while order:\n        pay()\n    total()", False),
    ],
)
def test_the_code_of_a_function(before: str, after: str, is_same: bool) -> None:  # noqa: FBT001
    functions = [
        _function(f'@step.do("charge")\nasync def charge(order):\n    {code}\nawait charge()')
        for code in (before, after)
    ]
    assert all(functions)
    assert (functions[0] == functions[1]) is is_same


def test_a_function_is_written_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[cst.CSTNode] = []

    def code(node: cst.CSTNode) -> str:
        written.append(node)
        return code_without_layout(node)

    monkeypatch.setattr(construct_text, "code_without_layout", code)
    workflow = workflow_of_body('@step.do("charge")\nasync def charge(): pass\nawait charge()\nawait charge()')
    assert workflow.graph is not None
    assert all(workflow.comparable_details.texts_of(step).function for step in workflow.graph["workflow"]["nodes"])
    assert len(written) == 2  # the parameters and the body


@pytest.mark.parametrize(
    ("declaration", "is_same"),
    [
        ('@step.do("pay")\nasync def charge(order): return order.total', True),
        ('@step.do("charge", config={"timeout": 1})\nasync def charge(order): return order.total', True),
        ('@step.do("charge")\nasync def charge(order): return order.net', False),
        ('@step.do("charge")\nasync def pay(order): return order.total', False),
        ("@step.do()\nasync def charge(order): return order.total", False),
    ],
)
def test_the_function_of_a_step(declaration: str, is_same: bool) -> None:  # noqa: FBT001
    first = '@step.do("charge")\nasync def charge(order): return order.total'
    functions = [
        _function(f"{text}\nawait {text.split('def ')[1].split('(')[0]}(event)") for text in (first, declaration)
    ]
    assert all(functions)
    assert (functions[0] == functions[1]) is is_same


def _function(body: str) -> str:
    workflow = workflow_of_body(body)
    assert workflow.graph is not None
    (step,) = workflow.graph["workflow"]["nodes"]
    return workflow.comparable_details.texts_of(step).function


def test_code_beyond_the_limit_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of 100 lists that share an object has 100 changes, of which 3,000 are read."""
    searches: list[int] = []

    def record(
        writes: Sequence[cst.CSTNode],
        blocks: Iterable[BlockStatement],
        function: cst.FunctionDef,
        module: SourceModule,
    ) -> Iterator[int]:
        searches.append(len(writes))
        return changes_before_exits(writes, blocks, function, module)

    monkeypatch.setattr(value_sources, "changes_before_exits", record)
    names = [f"x{number}" for number in range(100)]
    lines = [" = ".join([*names, "[]"]), *(f"{name}.append(event)" for name in names)]
    workflow = workflow_of_body("\n".join([*lines, 'await step.sleep(f"{x0}", 5)']))
    assert workflow.comparable_details is not None
    assert 20 < len(searches) < 50

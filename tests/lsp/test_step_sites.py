"""The places in source code that concern the steps of a workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.cli.live_projects import open_live_project
from stepgraph.live.live_project import LiveWorkflow
from stepgraph.lsp.steps.step_sites import StepSites, nodes_by_declaration, step_sites
from tests.cli.sources import IMPORT, write

LEGACY = (
    '{"name": "w", "main": "entry.py", "compatibility_date": "2026-01-01", "compatibility_flags": ["python_workers"]}'
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def workflow(body: str, **modules: str) -> LiveWorkflow:
    """Return a workflow with the body of `run`, which may import other modules."""
    imports = "".join(f"from {name} import *\n" for name in modules)
    lines = "".join(f"        {line}\n" if line else "\n" for line in body.strip().splitlines())
    write("entry.py", f"{IMPORT}{imports}class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n{lines}")
    for name, text in modules.items():
        write(f"{name}.py", text)
    (result,) = open_live_project(lambda: ["."]).refresh().workflows
    return result


def sites_of(sites: StepSites, name: str) -> list[str]:
    """Return the kind and the source of each place of a step, with the step that depends on it."""
    (step,) = (each for each in sites.steps if each.name == name)
    return [
        f"{site.kind.value} {site.place.text}" + (f" of {site.dependent.name}" if site.dependent else "")
        for site in sites.of(step)
    ]


def test_a_step_has_a_name_a_function_and_calls() -> None:
    sites = step_sites(
        workflow("""
@step.do("reserve stock")
async def reserve(): ...
await reserve()
tasks = [reserve]
await tasks[0]()
""")
    )
    assert sites_of(sites, "reserve stock") == [
        'name "reserve stock"',
        "function reserve",
        "call reserve",
        "reference reserve",
        "call tasks[0]",
    ]


def test_parameters_belong_to_the_steps_that_they_name() -> None:
    sites = step_sites(
        workflow("""
@step.do("order")
async def load(): ...
@step.do()
async def charge(order, ctx=None): ...
@step.do()
async def refund(order): ...
await charge()
""")
    )
    assert sites_of(sites, "order") == [
        'name "order"',
        "function load",
        "parameter order of charge",
        "parameter order of refund",  # which never runs
    ]
    order, charge, refund = sites.steps
    assert [sites.dependencies(step) for step in (charge, refund)] == [[order], [order]]


def test_entries_of_depends_are_dependencies() -> None:
    write("wrangler.json", LEGACY)
    sites = step_sites(
        workflow("""
@step.do("load")
async def load(): ...
@step.do("charge", depends=[load])
async def charge(order): ...
await charge()
""")
    )
    assert sites_of(sites, "load") == [
        'name "load"',
        "function load",
        "depends load of charge",
        "parameter order of charge",
    ]


def test_steps_in_other_modules_count() -> None:
    helper = (
        "async def pack(step, fn):\n    @step.do()\n    async def wrap(load): ...\n    await fn()\n    await wrap()\n"
    )
    sites = step_sites(workflow("@step.do()\nasync def load(): ...\nawait pack(step, load)\n", helpers=helper))
    assert sites_of(sites, "load") == ["function load", "reference load", "parameter load of wrap", "call fn"]
    assert sites_of(sites, "wrap") == ["function wrap", "call wrap"]


def test_a_step_of_an_assigned_function() -> None:
    sites = step_sites(workflow('pay = step.do("pay")(card)\nawait pay()\n', helpers="async def card(): ...\n"))
    assert sites_of(sites, "pay") == ["reference pay", 'name "pay"', "argument card", "call pay", "function card"]


def test_sleeps_and_event_waits_have_names() -> None:
    orders = workflow(
        'await step.sleep("rest", "1 day")\nfor i in "ab":\n    await step.wait_for_event(f"event {i}", type="e")'
    )
    sites = step_sites(orders)
    assert [(step.work, step.name) for step in sites.steps] == [("sleep", "rest"), ("wait", "event {i}")]
    assert sites_of(sites, "rest") == ["call step.sleep", 'name "rest"']
    assert [site.step.name for site in sites.at("entry.py", 4, 27)] == ["rest"]


def test_a_step_has_a_node_for_each_run() -> None:
    orders = workflow("@step.do()\nasync def load(): ...\nawait load()\nawait load()\n")
    (step,) = step_sites(orders).steps
    assert [node["type"] for node in nodes_by_declaration(orders.analysis)[step.declaration.span]] == ["step_do"] * 2

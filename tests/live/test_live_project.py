"""The state of a project that is being edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from stepgraph.checks.filtering import FilteredFindings
from stepgraph.cli.live_projects import open_live_project
from stepgraph.graph.details import describe
from stepgraph.graph.places import Places
from stepgraph.live.live_project import LiveProject, ProjectState
from stepgraph.model.details import NO_DETAILS, Details
from stepgraph.model.payload import Graph
from stepgraph.project.sources import Sources, find_sources
from stepgraph.syntax.modules import Importer
from tests.cli.sources import IMPORT, module, workflow, write, write_orders
from tests.serve.conftest import worker

BROKEN = f"{IMPORT}\ndef (:\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served() -> LiveProject:
    return open_live_project(lambda: ["."])


def names(state: ProjectState) -> Sequence[tuple[str, bool]]:
    """Return the name in URLs of each workflow, and whether its state is old."""
    return [(each.slug, each.is_old) for each in state.workflows]


def write_worker(name: str) -> None:
    for path, text in worker(name).items():
        write(path, text)


def test_the_last_good_graph_stays_while_a_file_is_broken() -> None:
    write_orders()
    project = served()
    graph = project.refresh().workflows[0].drawn.graph
    write("orders.py", BROKEN)
    state = project.refresh()
    assert names(state) == [("Orders", True)]
    assert state.workflows[0].drawn.graph == graph
    assert [problem.location for problem in state.problems] == ["orders.py:3:5"]
    write_orders()
    state = project.refresh()
    assert (names(state), state.problems) == ([("Orders", False)], ())


def test_a_deleted_workflow_is_no_longer_served() -> None:
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "rest")))
    project = served()
    project.refresh()
    write("shop.py", module(workflow("Returns", "rest")))
    assert names(project.refresh()) == [("Returns", False)]


def test_a_broken_configuration_keeps_the_names_of_its_workflows() -> None:
    write_worker("orders")
    write_worker("returns")
    project = served()
    assert names(project.refresh()) == [("orders", False), ("returns", False)]
    write("orders/wrangler.toml", "name = [")
    assert names(project.refresh()) == [("orders", True), ("returns", False)]
    write_worker("orders")
    assert names(project.refresh()) == [("orders", False), ("returns", False)]


def test_equal_names_are_numbered_and_keep_their_numbers() -> None:
    for path in ("a.py", "b.py"):
        write(path, module(workflow("Orders", "rest")))
    project = served()
    assert names(project.refresh()) == [("Orders", False), ("Orders~2", False)]
    write("a.py", BROKEN)
    assert names(project.refresh()) == [("Orders", True), ("Orders~2", False)]


def test_the_state_before_the_last_change_of_the_graph_is_kept() -> None:
    write_orders()
    project = served()
    before = project.refresh().workflows[0]
    assert before.before is None
    write("orders.py", module(workflow("Orders", "rest", "ship")))
    changed = project.refresh().workflows[0].before
    write("orders.py", "# A comment.\n" + module(workflow("Orders", "rest", "ship")))
    commented = project.refresh().workflows[0].before
    assert changed is not None
    assert commented is changed
    assert changed.graph == before.analysis.graph


def test_the_earlier_state_is_described_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    described: list[Graph] = []

    def count(graph: Graph, places: Places, labels: Mapping[str, str], importer: Importer | None) -> Details:
        described.append(graph)
        return describe(graph, places, labels, importer)

    monkeypatch.setattr("stepgraph.graph.details.describe", count)
    write_orders()
    project = served()
    project.refresh()
    write("orders.py", module(workflow("Orders", "rest", "ship")))
    before = project.refresh().workflows[0].before
    assert described == []
    assert before is not None
    assert before.details != NO_DETAILS
    assert described == [before.graph]


def test_a_deleted_project_keeps_its_last_state(folder: Path) -> None:
    write("shop/orders.py", module(workflow("Orders", "rest")))
    project = LiveProject(
        lambda: find_sources(("shop",), None), lambda _, findings: (FilteredFindings(tuple(findings)), ())
    )
    project.refresh()
    (folder / "shop" / "orders.py").unlink()
    (folder / "shop").rmdir()
    state = project.refresh()
    assert names(state) == [("Orders", True)]
    assert [problem.path for problem in state.problems] == ["shop"]


def test_a_defect_is_a_problem_and_the_next_analysis_goes_on() -> None:
    write_orders()
    failures = [ZeroDivisionError()]

    def find() -> Sources:
        if project.state.number == 1:
            raise failures.pop()
        return find_sources((".",), None)

    project = LiveProject(find, lambda _, findings: (FilteredFindings(tuple(findings)), ()))
    project.refresh()
    assert [problem.path for problem in project.refresh().problems] == ["project"]
    assert (names(project.refresh()), project.state.problems) == ([("Orders", False)], ())


def test_names_in_urls_are_safe() -> None:
    write("wrangler.toml", worker("orders")["orders/wrangler.toml"].replace('name = "orders"', 'name = "a/b %2f ü"'))
    write("src/entry.py", worker("orders")["orders/src/entry.py"])
    assert names(served().refresh()) == [("a-b-2f-", False)]

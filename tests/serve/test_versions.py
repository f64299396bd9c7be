"""The versions of workflows in the commits of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.payload import Graph
from stepgraph.project.git import Revision, revision_of
from stepgraph.project.revision_files import revision_folder
from stepgraph.project.sources import find_sources
from stepgraph.serve import versions
from stepgraph.serve.versions import WorkflowHistory
from stepgraph.source_analysis import analyze_graphs
from tests.cli import edited_projects
from tests.cli.repositories import commit, make_repository, needs_git
from tests.project.trees import plant
from tests.serve.conftest import worker
from tests.serve.serving import ACCOUNT, WORKFLOWS, Served, serve

pytestmark = needs_git


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a repository with two Workers, which were committed on January 1."""
    monkeypatch.chdir(tmp_path)
    make_repository()
    plant(tmp_path, {**worker("orders"), **worker("refunds")})
    commit(date=day(1))
    return tmp_path


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00Z"


def change(folder: Path, date: str, hours: int) -> None:
    """Commit another duration of the sleep in the workflow `orders`."""
    plant(folder, worker("orders", hours))
    commit(date=date)


def change_comment(folder: Path, date: str) -> None:
    """Commit a change of the workflow `orders` that does not change its graph."""
    entry = folder / "orders/src/entry.py"
    entry.write_text(entry.read_text() + "# a comment\n")
    commit(date=date)


def sleeps_of(served: Served, name: str = "orders") -> list[tuple[object, int, int]]:
    """Return the duration of the sleep in each version, and the days on which it was created and modified."""
    versions = list(served.client.workflows.versions.list(name, account_id=ACCOUNT))
    return [(sleep_of(served, name, each.id), each.created_on.day, each.modified_on.day) for each in versions]


def sleep_of(served: Served, name: str, version: str) -> object:
    response = served.client.workflows.versions.graph(version, account_id=ACCOUNT, workflow_name=name)
    assert response.graph is not None
    return response.graph.workflow.nodes[0].to_dict()["duration"]


@pytest.mark.slow
def test_commits_that_change_the_graph_are_versions(folder: Path) -> None:
    change(folder, day(2), 2)
    change_comment(folder, day(3))
    plant(folder, worker("refunds", 9))
    commit(date=day(4))
    change(folder, day(5), 1)
    plant(folder, worker("orders", 3))
    expected: Sequence[tuple[object, int, int]] = [("3 hours", 1, 5), ("1 hours", 1, 5), ("2 hours", 2, 2)]
    served = serve()
    assert sleeps_of(served) == expected
    assert sleeps_of(served) == expected


@pytest.mark.slow
def test_committed_working_tree_has_the_dates_of_its_commit(folder: Path) -> None:
    change(folder, day(2), 2)
    change_comment(folder, day(3))
    assert sleeps_of(serve()) == [("2 hours", 2, 2), ("1 hours", 1, 1)]


@pytest.mark.slow
def test_new_commits_and_edits_are_noticed(folder: Path) -> None:
    served = serve()
    assert sleeps_of(served) == [("1 hours", 1, 1)]
    change(folder, day(2), 2)
    served.project.refresh()
    assert sleeps_of(served) == [("2 hours", 2, 2), ("1 hours", 1, 1)]


@pytest.mark.slow
def test_imported_modules_and_configurations_change_versions(folder: Path) -> None:
    entry = folder / "orders/src/entry.py"
    text = entry.read_text()
    plant(folder, {"orders/src/durations.py": "REST = '5 hours'\n"})
    entry.write_text("from durations import REST\n" + text.replace('"1 hours"', "REST"))
    commit(date=day(2))
    plant(folder, {"orders/src/durations.py": "REST = '6 hours'\n"})
    commit(date=day(3))
    assert sleeps_of(serve()) == [("6 hours", 3, 3), ("5 hours", 2, 2), ("1 hours", 1, 1)]


@pytest.mark.slow
def test_commits_before_the_workflow_or_with_errors_are_left_out(folder: Path) -> None:
    plant(folder, worker("returns"))
    commit(date=day(2))
    plant(folder, {"returns/src/entry.py": "def (:\n"})
    commit(date=day(3))
    plant(folder, worker("returns", 2))
    commit(date=day(4))
    assert sleeps_of(serve(), "returns") == [("2 hours", 4, 4), ("1 hours", 2, 2)]


@pytest.mark.slow
def test_workflow_without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_repository()
    for number, hours in enumerate((1, 2), start=1):
        plant(tmp_path, {"src/entry.py": worker("orders", hours)["orders/src/entry.py"]})
        commit(date=day(number))
    assert sleeps_of(serve(("src/entry.py",)), "Orders") == [("2 hours", 2, 2), ("1 hours", 1, 1)]


@pytest.mark.slow
def test_a_commit_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(folder, day(2), 2)
    served = serve()
    before = sleeps_of(served)
    monkeypatch.delattr(versions, "switchable_folder")
    assert sleeps_of(served) == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_history_equals_the_analysis_of_whole_commits(folder: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same each time
    edited_projects.start(folder / "orders", random)
    revisions = []
    for _ in range(8):
        edited_projects.edit(folder / "orders", random)
        revisions.append(revision_of(str(folder), commit()))
    random.shuffle(revisions)
    served = serve()
    history = WorkflowHistory(str(folder), None)
    for workflow in served.project.state.workflows:
        for revision in revisions:
            assert revision is not None
            earlier = history.at(workflow, revision)
            assert (earlier and earlier.graph) == whole_graph(workflow, revision)


def whole_graph(workflow: LiveWorkflow, revision: Revision) -> Graph | None:
    """Return the graph of a workflow by the analysis of all files of a revision."""
    selections = [workflow.inputs.configuration, workflow.inputs.path]
    with revision_folder(revision) as folder:
        present = [path for name in selections if name is not None and (path := Path(folder) / name).is_file()]
        sources = find_sources(present[:1])
        workflows = analyze_graphs(sources).workflows
    return next((each.graph for each in workflows if each.name == workflow.name), None)


def test_update_answers_what_would_change(folder: Path) -> None:
    plant(folder, worker("orders", 2))
    body = b'{"class_name": "Orders", "script_name": "orders-worker"}'
    response = serve().request("PUT", f"{WORKFLOWS}/orders", body).json()
    assert [each["message"] for each in response["messages"]] == [
        "nothing is deployed.",
        "1 change in 1 workflow (1 breaking). Compared the merge base of main and HEAD with the working tree.",
        (
            "sleep 'rest': duration 1 hours → 2 hours "
            "(breaking: instances at or after it may sleep again when they resume)"
        ),
    ]

"""`assert workflow_graph(...) == snapshot`."""

from __future__ import annotations

import json
import sys

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension

from stepgraph import analyze_source
from stepgraph.model.saved import read_saved_graphs
from tests.cli.graphs import without_graph
from tests.pytest_plugin.projects import CHANGED, INCOMPLETE, ORDERS, TEST, run, snapshots, write

pytest_plugins = ["pytester"]

SNAPSHOT = "tests/__snapshots__/test_orders/test_orders.json"


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS, "tests/test_orders.py": TEST})


def updated(pytester: pytest.Pytester, test: str = TEST) -> None:
    write(pytester.path, {"tests/test_orders.py": test})
    assert run(pytester, "--snapshot-update").ret == pytest.ExitCode.OK


@pytest.mark.slow
def test_a_missing_snapshot_fails_with_instructions(pytester: pytest.Pytester) -> None:
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert OrderWorkflow has no snapshot yet.",
            "*Run `pytest --snapshot-update` to write it to tests/__snapshots__/test_orders/*.json.",
        ]
    )
    assert snapshots(pytester.path) == []


@pytest.mark.slow
def test_updating_writes_the_graph_as_json(pytester: pytest.Pytester) -> None:
    updated(pytester)
    text = (pytester.path / SNAPSHOT).read_text(encoding="utf-8")
    (workflow,) = analyze_source(ORDERS).workflows
    assert json.loads(text) == workflow.graph
    assert read_saved_graphs(text)[0].graph == workflow.graph
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_change_of_formatting_keeps_the_snapshot(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {"src/entry.py": "# moved down\n\n" + ORDERS})
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_failure_lists_the_changes_of_the_graph(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {"src/entry.py": CHANGED})
    result = run(pytester, "-vv")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert OrderWorkflow does not match its snapshot.",
            "*If the change is intended, run `pytest --snapshot-update`.",
            "*~ step 'charge card': retries 3 → 7",
            "*+ sleep 'rest' added after 'charge card'",
        ]
    )
    result.stdout.no_fnmatch_line('*"step_do"*')


@pytest.mark.slow
def test_each_form_has_its_own_file(pytester: pytest.Pytester) -> None:
    test = """\
def test_orders(workflow_graph, snapshot):
    graph = workflow_graph("src/entry.py", "OrderWorkflow")
    assert graph == snapshot
    assert graph.as_outline() == snapshot
    assert graph.as_mermaid() == snapshot
    assert graph.as_dot() == snapshot
    assert graph.as_svg() == snapshot(name="picture")
"""
    updated(pytester, test)
    folder = "tests/__snapshots__/test_orders/test_orders"
    suffixes = [".1.txt", ".2.mmd", ".3.dot", ".json", "[picture].svg"]
    assert snapshots(pytester.path) == [f"{folder}{suffix}" for suffix in suffixes]
    outline = (pytester.path / f"{folder}.1.txt").read_text(encoding="utf-8")
    assert outline == "OrderWorkflow  2 steps\n├─ ● load order\n└─ ● charge card  3 retries\n"
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_an_extension_sets_the_form_of_all_comparisons(pytester: pytest.Pytester) -> None:
    test = f"""\
import pytest
from stepgraph.testing.snapshots import OutlineSnapshot

@pytest.fixture
def snapshot(snapshot):
    return snapshot.use_extension(OutlineSnapshot)

{TEST}"""
    updated(pytester, test)
    assert snapshots(pytester.path) == ["tests/__snapshots__/test_orders/test_orders.txt"]
    write(pytester.path, {"src/entry.py": CHANGED})
    result = run(pytester, "-vv")
    result.stdout.fnmatch_lines(["*+├─ ● charge card  7 retries"])


@pytest.mark.slow
def test_the_order_of_a_comparison_does_not_matter(pytester: pytest.Pytester) -> None:
    updated(
        pytester, "def test_orders(workflow_graph, snapshot):\n    assert snapshot == workflow_graph('src/entry.py')"
    )
    run(pytester).assert_outcomes(passed=1)
    write(pytester.path, {"src/entry.py": CHANGED})
    run(pytester).assert_outcomes(failed=1)


@pytest.mark.slow
def test_a_snapshot_without_a_graph_is_reported(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {SNAPSHOT: "<<<<<<< ours\n"})
    result = run(pytester, "-vv")
    result.stdout.fnmatch_lines(["*The snapshot contains no graph: *test_orders.json:1:1: *"])


@pytest.mark.slow
def test_a_response_without_a_graph_is_reported(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {SNAPSHOT: json.dumps(without_graph("OrderWorkflow"))})
    result = run(pytester, "-vv")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The snapshot contains no graph."])


@pytest.mark.slow
def test_a_snapshot_with_a_byte_order_mark_matches(pytester: pytest.Pytester) -> None:
    updated(pytester)
    path = pytester.path / SNAPSHOT
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_an_undecodable_snapshot_is_reported_and_updated(pytester: pytest.Pytester) -> None:
    updated(pytester)
    (pytester.path / SNAPSHOT).write_bytes(b"\xff")
    result = run(pytester, "-vv")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The snapshot contains no graph: *test_orders.json:1:1: not JSON*"])
    run(pytester, "--snapshot-update").assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_snapshot_with_several_graphs_is_reported(pytester: pytest.Pytester) -> None:
    updated(pytester)
    graph = json.loads((pytester.path / SNAPSHOT).read_bytes())
    write(pytester.path, {SNAPSHOT: json.dumps([graph, graph])})
    run(pytester, "-vv").stdout.fnmatch_lines(["*The snapshot contains 2 graphs, not one."])


@pytest.mark.slow
def test_a_directory_in_place_of_a_snapshot_is_reported(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS, "tests/test_orders.py": TEST})
    (pytester.path / SNAPSHOT).mkdir(parents=True)
    run(pytester, "-vv").stdout.fnmatch_lines(["*assert *test_orders.json: a directory, not a snapshot. Remove it."])


@pytest.mark.slow
def test_a_file_in_place_of_a_snapshot_directory_is_reported(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS, "tests/test_orders.py": TEST, "tests/__snapshots__": ""})
    result = run(pytester, "--snapshot-update", "-vv")
    result.stdout.fnmatch_lines(["*assert *test_orders cannot be created: *"])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_unused_snapshot_that_cannot_be_removed_is_a_warning(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    updated(pytester)
    (pytester.path / SNAPSHOT).with_name("test_old.json").write_bytes(b"")
    monkeypatch.setattr(SingleFileSnapshotExtension, "delete_snapshots", refuse)
    result = run(pytester, "--snapshot-update")
    result.stdout.fnmatch_lines(["*UnusedSnapshotWarning: *test_old.json cannot be removed: permission denied."])


@pytest.mark.slow
def test_the_extension_rejects_other_values(pytester: pytest.Pytester) -> None:
    test = """\
from stepgraph.testing.snapshots import WorkflowSnapshot

def test_orders(snapshot):
    assert 3 == snapshot.use_extension(WorkflowSnapshot)
"""
    write(pytester.path, {"tests/test_orders.py": test})
    result = run(pytester)
    result.stdout.fnmatch_lines(["*TypeError: WorkflowSnapshot compares the graphs of workflows, not int.*"])


@pytest.mark.slow
def test_other_comparisons_keep_their_explanations(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {"tests/test_orders.py": f"{TEST}\n\ndef test_list():\n    assert [1] == [2]\n"})
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*assert [[]1] == [[]2]", "E*At index 0 diff: 1 != 2"])


@pytest.mark.slow
def test_an_unused_snapshot_is_removed_by_an_update(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {"tests/test_orders.py": TEST.replace("test_orders", "test_renamed")})
    run(pytester, "--snapshot-update", "--snapshot-no-cleanup")
    result = run(pytester, "--snapshot-details")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*1 snapshot passed. 1 snapshot unused.*"])
    assert run(pytester, "--snapshot-update").ret == pytest.ExitCode.OK
    assert snapshots(pytester.path) == ["tests/__snapshots__/test_orders/test_renamed.json"]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_incomplete_graph_is_marked_and_warned_about(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": INCOMPLETE})
    result = run(pytester, "-vv")
    result.stdout.fnmatch_lines(
        [
            "*OrderWorkflow  2 steps · incomplete: 1 note",
            "*1. note[[]SG004[]]  src/entry.py:13:25",
            "*IncompleteGraphWarning: the graph of OrderWorkflow is incomplete, and may lack steps:*",
        ]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_newly_incomplete_graph_is_explained(pytester: pytest.Pytester) -> None:
    updated(pytester)
    write(pytester.path, {"src/entry.py": CHANGED.replace("await load()", "await load()\n        await other(step)")})
    result = run(pytester, "-vv")
    result.stdout.fnmatch_lines(
        [
            "*~ step 'charge card': retries 3 → 7",
            "*The graph is incomplete, and may lack steps:",
            "*src/entry.py:13:21: *",
        ]
    )


@pytest.mark.slow
def test_a_changed_picture_is_explained_by_its_texts(pytester: pytest.Pytester) -> None:
    updated(pytester, TEST.replace(" == snapshot", ".as_svg() == snapshot"))
    write(pytester.path, {"src/entry.py": CHANGED})
    result = run(pytester, "-vv")
    result.stdout.fnmatch_lines(["*-3 retries", "*+7 retries"])
    result.stdout.no_fnmatch_line("*<g *")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("link", ["tests/__snapshots__", "tests/__snapshots__/test_orders/test_orders.json"])
def test_snapshots_stay_inside_the_project(pytester: pytest.Pytester, link: str) -> None:
    outside = pytester.path.parent / f"{pytester.path.name}-outside"
    (outside / "test_orders").mkdir(parents=True)
    secret = outside / "test_orders" / "test_orders.json"
    secret.write_text("hunter2", encoding="utf-8")
    write(pytester.path, {"src/entry.py": ORDERS, "tests/test_orders.py": TEST})
    (pytester.path / link).parent.mkdir(parents=True, exist_ok=True)
    (pytester.path / link).symlink_to(outside if link.endswith("__") else secret)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*hunter2*")
    run(pytester, "--snapshot-update")
    assert secret.read_text(encoding="utf-8") == "hunter2"
    assert [path.name for path in outside.rglob("*")] == ["test_orders", "test_orders.json"]

"""The fixture `workflow_graph`: identifying workflows, and messages about missing ones."""

from __future__ import annotations

import textwrap

import pytest

from tests.pytest_plugin.projects import BROKEN, ORDERS, REFUNDS, run, write

pytest_plugins = ["pytester"]

CONFIGURATION = """\
{
  "name": "shop",
  "main": "src/entry.py",
  "compatibility_date": "2026-03-01",
  "workflows": [{"name": "orders", "binding": "ORDERS", "class_name": "OrderWorkflow"}]
}
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS, "wrangler.jsonc": CONFIGURATION})


def run_test(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    test = "def test_it(workflow_graph, tmp_path, pytestconfig):\n" + textwrap.indent(body, "    ")
    write(pytester.path, {"tests/test_it.py": test})
    return run(pytester)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        '"src/entry.py", "OrderWorkflow"',
        '"src/entry.py", "orders"',
        '"src/entry.py"',
        '"orders"',
        '"OrderWorkflow"',
        '".", "orders"',
        '"wrangler.jsonc"',
        'pytestconfig.rootpath / "src/entry.py"',
    ],
)
def test_a_workflow_is_identified_by_file_and_name(pytester: pytest.Pytester, arguments: str) -> None:
    body = f"assert workflow_graph({arguments}).steps() == ['load order', 'charge card']"
    run_test(pytester, body).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_workflow_is_identified_by_class_without_execution(pytester: pytest.Pytester) -> None:
    write(
        pytester.path,
        {
            "workers.py": "class WorkflowEntrypoint: ...",
            "tests/test_it.py": """\
import sys
sys.path[:0] = [".", "src"]
from entry import OrderWorkflow

def test_it(workflow_graph):
    del sys.modules["workers"]
    assert workflow_graph(OrderWorkflow).steps() == ["load order", "charge card"]
    assert "workers" not in sys.modules
""",
        },
    )
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_class_without_a_file_is_reported(pytester: pytest.Pytester) -> None:
    result = run_test(pytester, "workflow_graph(type('W', (), {'__module__': 'nowhere'}))")
    result.stdout.fnmatch_lines(["E *WorkflowNotFoundError: the class `W` is not defined in a file."])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            '"src/entry.py", "OrderWorkflw"',
            "*WorkflowNotFoundError: src/entry.py has no workflow `OrderWorkflw`. Did you mean `OrderWorkflow`?",
        ),
        ('"order"', "*WorkflowNotFoundError: *has no workflow `order`. Did you mean `orders`*"),
        ('"xyz"', "*WorkflowNotFoundError: *has no workflow `xyz`. Available: `orders (OrderWorkflow)`*"),
        ('"src/other.py"', "*InputError: src/other.py: *"),
    ],
)
def test_a_missing_workflow_gets_suggestions(pytester: pytest.Pytester, arguments: str, message: str) -> None:
    result = run_test(pytester, f"workflow_graph({arguments})")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E {message}"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        'workflow_graph("src/entri.py", "OrderWorkflow")',
        'workflow_graph("orders").runs_before("load order", "charge")',
        'workflow_graph("orders").concurrent("load order", "charge")',
        'workflow_graph("orders").retries("charge")',
    ],
)
def test_failures_are_shown_in_the_test(pytester: pytest.Pytester, body: str) -> None:
    result = run_test(pytester, body)
    result.assert_outcomes(failed=1)
    shown = str(result.stdout)
    assert "tests/test_it.py:2:" in shown
    assert "stepgraph/testing/" not in shown
    assert "stepgraph/api.py" not in shown


def test_a_syntax_error_is_reported_with_its_position(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": BROKEN})
    result = run_test(pytester, 'workflow_graph("src/entry.py", "OrderWorkflow")')
    result.stdout.fnmatch_lines(["E *InputError: src/entry.py:12:*"])


def test_an_invalid_configuration_is_reported(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"wrangler.jsonc": "{"})
    result = run_test(pytester, 'workflow_graph("wrangler.jsonc")')
    result.stdout.fnmatch_lines(["E*InputError: wrangler.jsonc:1:2: not valid JSON: *"])


@pytest.mark.slow
def test_an_unreadable_file_precedes_a_missing_workflow(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"more/broken.py": BROKEN})
    result = run_test(pytester, 'workflow_graph("more", "RefundWorkflow")')
    result.stdout.fnmatch_lines(["E*InputError: more/broken.py:12:19: syntax error: *"])


@pytest.mark.slow
def test_a_file_without_workflows_is_reported(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/other.py": "x = 1\n"})
    result = run_test(pytester, 'workflow_graph("src/other.py")')
    result.stdout.fnmatch_lines(
        ["E*WorkflowNotFoundError: src/other.py has no workflow. `stepgraph list` shows the probable reason."]
    )


def test_a_file_may_be_anywhere(pytester: pytest.Pytester) -> None:
    body = f"""\
path = tmp_path / "refunds.py"
path.write_text({REFUNDS!r}, encoding="utf-8")
assert workflow_graph(path).class_name == "RefundWorkflow"
"""
    run_test(pytester, body).assert_outcomes(passed=1)


@pytest.mark.slow
def test_several_workflows_without_a_name_are_ambiguous(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/both.py": ORDERS + REFUNDS})
    result = run_test(pytester, 'workflow_graph("src/both.py")')
    result.stdout.fnmatch_lines(["E *AmbiguousWorkflowError: src/both.py has 2 matching workflows: *"])


def test_a_workflow_without_steps_has_no_graph(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS.replace("await load()", "return")})
    result = run_test(pytester, 'workflow_graph("src/entry.py", "OrderWorkflow")')
    result.stdout.fnmatch_lines(["E *NoGraphError: The workflow has no graph, because no step can run."])


def test_an_invalid_log_fails_in_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS})
    result = run_test(pytester, 'workflow_graph("src/entry.py").accepts({"status": "running"})')
    result.stdout.fnmatch_lines(["E *InputError: <log>: not the log of an instance: it has no `steps`. *"])
    result.stdout.no_fnmatch_line("*log.py:*")


@pytest.mark.slow
def test_a_file_is_analyzed_again_only_after_a_change(pytester: pytest.Pytester) -> None:
    body = """\
first = workflow_graph("src/entry.py")
assert workflow_graph("src/entry.py").graph is first.graph
path = pytestconfig.rootpath / "src/entry.py"
path.write_text(path.read_text().replace("load order", "fetch order"))
assert workflow_graph("src/entry.py").steps() == ["fetch order", "charge card"]
"""
    run_test(pytester, body).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_deleted_file_is_reported(pytester: pytest.Pytester) -> None:
    body = """\
workflow_graph("src/entry.py")
(pytestconfig.rootpath / "src/entry.py").unlink()
workflow_graph("src/entry.py")
"""
    result = run_test(pytester, body)
    result.stdout.fnmatch_lines(["E*InputError: src/entry.py: file not found.*"])


def test_a_missing_file_names_the_root_of_the_tests(pytester: pytest.Pytester) -> None:
    result = run_test(pytester, 'workflow_graph("entry.py")\n')
    result.stdout.fnmatch_lines([f"E*InputError: entry.py: file not found. Paths are relative to {pytester.path}."])


def test_with_the_plugin_disabled_there_is_no_fixture(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"tests/test_it.py": "def test_it(workflow_graph): ..."})
    result = run(pytester, "-p", "no:stepgraph")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *fixture 'workflow_graph' not found"])


@pytest.mark.slow
def test_a_session_without_graphs_imports_only_the_plugin(pytester: pytest.Pytester) -> None:
    test = """\
import sys

def test_it():
    ours = {name for name in sys.modules if name.split(".")[0] == "stepgraph"}
    assert ours == {"stepgraph", "stepgraph.lazy_names", "stepgraph.pytest_plugin"}
    assert not {"libcst", "pydantic", "click"} & set(sys.modules)
"""
    write(pytester.path, {"tests/test_it.py": test})
    pytester.runpytest_subprocess().assert_outcomes(passed=1)

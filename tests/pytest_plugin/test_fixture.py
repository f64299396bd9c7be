"""The fixture `workflow_graph`: which workflow it gives, and what it says of one that is not there."""

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


def tried(pytester: pytest.Pytester, body: str) -> pytest.RunResult:
    test = "def test_it(workflow_graph, tmp_path, pytestconfig):\n" + textwrap.indent(body, "    ")
    write(pytester.path, {"tests/test_it.py": test})
    return run(pytester)


@pytest.mark.parametrize(
    "arguments",
    [
        '"src/entry.py", "OrderWorkflow"',
        '"src/entry.py", "orders"',
        '"src/entry.py"',
        '"orders"',
        '"OrderWorkflow"',
        '".", "orders"',
        'pytestconfig.rootpath / "src/entry.py"',
    ],
)
def test_a_workflow_is_given_by_file_and_name(pytester: pytest.Pytester, arguments: str) -> None:
    body = f"assert workflow_graph({arguments}).steps() == ['load order', 'charge card']"
    tried(pytester, body).assert_outcomes(passed=1)


def test_a_workflow_is_given_by_its_class_which_is_not_executed_anew(pytester: pytest.Pytester) -> None:
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


def test_a_class_that_comes_from_no_file_is_said_to(pytester: pytest.Pytester) -> None:
    result = tried(pytester, "workflow_graph(type('W', (), {'__module__': 'nowhere'}))")
    result.stdout.fnmatch_lines(["E *WorkflowNotFoundError: the class `W` comes from no file."])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            '"src/entry.py", "OrderWorkflw"',
            "*WorkflowNotFoundError: src/entry.py has no workflow `OrderWorkflw`. Did you mean `OrderWorkflow`?",
        ),
        ('"order"', "*WorkflowNotFoundError: *has no workflow `order`. Did you mean `orders`*"),
        ('"src/other.py"', "*InputError: src/other.py: *"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(pytester: pytest.Pytester, arguments: str, message: str) -> None:
    result = tried(pytester, f"workflow_graph({arguments})")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E {message}"])


@pytest.mark.parametrize(
    "body",
    [
        'workflow_graph("src/entri.py", "OrderWorkflow")',
        'workflow_graph("orders").runs_before("load order", "charge")',
        'workflow_graph("orders").concurrent("load order", "charge")',
        'workflow_graph("orders").retries("charge")',
    ],
)
def test_what_is_wrong_in_a_test_is_shown_there_and_not_in_our_code(pytester: pytest.Pytester, body: str) -> None:
    result = tried(pytester, body)
    result.assert_outcomes(failed=1)
    shown = str(result.stdout)
    assert "tests/test_it.py:2:" in shown
    assert "stepgraph/testing/" not in shown
    assert "stepgraph/api.py" not in shown


def test_a_syntax_error_is_told_with_its_place(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": BROKEN})
    result = tried(pytester, 'workflow_graph("src/entry.py", "OrderWorkflow")')
    result.stdout.fnmatch_lines(["E *InputError: src/entry.py:12:*"])


def test_a_workflow_that_may_be_in_what_cannot_be_read_is_not_said_to_be_missing(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"more/broken.py": BROKEN})
    result = tried(pytester, 'workflow_graph("more", "RefundWorkflow")')
    result.stdout.fnmatch_lines(["E*InputError: more/broken.py:12:19: syntax error: *"])


def test_a_file_without_workflows_is_said_to_have_none(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/other.py": "x = 1\n"})
    result = tried(pytester, 'workflow_graph("src/other.py")')
    result.stdout.fnmatch_lines(["E*WorkflowNotFoundError: src/other.py has no workflow."])


def test_a_file_may_be_anywhere(pytester: pytest.Pytester) -> None:
    body = f"""\
path = tmp_path / "refunds.py"
path.write_text({REFUNDS!r}, encoding="utf-8")
assert workflow_graph(path).class_name == "RefundWorkflow"
"""
    tried(pytester, body).assert_outcomes(passed=1)


def test_without_a_name_several_workflows_are_too_many(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/both.py": ORDERS + REFUNDS})
    result = tried(pytester, 'workflow_graph("src/both.py")')
    result.stdout.fnmatch_lines(["E *AmbiguousWorkflowError: src/both.py has 2 workflows that may be meant: *"])


def test_a_workflow_without_steps_has_no_graph(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/entry.py": ORDERS.replace("await load()", "return")})
    result = tried(pytester, 'workflow_graph("src/entry.py", "OrderWorkflow")')
    result.stdout.fnmatch_lines(["E *NoGraphError: There is no graph, as no step can run."])


def test_a_file_is_analysed_once_and_again_when_it_has_changed(pytester: pytest.Pytester) -> None:
    body = """\
first = workflow_graph("src/entry.py")
assert workflow_graph("src/entry.py").graph is first.graph
path = pytestconfig.rootpath / "src/entry.py"
path.write_text(path.read_text().replace("load order", "fetch order"))
assert workflow_graph("src/entry.py").steps() == ["fetch order", "charge card"]
"""
    tried(pytester, body).assert_outcomes(passed=1)


def test_a_file_that_has_gone_is_missed(pytester: pytest.Pytester) -> None:
    body = """\
workflow_graph("src/entry.py")
(pytestconfig.rootpath / "src/entry.py").unlink()
workflow_graph("src/entry.py")
"""
    result = tried(pytester, body)
    result.stdout.fnmatch_lines(["E*InputError: src/entry.py: no such file or folder.*"])


def test_with_the_plugin_disabled_there_is_no_fixture(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"tests/test_it.py": "def test_it(workflow_graph): ..."})
    result = run(pytester, "-p", "no:stepgraph")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *fixture 'workflow_graph' not found"])


def test_a_session_that_does_not_use_it_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    test = """\
import sys

def test_it():
    ours = {name for name in sys.modules if name.split(".")[0] == "stepgraph"}
    assert ours == {"stepgraph", "stepgraph.pytest_plugin"}
    assert not {"libcst", "pydantic", "click"} & set(sys.modules)
"""
    write(pytester.path, {"tests/test_it.py": test})
    pytester.runpytest_subprocess().assert_outcomes(passed=1)

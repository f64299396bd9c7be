"""`snapshot = true` makes each workflow of a project a test."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stepgraph.pytest_plugin import snapshot_tests
from tests.pytest_plugin.projects import (
    BROKEN,
    CHANGED,
    INCOMPLETE,
    ORDERS,
    REFUNDS,
    SETTINGS,
    run,
    snapshots,
    write,
)

pytest_plugins = ["pytester"]

ORDER, REFUND = (f"tests/__snapshots__/workflows/{name}Workflow.json" for name in ("Order", "Refund"))


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    files = {"pyproject.toml": SETTINGS, "src/orders.py": ORDERS, "src/refunds.py": REFUNDS}
    write(pytester.path, {**files, "tests/test_other.py": "def test_other(): ..."})


def ids(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    return [line for line in run(pytester, "--collect-only", "-q", *arguments).outlines if "::" in line]


@pytest.mark.slow
def test_each_workflow_is_a_test(pytester: pytest.Pytester) -> None:
    run(pytester).assert_outcomes(failed=2, passed=1)
    run(pytester, "--snapshot-update").assert_outcomes(passed=3)
    assert snapshots(pytester.path) == [ORDER, REFUND]
    result = run(pytester, "-vv")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["pyproject.toml::OrderWorkflow <- src/orders.py PASSED*"])


@pytest.mark.slow
def test_a_failure_consists_of_the_changes(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update")
    write(pytester.path, {"src/orders.py": CHANGED})
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=2)
    begin = next(number for number, line in enumerate(result.outlines) if line.startswith("___"))
    end = next(number for number, line in enumerate(result.outlines) if line.startswith("---"))
    assert result.outlines[begin + 1 : end] == [
        "OrderWorkflow does not match its snapshot.",
        "If the change is intended, run `pytest --snapshot-update`.",
        "",
        "~ step 'charge card': retries 3 → 7",
        "+ sleep 'rest' added after 'charge card'",
    ]


@pytest.mark.slow
def test_the_command_of_a_failure_repeats_the_option(pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").write_text("")
    assert (
        "Run `pytest --workflow-snapshots --snapshot-update` to write it to"
        " tests/__snapshots__/workflows/OrderWorkflow.json."
    ) in run(pytester, "--workflow-snapshots").outlines


@pytest.mark.slow
def test_the_snapshot_of_a_removed_workflow_is_unused(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update")
    (pytester.path / "src/refunds.py").unlink()
    result = run(pytester, "--snapshot-details")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["1 snapshot passed. 1 snapshot unused.", f"Unused RefundWorkflow ({REFUND})"])
    assert run(pytester, "--snapshot-update").ret == pytest.ExitCode.OK
    assert snapshots(pytester.path) == [ORDER]


@pytest.mark.slow
def test_an_unreadable_workflow_fails_and_keeps_its_snapshot(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update")
    write(pytester.path, {"src/refunds.py": BROKEN})
    for arguments in ([], ["--snapshot-update"]):
        result = run(pytester, *arguments)
        result.assert_outcomes(failed=1, skipped=1, passed=2)
        result.stdout.fnmatch_lines(["src/refunds.py:12:*", "FAILED pyproject.toml::inputs*"])
        assert snapshots(pytester.path) == [ORDER, REFUND]


def test_a_project_without_workflows_fails(pytester: pytest.Pytester) -> None:
    for name in ("orders", "refunds"):
        (pytester.path / f"src/{name}.py").unlink()
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["no workflow found to compare with a snapshot. `stepgraph list` shows the reason."])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_incomplete_graph_is_warned_about(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/orders.py": INCOMPLETE})
    run(pytester, "--snapshot-update")
    result = run(pytester)
    result.assert_outcomes(passed=3, warnings=1)
    result.stdout.fnmatch_lines(["*the graph of OrderWorkflow is incomplete, and may lack steps:", "*elsewhere*"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["tests/test_other.py::test_other", "pyproject.toml::OrderWorkflow", "pyproject.toml::RefundWorkflow"]),
        (["."], ["pyproject.toml::OrderWorkflow", "pyproject.toml::RefundWorkflow", "tests/test_other.py::test_other"]),
        (["tests/test_other.py"], ["tests/test_other.py::test_other"]),
        (["src"], []),
        (["pyproject.toml"], ["pyproject.toml::OrderWorkflow", "pyproject.toml::RefundWorkflow"]),
        (["pyproject.toml::RefundWorkflow"], ["pyproject.toml::RefundWorkflow"]),
        (["-k", "Refund"], ["pyproject.toml::RefundWorkflow"]),
        (["-k", "other"], ["tests/test_other.py::test_other"]),
    ],
)
def test_workflows_are_collected_with_the_folder_of_the_tests(
    pytester: pytest.Pytester, arguments: list[str], expected: list[str]
) -> None:
    assert ids(pytester, *arguments) == expected


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["-k", "Refund"], ["pyproject.toml::RefundWorkflow"], ["tests/test_other.py"]])
def test_snapshots_of_unselected_tests_are_not_unused(pytester: pytest.Pytester, arguments: list[str]) -> None:
    run(pytester, "--snapshot-update")
    assert run(pytester, "--snapshot-update", *arguments).ret == pytest.ExitCode.OK
    assert snapshots(pytester.path) == [ORDER, REFUND]


@pytest.mark.slow
def test_failed_workflows_run_again_with_last_failed(pytester: pytest.Pytester) -> None:
    run(pytester, "--snapshot-update")
    write(pytester.path, {"src/orders.py": CHANGED})
    run(pytester).assert_outcomes(failed=1, passed=2)
    result = run(pytester, "--lf", "--snapshot-update")
    result.assert_outcomes(passed=1)
    assert snapshots(pytester.path) == [ORDER, REFUND]


@pytest.mark.slow
def test_the_option_equals_the_setting(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"pyproject.toml": SETTINGS.replace("true", "false")})
    assert ids(pytester) == ["tests/test_other.py::test_other"]
    assert len(ids(pytester, "--workflow-snapshots")) == 3


def test_workflows_are_not_tests_by_default(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"pyproject.toml": "[tool.other]\nname = 3\n"})
    run(pytester).assert_outcomes(passed=1)


def test_the_option_requires_a_project_file(pytester: pytest.Pytester) -> None:
    (pytester.path / "pyproject.toml").unlink()
    result = run(pytester, "--workflow-snapshots")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    problem = "no pyproject.toml and no wrangler configuration in *."
    advice = "Run pytest in the directory of the Worker, or add an empty pyproject.toml."
    result.stderr.fnmatch_lines([f"ERROR: --workflow-snapshots: {problem} {advice}"])


def test_settings_that_cannot_be_read_are_an_error(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"other.ini": "[pytest]\n", "pyproject.toml": "[tool.stepgraph]\nsnapshot = \n"})
    result = run(pytester, "-c", "other.ini")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *pyproject.toml:2:12: not valid TOML: invalid value."])


@pytest.mark.slow
def test_the_folder_and_the_form_can_be_set(pytester: pytest.Pytester) -> None:
    more = 'workflow_snapshots_directory = "tests/graphs"\nworkflow_snapshots_format = "svg"\n'
    write(pytester.path, {"pyproject.toml": SETTINGS + more, "tests/graphs/README": "as pictures"})
    run(pytester, "--snapshot-update").assert_outcomes(passed=3)
    run(pytester).assert_outcomes(passed=3)
    folder = "tests/graphs/__snapshots__/workflows"
    assert snapshots(pytester.path) == [f"{folder}/OrderWorkflow.svg", f"{folder}/RefundWorkflow.svg"]


@pytest.mark.slow
def test_classes_with_equal_names_have_distinct_tests(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"src/refunds.py": ORDERS})
    assert ids(pytester, "pyproject.toml") == [
        "pyproject.toml::OrderWorkflow[OrderWorkflow]",
        "pyproject.toml::OrderWorkflow[OrderWorkflow-2]",
    ]


@pytest.mark.slow
def test_equal_workflows_of_workers_have_distinct_tests(pytester: pytest.Pytester) -> None:
    binding = '[[workflows]]\nname = "orders"\nbinding = "ORDERS"\nclass_name = "OrderWorkflow"\n'
    for worker in ("shop", "wholesale"):
        settings = f'name = "{worker}"\nmain = "entry.py"\n{binding}'
        write(pytester.path, {f"workers/{worker}/wrangler.toml": settings, f"workers/{worker}/entry.py": ORDERS})
    assert ids(pytester, "pyproject.toml") == [
        "pyproject.toml::OrderWorkflow[shop.orders]",
        "pyproject.toml::OrderWorkflow[wholesale.orders]",
    ]


@pytest.mark.slow
def test_fixtures_of_the_project_apply(pytester: pytest.Pytester) -> None:
    fixture = """\
import pytest

@pytest.fixture(autouse=True, scope="module")
def around(request):
    print(request.module.__name__)
"""
    write(pytester.path, {"conftest.py": fixture})
    run(pytester, "--snapshot-update").assert_outcomes(passed=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('[tool.stepgraph]\nsnapshot = "yes"\n', "ERROR: *pyproject.toml:2:*snapshot*"),
        (
            SETTINGS + 'workflow_snapshots_format = "png"\n',
            "*workflow_snapshots_format: `png` is not supported. Available: json, *",
        ),
    ],
)
def test_a_wrong_setting_is_an_error(pytester: pytest.Pytester, settings: str, message: str) -> None:
    write(pytester.path, {"pyproject.toml": settings})
    result = run(pytester)
    assert result.ret != pytest.ExitCode.OK
    (result.stderr if message.startswith("ERROR") else result.stdout).fnmatch_lines([message])


def test_a_missing_syrupy_fails_one_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, "-p", "no:syrupy")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["workflow snapshots require syrupy 7 or later: pip install 'syrupy>=7'"])


def test_the_lowest_syrupy_is_that_of_the_extra() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"syrupy>={snapshot_tests._LOWEST_SYRUPY}"' in project  # noqa: SLF001 - it is in the message, too


def test_an_old_syrupy_is_rejected(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_tests, "version", lambda _: "6.1.1")
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["workflow snapshots require syrupy 7 or later: * (found 6.1.1)"])


@pytest.mark.slow
def test_existing_snapshots_keep_their_folder(pytester: pytest.Pytester) -> None:
    tests = pytester.path / "tests"
    tests.rename(pytester.path / "aside")
    write(pytester.path, {"pyproject.toml": "[tool.stepgraph]\nsnapshot = true\n[tool.pytest.ini_options]\n"})
    run(pytester, "--snapshot-update")
    written = snapshots(pytester.path)
    assert written
    assert all(path.startswith("__snapshots__/workflows/") for path in written)
    (pytester.path / "aside").rename(tests)
    run(pytester).assert_outcomes(passed=len(written) + 1)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["f" * 400, "missing/" + "f" * 400, "f\0", "pyproject.toml", "a/" * 3000])
def test_an_impossible_folder_is_a_usage_error(pytester: pytest.Pytester, folder: str) -> None:
    write(pytester.path, {"pyproject.toml": SETTINGS + f"workflow_snapshots_directory = {json.dumps(folder)}\n"})
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: workflow_snapshots_directory: `{folder[:1]}*` cannot be used: *."])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes")
def test_a_pipe_in_place_of_the_settings_does_not_block(pytester: pytest.Pytester) -> None:
    """With -c, pytest does not read the file."""
    (pytester.path / "pyproject.toml").unlink()
    os.mkfifo(pytester.path / "pyproject.toml")
    pytester.makefile(".ini", other="[pytest]\n")
    assert ids(pytester, "-c", "other.ini") == ["tests/test_other.py::test_other"]


def test_large_settings_are_an_error(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", other="[pytest]\n")
    with (pytester.path / "pyproject.toml").open("ab") as file:
        file.truncate(100_000_000_000)
    result = run(pytester, "-c", "other.ini")
    result.stderr.fnmatch_lines(["*pyproject.toml: larger than 1 MB, so it is not read.*"])


@pytest.mark.slow
def test_names_of_workflows_are_escaped(pytester: pytest.Pytester) -> None:
    names = ["a/b", "ab", "a:b", "##[add-mask]x", "\x1b]0;pwn\x07"]
    bindings = [
        {"name": name, "binding": f"B{number}", "class_name": "OrderWorkflow"} for number, name in enumerate(names)
    ]
    settings = json.dumps({"name": "shop", "main": "src/orders.py", "workflows": bindings})
    write(pytester.path, {"wrangler.json": settings})
    (pytester.path / "src/refunds.py").unlink()
    result = run(pytester, "-v", "--snapshot-update")
    output = result.stdout.str() + result.stderr.str()
    assert "\x1b]" not in output
    assert "##[" not in output
    result.assert_outcomes(passed=6)
    assert [Path(path).name for path in snapshots(pytester.path)] == [
        "OrderWorkflow[#-#[add-mask]x].json",
        "OrderWorkflow[ab-2].json",
        "OrderWorkflow[ab-3].json",
        "OrderWorkflow[ab].json",
        "OrderWorkflow[x1b]0;pwnx07].json",
    ]


@pytest.mark.slow
def test_text_is_another_name_of_the_form_outline(pytester: pytest.Pytester) -> None:
    write(pytester.path, {"pyproject.toml": SETTINGS + 'workflow_snapshots_format = "text"\n'})
    run(pytester, "--snapshot-update")
    (outline, *_) = sorted((pytester.path / "tests").rglob("*.txt"))
    assert outline.stem in outline.read_text(encoding="utf-8").splitlines()[0].split()

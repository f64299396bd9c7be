"""The command in a project with a configuration."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import pytest

from stepgraph.cli.console import ProgressLine
from tests.cli.configurations import BILLING, ENTRY, ORDERS, ORDERS_ALONE, REFUNDS, configure, names, rows
from tests.cli.conftest import Command, Run
from tests.cli.sources import IMPORT, module, workflow, write
from tests.text_formats import TEXT_DIFFS, TEXT_DRAWINGS

pytestmark = pytest.mark.usefixtures("folder")


def test_workflows_have_their_configured_names(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(ORDERS, {**REFUNDS, "class_name": "Orders"})
    assert stepgraph("list") == Run(
        0,
        "NAME     CLASS   WHERE           STEPS  GRAPH  COMPLETE\n"
        "orders   Orders  src/entry.py:4      1  yes    yes\n"
        "refunds  Orders  src/entry.py:4      1  yes    yes\n",
        [],
    )


def test_a_named_configuration_selects_its_workflows(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    Path("wrangler.jsonc").rename("wrangler.staging.jsonc")
    configure(REFUNDS)

    assert names(stepgraph("list")) == ["refunds"]
    assert names(stepgraph("list", "wrangler.staging.jsonc")) == ["orders"]
    assert names(stepgraph("list", "--config", "wrangler.staging.jsonc")) == ["orders"]
    assert names(stepgraph("list", "wrangler.jsonc", "wrangler.staging.jsonc")) == ["refunds", "orders"]


def test_a_configuration_of_another_name_is_not_used(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    Path("wrangler.jsonc").rename("wrangler.staging.jsonc")

    run = stepgraph("list")

    assert names(run) == ["Orders", "Refunds"]
    assert run.messages == [
        (
            "wrangler.staging.jsonc: this configuration is not used, because wrangler uses other names only if a"
            " command line names them. To check its workflows, run `stepgraph check wrangler.staging.jsonc`."
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "wrangler.jsonc", "."), "--config selects the workflows of a configuration, so omit PATHS."),
        (
            ("--config", "pyproject.toml"),
            (
                "`pyproject.toml` is not a wrangler configuration: expected a name that begins with `wrangler.` or ends"
                " in .jsonc or .toml, except `pyproject.toml`."
            ),
        ),
    ],
)
def test_the_option_config_names_a_configuration(stepgraph: Command, arguments: tuple[str, ...], message: str) -> None:
    run = stepgraph("list", *arguments)

    assert (run.code, run.messages) == (2, [f"stepgraph: {message} Try `stepgraph list --help`."])


def test_a_configuration_without_workflows_is_reported(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure()

    run = stepgraph("list", "wrangler.jsonc")

    assert run.code == 3
    assert run.messages[0] == (
        "wrangler.jsonc: this configuration names no workflow. Add the class to `workflows`, or name the Python file"
        " instead."
    )


@pytest.mark.parametrize("date", ["%COMPAT_DATE%", "{{ date }}", "$DATE", "<date>", "__DATE__", "YYYY-MM-DD"])
def test_a_placeholder_of_a_date_is_a_note(stepgraph: Command, date: str) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(ORDERS, compatibility_date=date, compatibility_flags=["python_workers"])

    run = stepgraph("check", "-f", "concise")

    assert run.code == 0
    assert run.out.splitlines() == [
        (
            f"wrangler.jsonc:4:23: SG003 the compatibility date is the placeholder `{date}`, so the code decides the"
            " dependency mode: legacy if it uses `depends`, and implicit otherwise."
        ),
        "1 note in 1 workflow",
    ]


def test_the_date_of_a_worker_without_workflows_is_not_reported(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(ORDERS, compatibility_flags=["python_workers"])
    write("site/wrangler.jsonc", '{"name": "site", "main": "entry.py", "compatibility_date": "%COMPAT_DATE%"}')
    write("site/entry.py", "")

    assert stepgraph("check", "-f", "concise").out == "no findings in 1 workflow\n"


def test_placeholders_of_other_values_are_not_reported(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    template = {**ORDERS, "name": "orders-${STAGE}", "class_name": "{{ class }}", "limits": {"steps": "%STEPS%"}}
    configure(template, compatibility_flags=["python_workers"])

    assert stepgraph("check", "-f", "concise").out == "no findings in 1 workflow\n"


def test_a_placeholder_of_the_main_module_is_a_note(stepgraph: Command) -> None:
    configure(ORDERS, main="src/{{ module }}.py", compatibility_flags=["python_workers"])

    run = stepgraph("check", "-f", "concise")

    assert run.code == 3
    assert run.out.splitlines()[0] == "wrangler.jsonc:3:9: SG003 `main` is the placeholder `src/{{ module }}.py`."


def test_an_undeployed_workflow_is_reported(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    run = stepgraph("list")
    assert (run.code, names(run)) == (0, ["orders"])
    advice = "Add it to `workflows` there, or pass this file to analyze it."
    message = "wrangler.jsonc does not name the workflow class `Refunds`, so it is not deployed."
    assert run.messages == [f"src/entry.py:9:7: {message} {advice}"]
    assert f"src/entry.py:9:7: note[SG003]: {message}\n" in stepgraph("check").out


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(module(workflow("Orders", "rest"), workflow("_Refunds", "rest")), id="private"),
        pytest.param(f"{ENTRY}\n\n__all__ = ['Orders']\n", id="not exported"),
        pytest.param(ENTRY.replace("Orders(WorkflowEntrypoint)", "Orders(Refunds)"), id="a base"),
        pytest.param(f"{IMPORT}from flows import Refunds\n{ORDERS_ALONE}", id="of another module"),
    ],
)
def test_abstract_and_test_classes_are_not_reported(stepgraph: Command, entry: str) -> None:
    write("src/entry.py", entry)
    write("src/flows.py", module(workflow("Refunds", "rest")))
    configure(ORDERS)
    assert stepgraph("list").messages == []


def test_a_workflow_of_another_environment_is_not_reported(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, env={"staging": {"workflows": [REFUNDS]}})
    assert stepgraph("list").messages == []
    assert stepgraph("list", "--env", "staging").messages == []


def test_an_external_workflow_is_listed_with_its_worker(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(BILLING, ORDERS)
    assert stepgraph("list") == Run(
        0,
        "NAME     CLASS    WHERE            STEPS  GRAPH  COMPLETE\n"
        "orders   Orders   src/entry.py:4       1  yes    yes\n"
        "billing  Billing  Worker accounts      -  -      -\n",
        [],
    )


def test_json_lists_own_and_external_workflows(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure({**ORDERS, "limits": {"steps": 500}}, BILLING)
    local, external = json.loads(stepgraph("list", "-f", "json").out)
    assert (local["name"], local["script_name"], local["path"], local["line"]) == ("orders", None, "src/entry.py", 4)
    assert local["version"] == {
        "id": local["version"]["id"],
        "class_name": "Orders",
        "created_on": "2026-01-02T03:04:05Z",
        "modified_on": "2026-01-02T03:04:05Z",
        "workflow_id": local["version"]["workflow_id"],
        "has_dag": True,
        "language": "python",
        "limits": {"steps": 500},
    }
    assert external == {
        "name": "billing",
        "class_name": "Billing",
        "script_name": "accounts",
        "path": "wrangler.jsonc",
        "line": 7,
        "steps": None,
        "has_dag": None,
        "complete": None,
        "version": None,
    }


def test_without_a_limit_a_version_has_no_limits(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    (local,) = json.loads(stepgraph("list", "-f", "json").out)
    assert "limits" not in local["version"]


def test_ids_depend_on_worker_and_workflow_names(stepgraph: Command) -> None:
    def ids() -> set[str]:
        return {graph["workflow_id"] for graph in json.loads(stepgraph("graph", "-f", "json").out)}

    write("src/entry.py", ENTRY)
    configure(ORDERS, REFUNDS)
    first = ids()
    configure(ORDERS, REFUNDS, name="other")
    assert len(first) == 2
    assert len(first | ids()) == 4


def test_a_graph_is_selected_by_workflow_or_class_name(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, REFUNDS)
    by_name = stepgraph("graph", "-f", "json", "--workflow", "refunds")
    assert json.loads(by_name.out)["class_name"] == "Refunds"
    assert stepgraph("graph", "-f", "json", "--workflow", "Refunds") == by_name


def test_an_external_workflow_has_no_graph(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(ORDERS, BILLING)
    assert stepgraph("graph", "--workflow", "billing") == Run(
        2, "", ["stepgraph: the class of `billing` is in another Worker, `accounts`."]
    )


def test_an_unknown_name_suggests_workflows(stepgraph: Command) -> None:
    write("src/entry.py", ORDERS_ALONE)
    configure(ORDERS, BILLING)
    assert stepgraph("graph", "--workflow", "xyz") == Run(
        2, "", ["stepgraph: no workflow named `xyz`. Available: `orders (Orders)`."]
    )


def test_dependencies_follow_the_compatibility_date(stepgraph: Command) -> None:
    steps = (
        '        @step.do("a")\n        async def a(): ...\n\n'
        '        @step.do("b", depends=[a])\n        async def b(x): ...\n\n'
        "        await b()\n"
    )
    write("src/entry.py", f"{IMPORT}class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n{steps}")
    configure(ORDERS, compatibility_date="2025-12-01")
    assert [row[3] for row in rows(stepgraph("list"))] == ["2"]


def test_only_external_workflows_exit_with_3(stepgraph: Command) -> None:
    configure(BILLING)
    message = (
        "stepgraph: no workflow to analyze in the current directory (0 Python files searched)."
        " The workflows in wrangler.jsonc are in another Worker, `accounts`. Name the directory with its code."
    )
    assert stepgraph("graph") == Run(3, "", [message])


def test_external_workflows_of_several_workers(stepgraph: Command) -> None:
    configure(BILLING, {**BILLING, "name": "refunds", "binding": "REFUNDS", "script_name": "payments"})
    run = stepgraph("graph")
    assert run.code == 3
    assert run.messages[0].endswith(
        " The workflows in wrangler.jsonc are in other Workers: `accounts` and `payments`."
        " Name the directories with their code."
    )


def test_only_external_workflows_are_listed(stepgraph: Command) -> None:
    configure(BILLING)
    run = stepgraph("list")
    assert (run.code, names(run)) == (3, ["billing"])


def test_a_worker_of_javascript_is_explained(stepgraph: Command) -> None:
    configure(ORDERS, main="src/index.ts")
    assert stepgraph("list") == Run(
        3,
        "",
        [
            (
                "wrangler.jsonc:3:9: `main` is `src/index.ts`, which is not a Python module."
                " Its workflows are not analyzed."
            ),
            (
                "stepgraph: no workflow found: the main module is src/index.ts, and stepgraph reads Python only. To"
                " draw a deployed JavaScript or TypeScript workflow, see `stepgraph render --help`."
            ),
        ],
    )


def test_an_invalid_configuration_is_reported_with_results(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, {"binding": "REFUNDS", "name": "refunds"})
    run = stepgraph("list")
    assert (run.code, names(run)) == (2, ["orders"])
    assert run.messages == ["wrangler.jsonc:7:1: `class_name` is missing in this entry of `workflows`."]


def test_several_paths_of_a_project_list_it_once(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, BILLING)
    assert names(stepgraph("list", ".", "./", "src/entry.py")) == ["orders", "billing"]
    assert sorted(names(stepgraph("list", "src/entry.py", "."))) == ["Refunds", "billing", "orders"]


def test_a_file_path_ignores_the_configuration(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS, {**REFUNDS, "class_name": "Missing"})
    run = stepgraph("list", "src/entry.py")
    assert (run.code, names(run)) == (0, ["orders", "Refunds"])


class Stream(io.TextIOWrapper):
    """A standard error stream that may be a terminal, and records its content."""

    def __init__(self, *, is_terminal: bool, written: io.BytesIO | None = None) -> None:
        self.written = io.BytesIO() if written is None else written
        self.is_terminal = is_terminal
        super().__init__(self.written)

    def isatty(self) -> bool:
        return self.is_terminal


def progress_output(
    monkeypatch: pytest.MonkeyPatch, *times: float, is_terminal: bool = True, term: str = "xterm"
) -> str:
    """Return the progress output for modules at these times, in seconds since the start."""
    stream = Stream(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", term)
    clock = iter((0.0, *times))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with ProgressLine(len(times)) as progress:
        for number in range(len(times)):
            progress.show(f"{number}.py")
    return stream.written.getvalue().decode()


def test_progress_appears_after_a_second_and_is_erased(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert progress_output(monkeypatch, 0.1, 1.5, 2.0) == (
        "\r\x1b[Kstepgraph: 2 of 3: 1.py\r\x1b[Kstepgraph: 3 of 3: 2.py\r\x1b[K"
    )


def test_short_runs_show_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress_output(monkeypatch, 0.1, 0.2, 0.9) == ""


def test_progress_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress_output(monkeypatch, 2.0, is_terminal=False) == ""
    assert progress_output(monkeypatch, 2.0, term="dumb") == ""


def test_a_closed_terminal_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    class ClosedTerminal(io.BytesIO):
        def write(self, _text: object, /) -> int:
            raise BrokenPipeError

    stream = Stream(is_terminal=True, written=ClosedTerminal())
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(time, "monotonic", iter((0.0, 2.0)).__next__)
    with ProgressLine(1) as progress:
        progress.show("a.py")
    assert stream.written.getvalue() == b""


def test_control_characters_in_progress_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    clock = iter((0.0, 2.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with ProgressLine(1) as progress:
        progress.show("a\x1b[31m.py")
    assert stream.written.getvalue() == b"\r\x1b[Kstepgraph: 1 of 1: a\\x1b[31m.py\r\x1b[K"


def test_files_written_by_a_project_are_not_its_sources(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    before = Path("src/entry.py").read_bytes()
    run = stepgraph("graph", "-o", "src/entry.py")
    assert run.code == 2
    assert Path("src/entry.py").read_bytes() == before


def test_an_imported_class_is_listed_once(stepgraph: Command, folder: Path) -> None:
    write("src/orders.py", module(workflow("Orders", "rest")))
    write("src/entry.py", "from orders import Orders\n")
    configure(ORDERS)
    assert rows(stepgraph("list", "src/entry.py", ".", str(folder))) == [
        ["orders", "Orders", "src/orders.py:4", "1", "yes", "yes"]
    ]


def test_an_external_workflow_is_listed_once(stepgraph: Command, folder: Path) -> None:
    configure(BILLING)
    assert rows(stepgraph("list", ".", "./", str(folder))) == [["billing", "Billing", "Worker", "accounts", *"---"]]


def test_a_graph_is_written_once(stepgraph: Command, folder: Path) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    once = stepgraph("graph", "-f", "json", ".")
    assert once.out
    assert stepgraph("graph", "-f", "json", ".", str(folder), str(folder / "src/entry.py")) == once


def test_configuration_problems_are_reported_once(stepgraph: Command, folder: Path) -> None:
    write("src/entry.py", ENTRY)
    write("wrangler.json", '{"name":')
    assert stepgraph("list", ".", "./", str(folder)) == Run(
        2, "", ["wrangler.json:1:9: not valid JSON: unexpected end of file."]
    )


def test_an_unreadable_configuration_is_an_error(stepgraph: Command) -> None:
    write("src/entry.py", ENTRY)
    configure(ORDERS)
    Path("wrangler.json").symlink_to("missing.json")
    stderr = ["wrangler.json: a symbolic link that leads to a missing file."]
    assert stepgraph("list") == Run(2, "", stderr)
    run = stepgraph("list", "src/entry.py")
    assert (run.code, run.messages, names(run)) == (2, stderr, ["Orders", "Refunds"])


@pytest.mark.parametrize(
    ("main", "text"),
    [
        ("", "`main` must not be empty."),
        ("src/\0.py", "`main` contains a null character."),
        ("src/\ud800.py", "`main` contains half of a surrogate pair."),
    ],
)
def test_an_invalid_main_path_is_not_reported_as_missing(stepgraph: Command, main: str, text: str) -> None:
    configure(ORDERS, main=main)
    assert stepgraph("list") == Run(2, "", [f"wrangler.jsonc:3:9: {text}"])


TITLES = {
    "text": "orders (Orders)  src/entry.py:4  1 step",
    "svg": ">orders (Orders)</tspan>",
    "dot": 'label="orders (Orders)\\n"',
    "mermaid": "orders #40;Orders#41;",
    "html": ">orders (Orders)</h2>",
}
"""The title of a workflow in each drawing."""


def test_each_drawing_has_an_expected_title() -> None:
    assert TEXT_DRAWINGS.keys() - TITLES.keys() == set(), "add the title in these formats to TITLES"


@pytest.mark.parametrize("form", TITLES)
def test_a_title_has_the_configured_name_and_the_class(stepgraph: Command, form: str) -> None:
    configure(ORDERS)
    write("src/entry.py", ORDERS_ALONE)
    assert TITLES[form] in stepgraph("graph", "-f", form).out


# JSON has the name and the class in separate fields.
@pytest.mark.parametrize("form", sorted(TEXT_DIFFS.keys() - {"json"}))
def test_a_diff_has_the_configured_name_and_the_class(stepgraph: Command, form: str) -> None:
    configure(ORDERS)
    write("src/entry.py", ORDERS_ALONE)
    write("new/src/entry.py", module(workflow("Orders", "rest", "more")))
    write("new/wrangler.jsonc", Path("wrangler.jsonc").read_text(encoding="utf-8"))
    write("old/src/entry.py", ORDERS_ALONE)
    write("old/wrangler.jsonc", Path("wrangler.jsonc").read_text(encoding="utf-8"))
    assert "orders (Orders)" in stepgraph("diff", "old", "new", "-f", form).out


def test_a_javascript_worker_without_workflows_is_explained(stepgraph: Command) -> None:
    configure(main="src/index.js")
    assert stepgraph("check").messages[-1] == (
        "stepgraph: no workflow found: the main module is src/index.js, and stepgraph reads Python only. To draw a"
        " deployed JavaScript or TypeScript workflow, see `stepgraph render --help`."
    )

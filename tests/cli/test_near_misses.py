"""The reasons that commands give when they find no workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command, Run
from tests.cli.repositories import make_repository, needs_git
from tests.cli.sources import module, workflow, write

BASE = "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n"
EXTERNAL = workflow("Flow", "rest").replace("WorkflowEntrypoint", "AgentWorkflow")
CONFIGURATION = """\
name = "shop"
main = "src/entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]
workflows = [{ name = "orders", binding = "ORDERS", class_name = "Orders" }]
"""
DEFINITION = "A workflow is a class with a method `run` that derives from `workers.WorkflowEntrypoint`."


def reason(stepgraph: Command, text: str) -> str:
    """Return the reason why a module has no workflow."""
    write("a.py", text)
    run = stepgraph("graph", "a.py")
    (message,) = run.messages
    prefix = "stepgraph: no workflow found in a.py. "
    assert (run.code, run.out, message[: len(prefix)]) == (3, "", prefix)
    return message.removeprefix(prefix)


def in_folder(stepgraph: Command, *arguments: str) -> str:
    """Return the reason why the searched directories have no workflow."""
    (message,) = stepgraph(*arguments).messages
    return message.partition("searched). ")[2]


def test_base_class_that_code_may_define(stepgraph: Command) -> None:
    assert reason(stepgraph, f"exec(open('sdk.py').read())\n{workflow('Orders', 'rest')}") == (
        "`Orders` (a.py:4) derives from `WorkflowEntrypoint`, which is not imported."
        " Write `from workers import WorkflowEntrypoint`."
    )


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (f"from shop.sdk import WorkflowEntrypoint\n{workflow('Orders')}", "shop.sdk.WorkflowEntrypoint"),
        (f"from sdk import (\n    Step,\n    WorkflowEntrypoint,\n)\n{workflow('Orders')}", "sdk.WorkflowEntrypoint"),
        (f"from sdk import *\n{workflow('Orders')}", "sdk.WorkflowEntrypoint"),
        (
            f"try:\n    from js import WorkflowEntrypoint\nexcept ImportError: ...\n{workflow('Orders')}",
            "js.WorkflowEntrypoint",
        ),
        (f"import sdk\n{workflow('Orders').replace('(Work', '(sdk.Work')}", "sdk.WorkflowEntrypoint"),
    ],
)
def test_base_class_of_another_module(stepgraph: Command, text: str, base: str) -> None:
    line = text[: text.index("class ")].count("\n") + 1
    assert reason(stepgraph, text) == (
        f"`Orders` (a.py:{line}) derives from `{base}`, which is not the base class of the SDK."
        " Write `from workers import WorkflowEntrypoint`."
    )


@pytest.mark.parametrize("body", ["    ...\n", "    def process(self, event, step): ...\n"])
def test_class_without_run(stepgraph: Command, body: str) -> None:
    assert reason(stepgraph, BASE + body) == (
        "`Orders` (a.py:4) has no method `run`, which the engine calls. Add `async def run(self, event, step)`."
    )


def test_misnamed_run(stepgraph: Command) -> None:
    write("a.py", f"{BASE}    async def execute(self, event, step): ...\n")
    hint = "a.py:5:15: the class `Orders` has no method `run`, and the engine does not call `execute`."
    assert stepgraph("list", "a.py") == Run(
        3, "", [f"{hint} Name the method `run`.", "stepgraph: no workflow to analyze in a.py."]
    )


def test_class_with_an_external_base(stepgraph: Command) -> None:
    assert reason(stepgraph, f"from agents import AgentWorkflow\n{EXTERNAL}") == (
        "`Flow` (a.py:4) derives from `agents.AgentWorkflow`, which is not in the project."
        " To analyze it, name the class in `workflows` of a wrangler configuration."
    )


@pytest.mark.parametrize("base", ["WorkerEntrypoint", "Workflow"])
def test_other_base_of_the_sdk(stepgraph: Command, base: str) -> None:
    text = module(workflow("Orders", "rest")).replace("WorkflowEntrypoint", base)
    assert reason(stepgraph, text).endswith(
        f" derives from `workers.{base}`, which is not the base class of workflows."
        " Write `from workers import WorkflowEntrypoint`."
    )


def test_misspelled_base(stepgraph: Command) -> None:
    text = module(workflow("Orders", "rest")).replace("WorkflowEntrypoint", "WorkflowEntryPoint")
    assert reason(stepgraph, text).endswith(
        " derives from `workers.WorkflowEntryPoint`, a misspelled name. Write `from workers import WorkflowEntrypoint`."
    )


@pytest.mark.parametrize("command", ["check", "graph", "list"])
def test_external_base_in_a_searched_directory(stepgraph: Command, command: str) -> None:
    write("flows/a.py", f"from agents import Agent\n{EXTERNAL.replace('AgentWorkflow', 'Agent')}")
    assert in_folder(stepgraph, command) == (
        "`Flow` (flows/a.py:4) derives from `agents.Agent`, which is not in the project."
        " To analyze it, name the class in `workflows` of a wrangler configuration."
    )


@needs_git
def test_ignored_files_are_not_a_reason(stepgraph: Command) -> None:
    make_repository()
    write(".gitignore", "a.py\n")
    write("a.py", f"from agents import AgentWorkflow\n{EXTERNAL}")
    assert in_folder(stepgraph, "list") == DEFINITION


def test_project_class_is_not_external(stepgraph: Command) -> None:
    write("agents.py", "class AgentWorkflow: ...\n")
    assert reason(stepgraph, f"from agents import AgentWorkflow\n{EXTERNAL}") == DEFINITION


def test_class_of_the_standard_library_is_not_external(stepgraph: Command) -> None:
    text = f"from threading import Thread\n{EXTERNAL.replace('AgentWorkflow', 'Thread')}"
    assert reason(stepgraph, text) == DEFINITION


@pytest.mark.parametrize("bases", ["", "(object)"])
def test_class_without_a_base(stepgraph: Command, bases: str) -> None:
    assert reason(stepgraph, workflow("Orders", "rest").replace("(WorkflowEntrypoint)", bases)) == (
        "`Orders` (a.py:3) has a method `run`, but does not derive from `workers.WorkflowEntrypoint`."
    )


def test_class_without_a_base_that_declares_steps(stepgraph: Command) -> None:
    assert reason(stepgraph, "class Orders:\n    @step.do('load')\n    async def load(self): ...\n") == (
        "`Orders` (a.py:1) declares steps, but does not derive from `workers.WorkflowEntrypoint`."
    )


def test_run_of_a_thread_is_not_a_near_miss(stepgraph: Command) -> None:
    assert reason(stepgraph, "class Job:\n    def run(self): ...\n") == DEFINITION


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configured project, with its directory `docs` as the working directory."""
    write("wrangler.toml", CONFIGURATION)
    write("src/entry.py", module(workflow("Orders", "rest")))
    write("docs/conf.py", "x = 1\n")
    monkeypatch.chdir("docs")
    return folder


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["check", "graph", "list"])
def test_workflows_above_the_working_directory(stepgraph: Command, command: str) -> None:
    assert in_folder(stepgraph, command) == (
        f"The workflows of ../wrangler.toml are in ../src/entry.py. Run `stepgraph {command} ..`."
    )


def test_workflows_above_a_named_path(stepgraph: Command, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    run = "The workflows of wrangler.toml are in src/entry.py. Run `stepgraph list .`."
    assert in_folder(stepgraph, "list", "docs") == run
    assert stepgraph("list", "docs/conf.py").messages == [f"stepgraph: no workflow found in docs/conf.py. {run}"]


def test_configuration_outside_of_the_repository(stepgraph: Command, project: Path) -> None:
    (project / "docs" / ".git").mkdir()
    assert in_folder(stepgraph, "list") == DEFINITION


@pytest.mark.parametrize("text", ["", "workflows = [", CONFIGURATION.replace("src/entry.py", "src/lost.py")])
def test_configuration_above_without_modules(stepgraph: Command, project: Path, text: str) -> None:
    (project / "wrangler.toml").write_text(text, encoding="utf-8")
    assert in_folder(stepgraph, "list") == DEFINITION


def test_advice_to_import_a_class_is_not_stale(stepgraph: Command) -> None:
    write("wrangler.toml", CONFIGURATION)
    write("src/entry.py", "")
    write("src/orders.py", module(workflow("Orders", "rest")))
    assert "from orders import Orders" in stepgraph("list").messages[0]
    Path("src/orders.py").rename("src/flows.py")
    assert "from flows import Orders" in stepgraph("list").messages[0]
    write("src/flows.py", "")
    assert stepgraph("list").messages[0].endswith("src/entry.py exports no workflow class.")


def test_diff_names_the_near_miss(stepgraph: Command) -> None:
    write("old.py", module(workflow("Orders", "rest")))
    write("new.py", f"import sdk\n{workflow('Orders', 'rest').replace('(Work', '(sdk.Work')}")
    near_miss = (
        "`Orders` (new.py:4) derives from `sdk.WorkflowEntrypoint`, which is not the base class of the SDK."
        " Write `from workers import WorkflowEntrypoint`."
    )
    assert stepgraph("diff", "old.py", "new.py").messages == [
        f"no workflow found in new.py, so all count as removed. {near_miss}"
    ]
    assert stepgraph("diff", "new.py", "new.py").messages == [
        f"stepgraph: no workflow found in new.py, and none in new.py. {near_miss}"
    ]


def test_module_in_utf_16(stepgraph: Command) -> None:
    Path("flow.py").write_bytes((BASE + "    pass\n").encode("utf-16"))
    assert (
        in_folder(stepgraph, "graph") == "flow.py is encoded as UTF-16, which Python does not read. Save it as UTF-8."
    )


def test_correct_base_of_a_class_without_configuration(stepgraph: Command) -> None:
    write("wrangler.toml", CONFIGURATION.replace("Orders", "Returns"))
    write("src/entry.py", module(workflow("Orders", "rest")))
    run = stepgraph("check", "--ignore", "SG114", "-q")
    assert run.messages == [
        f"stepgraph: no workflow found in the current directory (1 Python file searched). {DEFINITION}"
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('exclude = ["src"]', "`exclude` in pyproject.toml excludes src/entry.py"),
        (
            'include = ["lib/*.py"]\nextend-exclude = ["docs"]',
            "`include` and `extend-exclude` in pyproject.toml exclude src/entry.py",
        ),
    ],
)
def test_settings_that_exclude_a_workflow(stepgraph: Command, settings: str, sentence: str) -> None:
    write("pyproject.toml", f"[tool.stepgraph]\n{settings}\n")
    write("src/entry.py", module(workflow("Orders", "rest")))
    assert in_folder(stepgraph, "list").startswith(f"{sentence}, which names `WorkflowEntrypoint`. Change the setting")


def test_settings_that_exclude_no_workflow(stepgraph: Command) -> None:
    write("pyproject.toml", '[tool.stepgraph]\nexclude = ["src"]\n')
    write("a.py", "x = 1\n")
    write("src/entry.py", "x = 1\n")
    assert in_folder(stepgraph, "list") == DEFINITION

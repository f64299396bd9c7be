"""Test how rules report problems of configurations and inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_paths, analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.run import check
from stepgraph.checks.subject import ProjectSubject
from stepgraph.model.note import Problem, ProblemKind
from stepgraph.model.span import Span
from tests.checks.projects import CONFIGURATION, ENTRY, HEAD, WORKFLOWS, check_project, format_findings


def entry(text: str) -> dict[str, str]:
    return {"entry.py": text, "wrangler.toml": CONFIGURATION}


CODES = {
    ProblemKind.UNREADABLE: "SG001",
    ProblemKind.SYNTAX: "SG002",
    ProblemKind.CONFIGURATION: "SG003",
    ProblemKind.UNRESOLVED_CLASS: "SG004",
    ProblemKind.MISSING_CLASS: "SG114",
    ProblemKind.UNEXPORTED_CLASS: "SG115",
    ProblemKind.NO_RUN: "SG122",
    ProblemKind.LIMIT: "SG004",
}


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_each_problem_kind_has_one_rule(kind: ProblemKind) -> None:
    problem = Problem("a.py", "it is wrong.", "Mend it.", 2, 5, kind=kind)

    findings = check(ProjectSubject(problems=(problem,)), ())

    assert [finding.code for finding in findings] == [CODES[kind]]


def test_problem_of_a_file_is_located_at_its_start() -> None:
    (finding,) = check(ProjectSubject(problems=(Problem("a.py", "no such file."),)), ())

    assert finding.span == Span("a.py", 1, 1, 1, 1)
    assert finding.severity is Severity.ERROR


def test_hint_is_a_note() -> None:
    hint = Problem("wrangler.toml", "it may surprise.", kind=ProblemKind.CONFIGURATION)

    (finding,) = check(ProjectSubject(hints=(hint,)), ())

    assert (finding.code, finding.severity) == ("SG003", Severity.NOTE)


def test_environment_without_workflows_is_a_hint(tmp_path: Path) -> None:
    files = {"entry.py": ENTRY, "wrangler.toml": f"{CONFIGURATION}\n[env.production]\nname = 'shop'\n"}

    assert format_findings(check_project(tmp_path, files, "SG003", environment="production"), tmp_path) == [
        (
            "wrangler.toml:11:1: note: environment `production` has no `workflows`, and environments do not inherit"
            " them from the top level. Repeat them in `env.production`. [SG003]"
        )
    ]


def test_missing_environment_is_a_configuration_error(tmp_path: Path) -> None:
    files = {"entry.py": ENTRY, "wrangler.toml": f"{CONFIGURATION}\n[env.production]\nname = 'shop'\n"}

    assert [f.severity for f in check_project(tmp_path, files, "SG003", environment="staging")] == [Severity.ERROR]


def test_syntax_error_has_line_and_column(tmp_path: Path) -> None:
    (finding,) = check_project(tmp_path, entry("x = 1\ndef (:\n"), "SG002")

    assert (finding.span.line, finding.span.column, finding.message) == (2, 5, "syntax error: invalid syntax.")


def test_code_that_only_libcst_rejects_is_unreadable(tmp_path: Path) -> None:
    files = entry(ENTRY + "\n\nvalue = 1 if ENTRY else(lambda: 2)\n")

    assert check_project(tmp_path, files, "SG002") == []
    assert [f.severity for f in check_project(tmp_path, files, "SG001")] == [Severity.ERROR]


@pytest.mark.slow
@pytest.mark.parametrize("padding", [0, 600])
def test_template_string_after_another_string(padding: int, tmp_path: Path) -> None:
    functions = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(padding))
    files = entry(f"{ENTRY}\n\n{functions}def greet(name):\n    return 'Hello ' t'{{name}}'\n")

    assert [f.message for f in check_project(tmp_path, files, "SG001")] == [
        "the parser, LibCST, does not support a template string after another string."
    ]


def test_configuration_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "wrangler.toml").write_bytes(b"name = '\xe9'\n")

    assert [f.message for f in check_project(tmp_path, {"entry.py": ENTRY}, "SG001")] == ["not UTF-8: byte 0xe9."]


def test_misspelled_class_suggests_the_likely_one(tmp_path: Path) -> None:
    files = entry(ENTRY.replace("Orders", "Order"))

    assert format_findings(check_project(tmp_path, files, "SG114"), tmp_path) == [
        (
            "wrangler.toml:9:14: error: no class `Orders` in entry.py. The workflow never starts."
            " Did you mean `Order`? [SG114]"
        )
    ]


_STAGING = """
[[env.staging.workflows]]
binding = "ORDERS"
name = "orders-staging"
class_name = "Ordres"
"""


@pytest.mark.parametrize("workflows", [WORKFLOWS, ""])
def test_missing_class_of_another_environment(workflows: str, tmp_path: Path) -> None:
    files = {"wrangler.toml": HEAD + workflows + _STAGING, "entry.py": ENTRY}
    (finding,) = check_project(tmp_path, files, "SG114")

    assert finding.message.startswith("no class `Ordres` in ")
    assert finding.advice == "Did you mean `Orders`?"


def test_class_in_the_main_module_of_another_environment(tmp_path: Path) -> None:
    staging = f'[env.staging]\nmain = "staging.py"\n{_STAGING}'

    assert check_project(tmp_path, {"wrangler.toml": CONFIGURATION + staging, "entry.py": ENTRY}, "SG114") == []


def test_selected_environment_is_checked_alone(tmp_path: Path) -> None:
    files = {
        "wrangler.toml": HEAD + WORKFLOWS.replace("[[w", "[[env.production.w") + _STAGING,
        "entry.py": ENTRY,
    }

    assert check_project(tmp_path, files, "SG114", environment="production") == []


def test_class_of_a_missing_module(tmp_path: Path) -> None:
    files = entry("from flows.order import Orders\n") | {"flows/__init__.py": ""}

    (finding,) = check_project(tmp_path, files, "SG114")

    assert finding.message.startswith("the class `Orders` cannot be resolved: the project has no module `flows.order`")


def test_class_missing_from_its_module(tmp_path: Path) -> None:
    files = entry("from flows import Orders\n") | {"flows.py": "Order = None\n"}

    assert len(check_project(tmp_path, files, "SG114")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from elsewhere import Orders\n",
        "from elsewhere import *\nfrom outside import *\n",
        "from elsewhere import make\n\nOrders = make()\n",
        "from elsewhere import Flow\n\n\nclass Orders(Flow):\n    pass\n",
        (
            "from elsewhere import Flow\nfrom workers import WorkflowEntrypoint\n\n\n"
            "class Orders(Flow, WorkflowEntrypoint):\n    pass\n"
        ),
        (
            "from elsewhere import make\nfrom workers import WorkflowEntrypoint\n\n\n"
            "class Orders(WorkflowEntrypoint):\n    run = make()\n"
        ),
        (
            "from elsewhere import make\nfrom workers import WorkflowEntrypoint\n\n\n"
            "class Orders(WorkflowEntrypoint):\n    pass\n\n\nOrders.run = make()\n"
        ),
    ],
    ids=["imported", "starred", "created", "derived", "mixed", "run created", "run assigned"],
)
def test_classes_that_may_be_valid_are_notes(tmp_path: Path, text: str) -> None:
    findings = [f for code in sorted({*CODES.values()}) for f in check_project(tmp_path, entry(text), code)]

    assert [(f.code, f.severity) for f in findings] == [("SG004", Severity.NOTE)]


def test_external_class_is_not_checked(tmp_path: Path) -> None:
    assert format_findings(check_project(tmp_path, entry("from elsewhere import Orders\n"), "SG004"), tmp_path) == [
        (
            "wrangler.toml:9:14: note: the class `Orders` is imported as `elsewhere.Orders`, which is outside the"
            " project. Its steps are not checked. To check them, define the class in the project, exactly"
            " once and under that name. Declare a package of this repository in `[tool.uv.sources]` in"
            " `pyproject.toml`. [SG004]"
        )
    ]


@pytest.mark.parametrize(
    ("base", "cause"),
    [
        ("Flow", "`flowkit.Flow`, which is outside the project"),
        ("make()", "`make()`, which cannot be resolved"),
    ],
)
def test_class_without_run_whose_base_is_unknown(tmp_path: Path, base: str, cause: str) -> None:
    text = f"from flowkit import Flow, make\n\n\nclass Orders({base}):\n    pass\n"
    (finding,) = check_project(tmp_path, entry(text), "SG004")
    assert (
        finding.message == f"the class `Orders` in {tmp_path}/entry.py derives from {cause}. Its steps are not checked."
    )


def test_class_without_workflow_base_is_missing(tmp_path: Path) -> None:
    text = "class Orders:\n    async def run(self, event, step):\n        pass\n"

    (finding,) = check_project(tmp_path, entry(text), "SG114")

    assert "does not derive from `WorkflowEntrypoint`" in finding.message


def test_private_class_is_not_exported(tmp_path: Path) -> None:
    files = {"entry.py": ENTRY.replace("Orders", "_Orders"), "wrangler.toml": CONFIGURATION.replace('"Or', '"_Or')}

    assert format_findings(check_project(tmp_path, files, "SG115"), tmp_path) == [
        (
            "wrangler.toml:9:14: error: the class `_Orders` in entry.py is private, so it is not exported."
            " The workflow never starts. Rename it, as in `Orders`. [SG115]"
        )
    ]


def test_class_without_run_is_not_missing(tmp_path: Path) -> None:
    text = "from workers import WorkflowEntrypoint\n\n\nclass Orders(WorkflowEntrypoint):\n    pass\n"

    assert check_project(tmp_path, entry(text), "SG114") == []
    assert format_findings(check_project(tmp_path, entry(text), "SG122"), tmp_path) == [
        (
            "wrangler.toml:9:14: error: the class `Orders` in entry.py has no method `run`."
            " Each instance fails when it starts. Add `async def run(self, event, step)`, or name the class that"
            " defines it. [SG122]"
        )
    ]


def test_configuration_of_two_paths_is_checked_once(tmp_path: Path) -> None:
    configuration = CONFIGURATION.replace('"orders"', '"my orders"')
    (tmp_path / "wrangler.toml").write_text(configuration, encoding="utf-8")
    (tmp_path / "entry.py").write_text(ENTRY, encoding="utf-8")

    findings = check_analysis(analyze_paths([tmp_path, f"{tmp_path}/../{tmp_path.name}", tmp_path / "entry.py"]))

    assert [f.code for f in findings] == ["SG113"]


def _findings_in_module(text: str) -> list[str]:
    """Return the findings for a module with a workflow and this text from line 13."""
    good = """\
from workers import WorkflowEntrypoint


class Good(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("load")
        async def load():
            return 1

        await load()


"""
    return [str(finding) for finding in check_analysis(analyze_source(good + text))]


def test_class_with_a_misspelled_run() -> None:
    text = "class Bad(WorkflowEntrypoint):\n    def size(self): ...\n    async def on_run(self, event, step): ...\n"

    assert _findings_in_module(text) == [
        (
            "<string>:15:15: error: the class `Bad` has no method `run`, and the engine does not call `on_run`."
            " Name the method `run`. [SG122]"
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "class Base(WorkflowEntrypoint):\n    async def process(self, event, step):\n        pass\n",
        "class _Base(WorkflowEntrypoint):\n    async def on_run(self, event, step): ...\n",
        "class A(WorkflowEntrypoint):\n    async def on_run(self, event, step):\n        raise NotImplementedError",
        "class Worker:\n    async def on_run(self, event, step): ...\n",
        "from lib import A\n\nclass B(A, WorkflowEntrypoint):\n    async def on_run(self, event, step): ...\n",
        "class Flow(Good):\n    async def on_run(self, event, step): ...\n",
        "class Flow(WorkflowEntrypoint):\n    def main(self): ...\n",
        "class Flow(WorkflowEntrypoint):\n    def on_run(self): ...\n    def __getattr__(self, name): ...\n",
        "step = object()\nclass Flow(WorkflowEntrypoint):\n    @step.do('x')\n    async def charge(self): ...\n",
    ],
)
def test_classes_that_may_have_a_run(text: str) -> None:
    assert [line for line in _findings_in_module(text) if "SG122" in line] == []


@pytest.mark.parametrize("name", ["execute", "handle", "handler", "main", "start", "workflow", "__call__"])
def test_class_with_the_run_of_another_framework(name: str) -> None:
    text = f"class Bad(WorkflowEntrypoint):\n    async def {name}(self, event, step): ...\n"

    assert _findings_in_module(text) == [
        (
            f"<string>:14:15: error: the class `Bad` has no method `run`, and the engine does not call `{name}`."
            " Name the method `run`. [SG122]"
        )
    ]


def test_steps_declared_in_a_class_body() -> None:
    text = "class Bad(WorkflowEntrypoint):\n"
    text += (
        "    @step.do('charge')\n    async def charge(self): ...\n    @step.do('ship')\n    async def ship(self): ...\n"
    )

    assert _findings_in_module(text) == [
        (
            "<string>:14:6: error: the class `Bad` has no method `run`, and its body uses `step`, which is undefined"
            " there: a NameError when the Worker starts. Declare the steps in `async def run(self, event, step)`."
            " [SG122]"
        )
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("class Bad(WorkflowEntrypoint):\n    pass\n\nasync def run(self, event, step): ...\n", 16),
        (
            "class Bad(WorkflowEntrypoint):\n    def setup(self):\n        async def run(self, event, step): ...\n",
            15,
        ),
    ],
)
def test_run_outside_of_the_class_body(text: str, line: int) -> None:
    (finding,) = _findings_in_module(text.replace("...", "await step.sleep('rest', 1)"))

    assert finding.startswith(f"<string>:{line}:")
    assert finding.endswith(
        "error: the class `Bad` has no method `run`, and the engine does not call this function `run`, which is not in"
        " the body of the class. Indent it as a method of the class. [SG122]"
    )


def test_method_with_the_arguments_of_run() -> None:
    text = (
        "class {}(WorkflowEntrypoint):\n    async def process(self, event, step):\n        await step.sleep('a', 1)\n"
    )

    (finding,) = _findings_in_module(text.format("Bad"))
    assert "the engine does not call `process`. Name the method `run`." in finding
    assert _findings_in_module(text.format("FlowBase")) == []


def test_base_class_of_another_module_needs_no_run(tmp_path: Path) -> None:
    base = "from workers import WorkflowEntrypoint\n\n\nclass Base(WorkflowEntrypoint):\n"
    base += "    async def execute(self, event, step): ...\n"
    derived = "from base import Base\n\n\nclass Orders(Base):\n    async def run(self, event, step): ...\n"

    assert check_project(tmp_path, {"base.py": base, "orders.py": derived}, "SG122") == []


def test_configured_class_with_a_misnamed_run(tmp_path: Path) -> None:
    text = ENTRY.replace("def run", "def execute")

    assert format_findings(check_project(tmp_path, entry(text), "SG122"), tmp_path) == [
        (
            "wrangler.toml:9:14: error: the class `Orders` in entry.py has no method `run`, and the engine does not"
            " call `execute`. Each instance fails when it starts. Add `async def run(self, event, step)`, or name the"
            " class that defines it. [SG122]"
        )
    ]


UNKNOWN_BASE = """\
from agents import AgentWorkflow


class Orders(AgentWorkflow):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


def test_configured_class_with_an_unknown_base(tmp_path: Path) -> None:
    assert format_findings(check_project(tmp_path, entry(UNKNOWN_BASE), "SG004"), tmp_path) == [
        (
            "entry.py:4:14: note: the base class `AgentWorkflow` of `Orders` is not in the project. It may not be a"
            " workflow class, and it may run steps of its own. The graph shows `Orders.run`. [SG004]"
        )
    ]
    (workflow,) = analyze_paths([tmp_path]).workflows
    assert (workflow.name, workflow.step_count) == ("orders", 1)


def test_named_file_of_a_class_with_an_unknown_base(tmp_path: Path) -> None:
    check_project(tmp_path, entry(UNKNOWN_BASE), "SG004")

    assert [workflow.name for workflow in analyze_paths([tmp_path / "entry.py"]).workflows] == ["orders"]


@pytest.mark.parametrize("base", ["threading.Thread", "js.EventTarget"])
def test_base_of_the_platform_is_not_a_workflow_class(base: str, tmp_path: Path) -> None:
    text = UNKNOWN_BASE.replace("from agents import AgentWorkflow", "import js, threading").replace(
        "AgentWorkflow", base
    )

    assert format_findings(check_project(tmp_path, entry(text), "SG114"), tmp_path) == [
        (
            "wrangler.toml:9:14: error: the class `Orders` in entry.py does not derive from `WorkflowEntrypoint`. The"
            " workflow never starts. Derive it from `WorkflowEntrypoint`. [SG114]"
        )
    ]


def test_unconfigured_class_with_an_unknown_base() -> None:
    assert analyze_source(UNKNOWN_BASE).workflows == ()


def missing_class_advice(folder: Path, files: dict[str, str]) -> str:
    (finding,) = check_project(folder, {"wrangler.toml": CONFIGURATION, "entry.py": "", **files}, "SG114")
    return finding.advice.replace(f"{folder.as_posix()}/", "")


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("orders.py", "orders.py defines it: add `from orders import Orders` to entry.py."),
        ("shop/flows.py", "shop/flows.py defines it: add `from shop.flows import Orders` to entry.py."),
        ("my-orders.py", "my-orders.py defines it."),
        ("node_modules/orders.py", "entry.py exports no workflow class."),
        ("python_modules/orders.py", "entry.py exports no workflow class."),
    ],
)
def test_class_in_a_module_that_is_not_imported(path: str, advice: str, tmp_path: Path) -> None:
    assert missing_class_advice(tmp_path, {path: ENTRY}) == advice


def test_search_for_a_class_ends_in_a_cycle(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a", target_is_directory=True)

    assert missing_class_advice(tmp_path, {}) == "entry.py exports no workflow class."

"""Workflows in modules that the main module of a Worker imports, with which execution starts."""

from __future__ import annotations

from cProfile import Profile
from pathlib import Path

import pytest

from stepgraph import Analysis, analyze_paths
from stepgraph.large_stack import run_with_large_stack
from tests.project.trees import plant

pytestmark = pytest.mark.usefixtures("empty_directory")

FLOW = """
from workers import WorkflowEntrypoint
from jobs import JOBS

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in JOBS:
            await job(step)
"""
JOBS = """
async def pick(step):
    await step.sleep("pick", 1)

JOBS = [pick]
"""
MORE = """
from jobs import JOBS

async def pack(step):
    await step.sleep("pack", 1)

JOBS.append(pack)
"""
MODULES = {"flow.py": FLOW, "jobs.py": JOBS, "more.py": MORE}
BOTH = ["pick", "pack"]
CONFIGURATION = 'main = "{main}"\nworkflows = [{{name = "w", binding = "W", class_name = "W"}}]'


def analysis_of(files: dict[str, str], path: str = ".") -> Analysis:
    """Return the analysis of a path in a project with these files."""
    plant(Path(), {"pyproject.toml": "", **files})
    return analyze_paths([path])


def calls_of(files: dict[str, str], path: str = ".") -> list[str]:
    """Return the functions that the workflow `W` of a project calls. Its graph must be complete."""
    (workflow,) = analysis_of(files, path).workflows
    assert workflow.complete
    assert workflow.graph is not None
    return list(workflow.graph["workflow"]["functions"])


@pytest.mark.parametrize("path", [".", "flow.py", "entry.py"])
def test_main_module_imports_more_registrations(path: str) -> None:
    assert calls_of({**MODULES, "entry.py": "from flow import W\nimport more\n"}, path) == BOTH


@pytest.mark.parametrize("name", ["entry.py", "main.py", "worker.py", "index.py", "app.py"])
def test_usual_names_of_main_modules(name: str) -> None:
    assert calls_of({**MODULES, name: "from flow import W\nimport more\n"}) == BOTH


def test_main_module_of_the_configuration() -> None:
    files = {**MODULES, "start.py": "from flow import W\nimport more\n", "entry.py": "from flow import W\n"}
    files["wrangler.toml"] = CONFIGURATION.format(main="start.py")
    assert calls_of(files, "flow.py") == BOTH


def test_main_module_of_the_configuration_without_more() -> None:
    files = {**MODULES, "start.py": "from flow import W\n", "entry.py": "from flow import W\nimport more\n"}
    files["wrangler.toml"] = CONFIGURATION.format(main="start.py")
    assert calls_of(files, "flow.py") == ["pick"]


def test_missing_main_module_of_the_configuration() -> None:
    files = {**MODULES, "wrangler.toml": CONFIGURATION.format(main="start.py")}
    assert calls_of(files, "flow.py") == ["pick"]


@pytest.mark.parametrize(
    "main",
    [
        "from flows import W\nimport more\n",
        "from flows import *\nimport more\n",
        "import flows.flow, more\nW = flows.flow.W\n",
        "import more\nfrom flows import flow\n\nclass V(flow.W):\n    pass\n",
    ],
)
def test_main_module_imports_the_class_through_a_package(main: str) -> None:
    modules = {"flows/__init__.py": "from .flow import W\n", "flows/flow.py": FLOW, "jobs.py": JOBS, "more.py": MORE}
    assert calls_of({**modules, "entry.py": main}, "flows/flow.py") == BOTH


@pytest.mark.parametrize(
    "main",
    [
        "import more\n",
        "import flow, more\n",
        'import more\n\nprint("W")\n',
    ],
)
def test_module_that_does_not_deploy_the_class(main: str) -> None:
    assert calls_of({**MODULES, "main.py": main}, "flow.py") == ["pick"]


def test_imports_of_a_main_module_are_followed_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**MODULES, "entry.py": "from flow import W\nimport more\n"}
    monkeypatch.setattr("stepgraph.syntax.import_graph.SEARCHED_IMPORTS", 0)
    assert calls_of(files, "flow.py") == ["pick"]


def test_main_module_of_several_workflow_modules() -> None:
    """The search for the second module continues where that for the first one has ended."""
    modules = {**MODULES, "other.py": FLOW.replace("W(", "V("), "entry.py": "from flow import W\nfrom lazy import V\n"}
    modules["lazy.py"] = "from other import V\nimport more\n"
    assert calls_of(modules, "other.py") == BOTH
    assert calls_of(modules, "flow.py") == BOTH


def test_main_module_in_the_source_directory() -> None:
    files = {f"src/{name}": source for name, source in MODULES.items()}
    assert calls_of({**files, "src/entry.py": "from flow import W\nimport more\n"}) == BOTH


def test_main_module_above_a_directory_that_is_not_a_package() -> None:
    files = {"apps/shop/flows/flow.py": FLOW, "apps/shop/jobs.py": JOBS, "apps/shop/more.py": MORE}
    assert calls_of({**files, "apps/shop/entry.py": "from flows.flow import W\nimport more\n"}) == BOTH


def test_nearest_main_module() -> None:
    files = {"apps/shop/flow.py": FLOW, "apps/shop/jobs.py": JOBS, "apps/shop/entry.py": "from flow import W\n"}
    files |= {"entry.py": "from apps.shop.flow import W\nimport more\n", "more.py": MORE}
    assert calls_of(files) == ["pick"]


def test_main_module_with_the_class_needs_no_other() -> None:
    files = {"entry.py": FLOW, "jobs.py": JOBS, "more.py": MORE, "main.py": "from entry import W\nimport more\n"}
    assert calls_of(files, "entry.py") == ["pick"]


def test_main_module_runs_before_the_module_of_the_class() -> None:
    assert calls_of({**MODULES, "entry.py": "import more\nfrom flow import W\n"}) == BOTH
    modules = {**MODULES, "flow.py": FLOW.replace("import JOBS", "import JOBS\nimport late\n")}
    modules |= {"late.py": MORE.replace("pack", "late"), "entry.py": "import more\nfrom flow import W\n"}
    assert calls_of(modules) == ["pick", "pack", "late"]


@pytest.mark.parametrize("statement", ["W.jobs = [W.pack]", "import flow\nflow.W.jobs = [flow.W.pack]"])
def test_main_module_assigns_a_class_variable(statement: str) -> None:
    flow = """
from workers import WorkflowEntrypoint

class W(WorkflowEntrypoint):
    jobs = []

    async def run(self, event, step):
        for job in self.jobs:
            await job(self, step)

    async def pack(self, step):
        await step.sleep("pack", 1)
"""
    assert calls_of({"flow.py": flow, "entry.py": f"from flow import W\n{statement}\n"}, "flow.py") == ["pack"]


def test_main_module_that_is_not_needed_is_not_parsed() -> None:
    flow = FLOW.replace("for job in JOBS", "for job in ()")
    analysis = analysis_of({**MODULES, "flow.py": flow, "entry.py": "from flow import W\nthis is wrong\n"}, "flow.py")
    assert analysis.problems == ()


def test_broken_main_module_is_a_problem() -> None:
    files = {**MODULES, "jobs.py": JOBS + "JOBS.append(pick)\n", "entry.py": "from flow import W\nimport more\n)\n"}
    analysis = analysis_of(files, "flow.py")
    assert [problem.path for problem in analysis.problems] == ["entry.py"]


SERVER = {"src/app/server.py": "from flows.flow import W\nimport flows.more\n"}
FLOWS = {
    "src/flows/flow.py": FLOW.replace("from jobs", "from flows.jobs"),
    "src/flows/jobs.py": JOBS,
    "src/flows/more.py": MORE.replace("from jobs", "from flows.jobs"),
}
"""A project whose main module has no usual name."""


@pytest.mark.parametrize("path", [".", "src", "src/flows", "src/flows/flow.py"])
def test_main_module_without_a_usual_name(path: str) -> None:
    assert calls_of({**FLOWS, **SERVER}, path) == BOTH


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/flows/__init__.py", "from .flow import W\n"),
        ("src/flows/test_flow.py", "from flows.flow import W\nimport flows.more\n"),
        ("tests/flow.py", "from flows.flow import W\nimport flows.more\n"),
        ("src/app/server.py", "from flows.jobs import JOBS\nimport flows.more\n"),
        ("src/app/server.py", "class W: ...\nimport flows.more\n"),
    ],
)
def test_files_that_are_not_main_modules(path: str, text: str) -> None:
    assert calls_of({**FLOWS, path: text}) == ["pick"]


def test_main_module_imports_other_users_of_the_class() -> None:
    files = {**FLOWS, "src/app/names.py": "from flows.flow import W\n"}
    files["src/app/server.py"] = "import app.names\nimport flows.more\nW = app.names.W\n"
    assert calls_of(files) == BOTH


def test_main_module_with_a_star_import() -> None:
    files = {**FLOWS, "src/app/server.py": "from flows.flow import *\nfrom flows import more\n"}
    assert calls_of(files) == BOTH


def test_module_that_imports_the_sdk_is_the_main_module() -> None:
    files = {**FLOWS, "src/app/admin.py": "from flows.flow import W\n"}
    files["src/app/server.py"] = f"from workers import Response\n{SERVER['src/app/server.py']}"
    assert calls_of(files) == BOTH


def test_main_modules_that_load_equal_steps() -> None:
    assert calls_of({**FLOWS, **SERVER, "src/app/b.py": "from flows.flow import W\nimport flows.more\n"}) == BOTH


def test_main_modules_that_load_other_steps() -> None:
    analysis = analysis_of({**FLOWS, **SERVER, "src/app/batch.py": "from flows.flow import W\n"})
    (workflow,) = analysis.workflows
    (note,) = workflow.notes
    assert note.code == "assigned-elsewhere"
    assert str(note) == (
        "src/flows/flow.py:5:1: src/app/batch.py and src/app/server.py may be the main module, and the steps depend"
        " on it. The graph is for src/app/batch.py. Name the main module in a wrangler configuration."
    )


def test_main_module_of_a_derived_class() -> None:
    files = {**FLOWS, "src/flows/base.py": FLOWS["src/flows/flow.py"].replace("class W", "class Base")}
    files["src/flows/flow.py"] = "from flows.base import Base\n\nclass W(Base):\n    pass\n"
    files |= SERVER
    analysis = analysis_of(files)
    workflow = next(each for each in analysis.workflows if each.class_name == "W")
    assert workflow.graph is not None
    assert list(workflow.graph["workflow"]["functions"]) == BOTH


def test_possible_main_modules_import_each_other() -> None:
    files = {**FLOWS, "src/app/a.py": "from flows.flow import W\nimport app.b\n"}
    files["src/app/b.py"] = "from flows.flow import W\nimport app.a\nimport flows.more\n"
    assert calls_of(files) == BOTH


@pytest.mark.parametrize("classes", [1, 9])
def test_main_module_of_a_module_with_more_classes(classes: int) -> None:
    others = "".join(f"\nclass A{number}:\n    pass\n" for number in range(classes))
    files = {**FLOWS, **SERVER, "src/flows/flow.py": FLOWS["src/flows/flow.py"] + others}
    assert calls_of(files) == BOTH


def test_module_with_the_class_name_in_a_longer_word_only() -> None:
    assert calls_of({**FLOWS, "src/app/server.py": "from flows import flow, more\nWORKERS = {flow}\n"}) == ["pick"]


def work_of_users(count: int) -> int:
    """Return the number of function calls of an analysis, if modules name the class and import each other."""
    files = {"pyproject.toml": "", "flow.py": FLOW, "jobs.py": JOBS}
    files["all.py"] = "".join(f"import user_{number}\n" for number in range(count))
    files |= {f"user_{number}.py": "import all\nfrom flow import W\n" for number in range(count)}
    plant(Path(str(count)), files)
    profile = Profile(builtins=False, subcalls=False)
    run_with_large_stack(lambda: profile.runcall(analyze_paths, [f"{count}/flow.py"]))
    return sum(entry.callcount for entry in profile.getstats())


@pytest.mark.slow
def test_work_is_proportional_to_the_possible_main_modules() -> None:
    work_of_users(1)  # imports modules
    first, second, third = (work_of_users(count) for count in (20, 40, 80))
    assert third - second < 2.3 * (second - first)

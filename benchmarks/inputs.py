"""Inputs of the benchmarks: sources of workflows, and trees of files."""

from __future__ import annotations

from pathlib import Path

from benchmarks.helper_modules import PARTS, helper_module
from benchmarks.history import write_history

TREE_FILES = 10_000
TREE_WORKFLOWS = 10
MANY_WORKFLOWS = 200
STEPS_OF_A_FILE = 20
HELPERS = 50
HELPER_LINES = 1_000
HELPED_WORKFLOWS = 20
HELPERS_OF_A_WORKFLOW = 12
HISTORY_FILES = 20
"""The maximum number of files that the earlier commits of a repository change."""

_GRAPH_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_graph_is_complete(workflow_graph, number):
    assert workflow_graph(f"flows/flow_{{number}}.py").complete
"""
_OTHER_TESTS = """\
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_sum(number):
    assert sum(range(number)) == number * (number - 1) // 2
"""
_HEAD = """\
from workers import WorkflowEntrypoint, fetch


class {name}(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_STEP = """\
        @step.do("step {n}", config={{"retries": {{"limit": 3, "delay": "5 seconds"}}}})
        async def step_{n}():
            return (await fetch("https://example.com/{n}")).status

        await step_{n}()

"""

_SHORT_HEAD = """\
from workers import WorkflowEntrypoint


async def work():
    return 1


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_SHORT_STEP = """\
        await step.do("step {n}")(work)()
"""


def workflow(steps: int, name: str = "W") -> str:
    """Return the source of a workflow with this number of sequential steps."""
    return _HEAD.format(name=name) + "".join(_STEP.format(n=n) for n in range(steps))


def write_workflow(folder: Path, steps: int) -> Path:
    """Write a file with a workflow, and return its path."""
    path = folder / f"workflow_{steps}.py"
    path.write_text(workflow(steps), encoding="utf-8")
    return path


def write_short_steps(folder: Path, steps: int) -> Path:
    """Write a file with a workflow whose steps share a function, and return its path.

    With `workflow`, 20,000 steps exceed the limit on the tokens of a module.
    """
    path = folder / f"short_{steps}.py"
    path.write_text(_SHORT_HEAD + "".join(_SHORT_STEP.format(n=n) for n in range(steps)), encoding="utf-8")
    return path


def write_orders(folder: Path) -> str:
    """Write a repository with a workflow of 20 steps, one of which the last commit renames. Return its file name."""
    name = "orders.py"
    source = workflow(STEPS_OF_A_FILE, "Orders")
    folder.mkdir()
    (folder / name).write_text(source, encoding="utf-8")
    write_history(folder, {name: source.replace('"step 7"', '"seventh step"')})
    return name


def write_tree(tree: Path, workflows: int) -> list[Path]:
    """Write a repository of 10,000 files and 42 MB, and return the paths of the files with a workflow of 20 steps."""
    workflow_paths: list[Path] = []
    for number in range(TREE_FILES):
        path = tree / f"package_{number // 100}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if workflows and number % (TREE_FILES // workflows) == 0:
            path.write_text(workflow(STEPS_OF_A_FILE, f"Orders{number}"), encoding="utf-8")
            workflow_paths.append(path)
        else:
            path.write_text(helper_module(number, 40 + number % 170), encoding="utf-8")
    first = tree / "package_0" / "module_0.py"
    write_history(tree, {str(first.relative_to(tree)): first.read_text(encoding="utf-8")})
    return workflow_paths


def write_workflows(folder: Path) -> list[Path]:
    """Write a repository with 200 workflows of 20 steps, each in a file, and return their paths."""
    folder.mkdir()
    paths = [folder / f"orders_{number}.py" for number in range(MANY_WORKFLOWS)]
    sources = {path.name: workflow(STEPS_OF_A_FILE, f"Orders{number}") for number, path in enumerate(paths)}
    for path in paths:
        path.write_text(sources[path.name], encoding="utf-8")
    write_history(folder, {path.name: sources[path.name] for path in paths[:HISTORY_FILES]})
    return paths


def write_helper_project(folder: Path) -> list[Path]:
    """Write a repository with workflows that share large helper modules, and return the paths of all modules.

    Each workflow imports a function with a step from 12 helpers. `tests/` has a test of each graph, and `other_tests/`
    tests that need no graph.
    """
    paths = [folder / "helpers" / f"helper_{number}.py" for number in range(HELPERS)]
    (folder / "helpers").mkdir(parents=True)
    (folder / "helpers" / "__init__.py").write_text("", encoding="utf-8")
    for number, path in enumerate(paths):
        path.write_text(helper_module(number, HELPER_LINES) + _helper_step(number), encoding="utf-8")
    (folder / "flows").mkdir()
    for number in range(HELPED_WORKFLOWS):
        path = folder / "flows" / f"flow_{number}.py"
        path.write_text(_helped_workflow(number), encoding="utf-8")
        paths.append(path)
    for name, text in (("tests", _GRAPH_TESTS), ("other_tests", _OTHER_TESTS)):
        (folder / name).mkdir()
        (folder / name / f"test_{name}.py").write_text(text.format(tests=HELPED_WORKFLOWS), encoding="utf-8")
    (folder / "pyproject.toml").write_text('[project]\nname = "orders"\n', encoding="utf-8")
    write_history(folder, {f"flows/flow_{n}.py": _helped_workflow(n) for n in range(HELPED_WORKFLOWS)})
    return paths


def _helper_step(number: int) -> str:
    """Return a function with a step that calls a function of the helper module."""
    return (
        f"\n\nasync def bill_{number}(step, order):\n"
        f'    @step.do("bill {number}", config={{"timeout": "5 minutes"}})\n'
        "    async def bill():\n"
        f'        return total_{number}_{(1 - number) % PARTS}(order["lines"]) * RATES_{number}["standard"]\n\n'
        "    return await bill()\n"
    )


def _helped_workflow(number: int) -> str:
    helpers = sorted((number + 3 * index) % HELPERS for index in range(HELPERS_OF_A_WORKFLOW))
    return "".join(
        [
            "from workers import WorkflowEntrypoint\n\n",
            *(f"from helpers.helper_{helper} import bill_{helper}\n" for helper in helpers),
            f"\n\nclass Billing{number}(WorkflowEntrypoint):\n    async def run(self, event, step):\n",
            *(f'        await bill_{helper}(step, event["payload"])\n' for helper in helpers),
        ]
    )


REPOSITORY = """class Repository:
    def __init__(self, database):
        self._database = database
        self._cache = {}
        self._reads = 0

"""
REPOSITORY_METHODS = 7
REPOSITORY_PARTS = 68
FUNCTIONS_OF_A_PART = 5


def write_repository_project(folder: Path) -> Path:
    """Write a project of 70 modules whose functions share a repository object with a cache and a counter."""
    methods = "".join(
        f"    async def rows_{number}(self, key):\n"
        "        self._reads += 1\n"
        "        if key in self._cache:\n"
        "            return self._cache[key]\n"
        f'        rows = await self._database.prepare("SELECT {number}").bind(key).all()\n'
        "        self._cache[key] = rows\n"
        "        return rows\n\n"
        for number in range(REPOSITORY_METHODS)
    )
    (folder / "repository.py").write_text(REPOSITORY + methods, encoding="utf-8")
    for part in range(REPOSITORY_PARTS):
        lines = ["from repository import Repository"]
        if part:
            lines.append(f"import part_{part - 1:02}")
        for number in range(FUNCTIONS_OF_A_PART):
            below = f"part_{part - 1:02}.load_{number}(repository, key)" if part % 8 else "None"
            lines += [
                f"\n\nasync def load_{number}(repository: Repository, key):",
                f"    rows = await repository.rows_{(part + number) % REPOSITORY_METHODS}(key)",
                "    if not rows:",
                "        return []",
                f"    more = await {below}" if part % 8 else "    more = []",
                f"    again = await repository.rows_{(part + 2 * number) % REPOSITORY_METHODS}(key)",
                "    return [*rows, *more, *again]",
            ]
        (folder / f"part_{part:02}.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    steps = "".join(
        f'\n        @step.do("load {part}")\n        async def load_{part}():\n'
        + "".join(
            f"            await part_{part:02}.load_{number}(repository, {number})\n"
            for number in range(FUNCTIONS_OF_A_PART)
        )
        + f"\n        await load_{part}()\n"
        for part in range(REPOSITORY_PARTS)
    )
    imports = "".join(f"import part_{part:02}\n" for part in range(REPOSITORY_PARTS))
    entry = folder / "entry.py"
    entry.write_text(
        f"{imports}from repository import Repository\nfrom workers import WorkflowEntrypoint\n\n\n"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        f"        repository = Repository(self.env.DB)\n{steps}",
        encoding="utf-8",
    )
    return entry

"""Inputs of the benchmarks: sources of workflows, and trees of files."""

from __future__ import annotations

from pathlib import Path

TREE_FILES = 10_000
TREE_WORKFLOWS = 10
MANY_WORKFLOWS = 200

_FILE_BYTES = 11_800
_LINE = "def function_{n}(first, second):\n    return [first + second for _ in range(10)]\n\n\n"
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


def workflow(steps: int, name: str = "W") -> str:
    """Return the source of a workflow with this number of sequential steps."""
    return _HEAD.format(name=name) + "".join(_STEP.format(n=n) for n in range(steps))


def write_workflow(folder: Path, steps: int) -> Path:
    """Write a file with a workflow, and return its path."""
    path = folder / f"workflow_{steps}.py"
    path.write_text(workflow(steps), encoding="utf-8")
    return path


def write_tree(tree: Path, workflows: int) -> list[Path]:
    """Write a tree of 10,000 files and 118 MB, and return the paths of the files with a workflow of 20 steps."""
    workflow_paths: list[Path] = []
    for number in range(TREE_FILES):
        path = tree / f"package_{number // 100}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if workflows and number % (TREE_FILES // workflows) == 0:
            path.write_text(workflow(20, f"Workflow{number}"), encoding="utf-8")
            workflow_paths.append(path)
        else:
            text = "".join(_LINE.format(n=f"{number}_{n}") for n in range(_FILE_BYTES // len(_LINE)))
            path.write_text(text, encoding="utf-8")
    return workflow_paths


def write_workflows(folder: Path) -> list[Path]:
    """Write 200 files with a workflow of 20 steps each, and return their paths."""
    folder.mkdir()
    paths = [folder / f"workflow_{number}.py" for number in range(MANY_WORKFLOWS)]
    for number, path in enumerate(paths):
        path.write_text(workflow(20, f"Workflow{number}"), encoding="utf-8")
    return paths


REPOSITORY = """class Repository:
    def __init__(self, database):
        self._database = database
        self._cache = {}
        self._reads = 0

"""
REPOSITORY_METHODS = 7
PARTS = 68
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
    for part in range(PARTS):
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
        for part in range(PARTS)
    )
    imports = "".join(f"import part_{part:02}\n" for part in range(PARTS))
    entry = folder / "entry.py"
    entry.write_text(
        f"{imports}from repository import Repository\nfrom workers import WorkflowEntrypoint\n\n\n"
        "class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n"
        f"        repository = Repository(self.env.DB)\n{steps}",
        encoding="utf-8",
    )
    return entry

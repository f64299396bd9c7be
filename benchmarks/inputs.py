"""What is measured: sources of workflows, and trees of files."""

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
            return await fetch("https://example.com/{n}")

        await step_{n}()

"""


def workflow(steps: int, name: str = "W") -> str:
    """Return the source of a workflow of that many steps, one after another."""
    return _HEAD.format(name=name) + "".join(_STEP.format(n=n) for n in range(steps))


def plant_workflow(folder: Path, steps: int) -> Path:
    """Write a file with a workflow, and return it."""
    path = folder / f"workflow_{steps}.py"
    path.write_text(workflow(steps), encoding="utf-8")
    return path


def plant_tree(tree: Path, workflows: int) -> list[Path]:
    """Write a tree of 10,000 files, 118 MB, some with workflows of 20 steps, and return these."""
    found: list[Path] = []
    for number in range(TREE_FILES):
        path = tree / f"package_{number // 100}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        if workflows and number % (TREE_FILES // workflows) == 0:
            path.write_text(workflow(20, f"Workflow{number}"), encoding="utf-8")
            found.append(path)
        else:
            text = "".join(_LINE.format(n=f"{number}_{n}") for n in range(_FILE_BYTES // len(_LINE)))
            path.write_text(text, encoding="utf-8")
    return found


def plant_workflows(folder: Path) -> list[Path]:
    """Write 200 files with a workflow of 20 steps each, and return them."""
    folder.mkdir()
    paths = [folder / f"workflow_{number}.py" for number in range(MANY_WORKFLOWS)]
    for number, path in enumerate(paths):
        path.write_text(workflow(20, f"Workflow{number}"), encoding="utf-8")
    return paths

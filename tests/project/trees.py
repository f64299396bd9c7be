"""Folders with files in them, for tests to search."""

from __future__ import annotations

from pathlib import Path

from stepgraph.project.root import Root

WORKFLOW = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""


def plant(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder, and the folders that they need."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def here() -> Root:
    """Return the working directory as the root that limits reading."""
    return Root(str(Path.cwd()))

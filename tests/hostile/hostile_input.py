"""The format of a row in the registry of hostile inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Files: TypeAlias = Mapping[str, str | bytes]
"""The content of each file, by its path in the analyzed directory."""

HEAD: Final = "from workers import WorkflowEntrypoint\n"
RUN: Final = "class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n"


@dataclass(frozen=True, slots=True)
class HostileInput:
    """A small input that asks for much work.

    `files` returns the input of any size, `size` is that of the attack. The table shows it and ten times that size.
    """

    name: str
    files: Callable[[int], Files]
    size: int
    command: tuple[str, ...] = ("check", ".")


def entry(body: str, before: str = "") -> Files:
    """Return a project of one workflow whose `run` has this body, after module code; lines are not indented."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return {"entry.py": f"{HEAD}{before}{RUN}{lines}        await step.sleep('end', 1)\n"}

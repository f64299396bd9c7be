"""Small inputs that require much work, as entries of the registry."""

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
    """A small input that requires much work."""

    name: str
    files: Callable[[int], Files]
    """Returns the input for a size."""
    size: int
    """The size at which the limits apply. Ten times this size is measured as well."""
    command: tuple[str, ...] = ("check", ".")


def entry(body: str, before: str = "") -> Files:
    """Return a project with one workflow. `body` is the unindented body of `run`, and `before` the code above the
    class.
    """
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return {"entry.py": f"{HEAD}{before}{RUN}{lines}        await step.sleep('end', 1)\n"}

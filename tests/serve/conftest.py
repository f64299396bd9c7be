"""Projects for the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.project.trees import plant

WORKER: Final = """\
name = "{name}-worker"
main = "src/entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers", "python_workflows"]

[[workflows]]
name = "{name}"
binding = "{binding}"
class_name = "{class_name}"
"""
ENTRY: Final = """\
from workers import WorkflowEntrypoint


class {class_name}(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "{hours} hours")
        await step.wait_for_event("approval", "{name}-approved")
"""


def worker(name: str, hours: int = 1) -> dict[str, str]:
    """Return the files of a Worker with one workflow."""
    values = {"name": name, "class_name": name.title(), "binding": name.upper(), "hours": hours}
    return {f"{name}/wrangler.toml": WORKER.format(**values), f"{name}/src/entry.py": ENTRY.format(**values)}


@pytest.fixture(scope="module")
def three_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Change into a project of three Workers."""
    folder = tmp_path_factory.mktemp("workers")
    plant(folder, {**worker("orders"), **worker("refunds", 2), **worker("returns", 3)})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SOURCE_DATE_EPOCH", "1767323045")
        yield folder

"""Small projects with a configuration, and what the rules find in them."""

from __future__ import annotations

from pathlib import Path

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.finding import Finding

ENTRY = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "1 hour")
"""
HEAD = """\
name = "shop"
main = "entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]
"""
WORKFLOWS = """
[[workflows]]
binding = "ORDERS"
name = "orders"
class_name = "Orders"
"""
CONFIGURATION = HEAD + WORKFLOWS


def found(folder: Path, files: dict[str, str], code: str, *, environment: str | None = None) -> list[Finding]:
    """Return what a rule finds in a project."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    findings = check_analysis(analyze_paths([folder], environment=environment))
    return [finding for finding in findings if finding.code == code]


def shown(findings: list[Finding], folder: Path) -> list[str]:
    """Return findings as lines, with paths from the project's folder."""
    return [
        str(finding).removeprefix(f"{folder.as_posix()}/").replace(f"{folder.as_posix()}/", "") for finding in findings
    ]

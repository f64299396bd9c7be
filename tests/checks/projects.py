"""Check small projects with a configuration."""

from __future__ import annotations

from pathlib import Path

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.checks.diagnostic import Finding

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


def check_project(folder: Path, files: dict[str, str], code: str, *, environment: str | None = None) -> list[Finding]:
    """Write a project and return the findings of a rule."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    findings = check_analysis(analyze_paths([folder], environment=environment))
    return [finding for finding in findings if finding.code == code]


def format_findings(findings: list[Finding], folder: Path) -> list[str]:
    """Format findings as lines, with paths relative to the project."""
    return [
        str(finding).removeprefix(f"{folder.as_posix()}/").replace(f"{folder.as_posix()}/", "") for finding in findings
    ]

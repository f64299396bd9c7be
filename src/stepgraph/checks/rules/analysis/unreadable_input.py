"""A file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, diagnostics_of
from stepgraph.checks.rule import Rule
from stepgraph.model.note import ProblemKind

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    return diagnostics_of(subject.problems, ProblemKind.UNREADABLE)


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    configuration = """
        {
          "name": "shop",
          "main": "entry.py",
          "compatibility_date": "2026-03-01",
          "compatibility_flags": ["python_workers"],
          "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]
        }
        """
    return (
        project(
            "an encoding that Python does not know",
            {"entry.py": "# coding: utf-9  # SG001", "wrangler.jsonc": configuration},
        ),
        project(
            "a null character, as in a binary file",
            {"entry.py": 'MARK = "\0"  # SG001', "wrangler.jsonc": configuration},
        ),
        project(
            "an encoding that the text is not in",
            {"entry.py": '# coding: ascii\nNAME = "zurück"  # SG001', "wrangler.jsonc": configuration},
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, module

    return (
        in_run("text in UTF-8", 'await step.sleep("zurück → später", "1 hour")'),
        module(
            "an encoding that the first line names",
            """
            # coding: utf-8
            from workers import WorkflowEntrypoint


            class Example(WorkflowEntrypoint):
                async def run(self, event, step):
                    await step.sleep("später", "1 hour")
            """,
        ),
        in_run(
            "a null character as an escape",
            r"""
            @step.do("separate")
            async def separate():
                return "a\x00b"

            await separate()
            """,
        ),
    )


RULE = Rule(
    code="SG001",
    name="unreadable-input",
    severity=Severity.ERROR,
    summary="A file cannot be read, or is not the text that it should be.",
    why="What is in it is not checked, and Python would not load it either.",
    fix="Name a file that is there and may be read, and save it as UTF-8.",
    source="Python: how it decodes a module; the operating system.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)

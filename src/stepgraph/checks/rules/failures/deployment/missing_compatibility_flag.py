"""Configurations without the compatibility flags of Python workflows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject
    from stepgraph.project.configuration.compatibility import Compatibility
    from stepgraph.project.configuration.wrangler import Configuration


def _check(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        if configuration.is_python and configuration.own_workflows and not _are_refused(configuration):
            compatibility = configuration.compatibility
            for message, advice in _faults(compatibility):
                yield Diagnostic(empty_span(configuration.path, compatibility.position), message, advice)


def _are_refused(configuration: Configuration) -> bool:
    """Return whether the flags have an invalid type, which is already reported."""
    position = configuration.compatibility.position
    return any((problem.line, problem.column) == position for problem in configuration.problems)


def _faults(compatibility: Compatibility) -> Iterator[tuple[str, str]]:
    if not compatibility.has_python:
        yield (
            "the compatibility flag `python_workers` is missing, and wrangler refuses a Worker in Python without it.",
            'Add it, as in `"compatibility_flags": ["python_workers"]`.',
        )
    if compatibility.disables_workflows:
        yield (
            "the compatibility flag `disable_python_workflows` switches workflows in Python off, so none of them runs.",
            "Remove it.",
        )
    elif compatibility.is_too_old_for_workflows:
        without = f"and the date {compatibility.date} does not imply it: no workflow runs."
        yield (
            f"the compatibility flag `python_workflows` is missing, {without}",
            "Set `compatibility_date` to 2025-09-20 or later, or add the flag.",
        )


_ENTRY = """
    from workers import WorkflowEntrypoint


    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep("rest", "1 hour")
    """
_WORKFLOWS = """
    [[workflows]]
    binding = "ORDERS"
    name = "orders"
    class_name = "Orders"
    """


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    return (
        project(
            "no flag",
            {
                "wrangler.jsonc": """
                    {
                      "name": "shop",
                      "main": "entry.py", // SG116
                      "compatibility_date": "2026-03-01",
                      "workflows": [{"binding": "ORDERS", "name": "orders", "class_name": "Orders"}]
                    }
                    """,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "flags of something else",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["nodejs_compat"]  # SG116
                    """
                + _WORKFLOWS,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "the day before workflows are implied",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2025-09-19"
                    compatibility_flags = ["python_workers"]  # SG116
                    """
                + _WORKFLOWS,
                "entry.py": _ENTRY,
            },
        ),
        project(
            "workflows switched off",
            {
                "wrangler.toml": """
                    name = "shop"
                    main = "entry.py"
                    compatibility_date = "2026-03-01"
                    compatibility_flags = ["python_workers", "disable_python_workflows"]  # SG116
                    """
                + _WORKFLOWS,
                "entry.py": _ENTRY,
            },
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import project

    def configured(title: str, date: str, flags: str) -> Example:
        lines = ['name = "shop"', 'main = "entry.py"', date, f"compatibility_flags = {flags}", ""]
        from textwrap import dedent

        return project(title, {"wrangler.toml": "\n".join(lines) + dedent(_WORKFLOWS), "entry.py": _ENTRY})

    return (
        configured(
            "the day from which workflows are implied", 'compatibility_date = "2025-09-20"', '["python_workers"]'
        ),
        configured(
            "the flag before that day",
            'compatibility_date = "2025-08-01"',
            '["python_workers", "python_workflows"]',
        ),
        configured("no date, for it may be given to wrangler", "", '["python_workers"]'),
        project(
            "a Worker without workflows of its own",
            {
                "wrangler.jsonc": """
                    {
                      "name": "site",
                      "main": "entry.py",
                      "compatibility_date": "2025-05-01",
                      "compatibility_flags": ["python_workers"],
                      "workflows": [
                        {"binding": "ORDERS", "name": "orders", "class_name": "Orders", "script_name": "shop"}
                      ]
                    }
                    """,
                "entry.py": "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n    pass",
            },
        ),
    )


RULE = Rule(
    code="SG116",
    name="missing-compatibility-flag",
    severity=Severity.ERROR,
    summary="The configuration lacks a compatibility flag that workflows in Python need, or switches them off.",
    why="`python_workers` is always needed, and wrangler refuses a Python module without it. `python_workflows` is"
    " implied from the compatibility date 2025-09-20 on; before it, and with `disable_python_workflows`, the runtime"
    " does not run workflow classes.",
    fix="Add `python_workers` to `compatibility_flags`, and set `compatibility_date` to 2025-09-20 or later.",
    source="workerd: `compatibility-date.capnp`; wrangler, which asks for `python_workers`.",
    flagged=_flagged,
    clean=_clean,
    check_project=_check,
)

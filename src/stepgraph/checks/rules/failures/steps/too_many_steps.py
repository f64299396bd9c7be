"""Workflows that exceed the limit on steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.checks.analysis.min_step_count import exceeding_place, min_step_count
from stepgraph.checks.diagnostic import Diagnostic, Severity, empty_span
from stepgraph.checks.rule import Rule

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import ProjectSubject, WorkflowSubject

# From the limits page: the free plan, the paid plan, and the maximum of a configured limit.
_FREE: Final = 1_024
_PAID: Final = 10_000
_HIGHEST: Final = 25_000

_SPLIT: Final = "Do the work of several steps in one, or start further instances that each do a part."


class _StepLimit(Struct, frozen=True):
    """A limit on steps, with the severity and the message for workflows that exceed it."""

    steps: int
    severity: Severity
    source: str
    advice: str


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    count = min_step_count(subject.program)
    limit = _exceeded(count, None if subject.configured is None else subject.configured.steps)
    if limit is not None:
        span = exceeding_place(subject.program, limit.steps).span
        fails = f"an instance fails at step {limit.steps + 1:,}"
        message = f"each run executes at least {count:,} steps, and {limit.source}: {fails}."
        yield Diagnostic(span, message, limit.advice, severity=limit.severity)


def _exceeded(count: int, configured: int | None) -> _StepLimit | None:
    """Return the exceeded limit: the configured one, or the highest of the fixed ones."""
    if configured is not None and configured < _HIGHEST:
        advice = f"Raise `limits.steps`, which may be up to {_HIGHEST:,}. Or: {_SPLIT[0].lower()}{_SPLIT[1:]}"
        limits = [_StepLimit(configured, Severity.ERROR, f"`limits.steps` allows {configured:,}", advice)]
    elif configured is not None:
        limits = [_MOST]
    else:
        limits = [_MOST, *_DEFAULTS]
    return next((limit for limit in limits if count > limit.steps), None)


_MOST: Final = _StepLimit(_HIGHEST, Severity.ERROR, f"{_HIGHEST:,} are the most that can be allowed", _SPLIT)
_DEFAULTS: Final = (
    _StepLimit(
        _PAID,
        Severity.WARNING,
        f"without `limits.steps` the paid plan allows {_PAID:,}",
        f"Set `limits.steps` in the workflow's configuration, up to {_HIGHEST:,}.",
    ),
    _StepLimit(
        _FREE,
        Severity.INFORMATION,
        f"the free plan allows {_FREE:,}",
        "Nothing is to be done on the paid plan.",
    ),
)


def _check_project(subject: ProjectSubject) -> Iterator[Diagnostic]:
    for configuration in subject.configurations:
        for workflow in configuration.own_workflows:
            if workflow.steps is not None and workflow.steps > _HIGHEST:
                message = f"`limits.steps` is {workflow.steps:,}, and {_HIGHEST:,} are the most that can be allowed."
                yield Diagnostic(
                    empty_span(configuration.path, workflow.steps_position), message, f"Set it to {_HIGHEST:,} or less."
                )


_CONFIGURATION = """
    {
      "name": "shop",
      "main": "entry.py",
      "compatibility_date": "2026-03-01",
      "compatibility_flags": ["python_workers"],
      "workflows": [
        {"binding": "ORDERS", "name": "orders", "class_name": "Orders", "limits": {"steps": STEPS}}
      ]
    }
    """


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, project

    return (
        project(
            "more than the configuration allows",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            for page in range(600):  # SG124
                                @step.do(f"page {page}")
                                async def fetch():
                                    return page

                                await fetch()
                    """,
                "wrangler.jsonc": _CONFIGURATION.replace("STEPS", "500"),
            },
        ),
        in_run(
            "more than can be allowed",
            """
            async def visit(shop, day):
                @step.do(f"shop {shop}, day {day}")
                async def count():
                    return 1

                await count()

            for shop in range(100):  # SG124
                for day in range(365):
                    await visit(shop, day)
            """,
        ),
        in_run(
            "more than the paid plan allows, unless told to",
            """
            PAGES = 12000

            for page in range(PAGES):  # SG124
                @step.do(f"page {page}")
                async def fetch():
                    return page

                await fetch()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run, project

    return (
        in_run(
            "a loop that may end early",
            """
            for page in range(30000):
                @step.do(f"page {page}")
                async def fetch():
                    return page

                if await fetch() >= 3:
                    break
            """,
        ),
        in_run(
            "a loop in a step",
            """
            @step.do("count")
            async def count():
                return sum(range(30000))

            await count()
            """,
        ),
        in_run(
            "a loop that steps run in now and then",
            """
            for page in range(30000):
                if page % 1000 == 0:
                    @step.do(f"page {page}")
                    async def fetch():
                        return page

                    await fetch()
            """,
        ),
        project(
            "as many as the configuration allows",
            {
                "entry.py": """
                    from workers import WorkflowEntrypoint


                    class Orders(WorkflowEntrypoint):
                        async def run(self, event, step):
                            for page in range(500):
                                @step.do(f"page {page}")
                                async def fetch():
                                    return page

                                await fetch()
                    """,
                "wrangler.jsonc": _CONFIGURATION.replace("STEPS", "500"),
            },
        ),
    )


RULE = Rule(
    code="SG124",
    name="too-many-steps",
    severity=Severity.ERROR,
    summary="Each run of a workflow executes more steps than an instance may.",
    why="The engine counts the calls of `step.do`, and fails the instance at the first one beyond the limit: that of"
    " `limits.steps`, at most 25,000; without it 10,000 on the paid plan (a warning) and 1,024 on the free one"
    " (information). What is counted is a lower bound.",
    fix=f"Set `limits.steps` where it is too low. Otherwise: {_SPLIT[0].lower()}{_SPLIT[1:]}",
    source="Engine: its step counter; the limits page.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
    check_project=_check_project,
)

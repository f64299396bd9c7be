"""Dependencies whose name belongs to two steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stepgraph.checks.diagnostic import Diagnostic, Severity, first_diagnostics
from stepgraph.checks.rule import Rule
from stepgraph.ir.facts import AmbiguousDependency

if TYPE_CHECKING:
    from stepgraph.checks.example import Example
    from stepgraph.checks.subject import WorkflowSubject


def _check(subject: WorkflowSubject) -> Iterator[Diagnostic]:
    running = subject.reachable_steps.all
    return first_diagnostics(
        _match(shared) for shared in subject.facts_of_type(AmbiguousDependency) if shared.definition in running
    )


def _match(shared: AmbiguousDependency) -> Diagnostic:
    name, resolved, shadowed = shared.parameter.name, shared.resolved_step, shared.shadowed_step
    return Diagnostic(
        shared.parameter.place.span,
        f"two steps are named {name!r}, those of `{shadowed.function_name}` (line {shadowed.place.span.line}) and"
        f" `{resolved.function_name}` (line {resolved.place.span.line}): {shared.definition.name!r} gets the"
        " result of the one declared last.",
        "Give the steps different names, and name the parameter after the one that is meant.",
    )


def _flagged() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run

    return (
        in_run(
            "a name that was copied",
            """
            @step.do("load")
            async def load_users():
                return ["Ada"]

            @step.do("load")
            async def load_orders():
                return [10]

            @step.do("report")
            async def report(load):  # SG208
                return load

            await load_users()
            return await report()
            """,
        ),
        in_run(
            "a step that another one hides before it is needed",
            """
            @step.do("rate")
            async def rate():
                return 2

            @step.do("price")
            async def price(rate):  # SG208
                return 10 * rate

            @step.do("rate")
            async def discounted():
                return 1

            return await price()
            """,
        ),
        in_run(
            "in a dependency of a dependency",
            """
            @step.do("user")
            async def user():
                return "Ada"

            @step.do("user")
            async def account():
                return "ada@example.com"

            @step.do("greeting")
            async def greeting(user):  # SG208
                return "Hello " + user

            @step.do("mail")
            async def mail(greeting):
                return greeting

            return await mail()
            """,
        ),
    )


def _clean() -> tuple[Example, ...]:
    from stepgraph.checks.example import in_run
    from stepgraph.project.configuration.compatibility import DependencyMode

    return (
        in_run(
            "one step of that name on each path",
            """
            if event["payload"]["fresh"]:
                @step.do("rows")
                async def fetch():
                    return [1, 2]
            else:
                @step.do("rows")
                async def cached():
                    return [1]

            @step.do("total")
            async def total(rows):
                return sum(rows)

            await total()
            """,
        ),
        in_run(
            "one after another, each used before the next",
            """
            @step.do("rows")
            async def users():
                return ["Ada"]

            @step.do("save users")
            async def save_users(rows):
                return len(rows)

            await save_users()

            @step.do("rows")
            async def orders():
                return [10]

            @step.do("save orders")
            async def save_orders(rows):
                return len(rows)

            await save_orders()
            """,
        ),
        in_run(
            "declared anew in each pass of a loop",
            """
            for page in range(2):
                @step.do("rows")
                async def fetch():
                    return [page]

                @step.do("total")
                async def total(rows):
                    return sum(rows)

                await total()
            """,
        ),
        in_run(
            "listed by function",
            """
            @step.do("load")
            async def load_users():
                return ["Ada"]

            @step.do("load")
            async def load_orders():
                return [10]

            @step.do("report", depends=[load_users, load_orders])
            async def report(users, orders):
                return [*users, *orders]

            await report()
            """,
            mode=DependencyMode.LEGACY,
        ),
        in_run(
            "a name that two steps share and none needs",
            """
            @step.do("notify")
            async def mail():
                return "mail"

            @step.do("notify")
            async def text():
                return "text"

            await mail()
            await text()
            """,
        ),
    )


RULE = Rule(
    code="SG208",
    name="ambiguous-dependency-name",
    severity=Severity.WARNING,
    summary="A parameter of a step that runs is the name of two steps, both declared before either had run.",
    why="Names are looked up when the step is called, and of two steps of one name the one declared last counts; the"
    " other is out of reach. Older SDKs took a result of the first one where there was one.",
    fix="Give the steps different names.",
    source="SDK: `step_closures`; seen by running it.",
    flagged=_flagged,
    clean=_clean,
    check=_check,
)

"""Generate awaitable expressions: calls of steps and functions, and combinations of them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Expression, comma_separated
from tests.proof.programs.scope import Callee, Scope


@dataclass(frozen=True, slots=True)
class AwaitableExpression:
    """An awaitable expression. Only coroutines can become tasks."""

    text: str
    is_coroutine: bool = True

    def __str__(self) -> str:
        return self.text


def coroutine(drawing: Drawing, scope: Scope) -> AwaitableExpression:
    """Draw a call that returns a coroutine."""
    drawing.budget -= 1
    kinds = {"thunk": 12, "callee": 6 if scope.callees else 0, "wait": 1, "event": 1}
    kinds |= {"either": 1, "table": 3 if scope.tables else 0, "list": 1 if scope.lists else 0}
    match drawing.weighted(kinds):
        case "callee":
            return AwaitableExpression(call(drawing, scope, drawing.choose(scope.callees)))
        case "table":
            return AwaitableExpression(_of_table(drawing, scope))
        case "list":
            return AwaitableExpression(f"{drawing.choose(scope.lists)}[{drawing.number(0, 1)}]()")
        case "either":
            first, second = drawing.choose(scope.thunks), drawing.choose(scope.thunks)
            return AwaitableExpression(f"({first} if {condition(drawing, scope)} else {second})()")
        case "wait":
            return AwaitableExpression(f"asyncio.wait_for({coroutine(drawing, scope)}, {drawing.choose(_LIMITS)})")
        case "event":
            return AwaitableExpression(
                f'{scope.step}.wait_for_event("{drawing.name("event ")}", "approved", timeout="1 hour")'
            )
        case _:
            return AwaitableExpression(f"{drawing.choose(scope.thunks)}()")


def awaitable(drawing: Drawing, scope: Scope) -> AwaitableExpression:
    """Draw an awaitable."""
    kinds = {"coroutine": 20, "sleep": 2, "until": 1, "gather": 2, "shield": 1, "promise": 1, "passes": 2}
    if scope.depth > 8:
        kinds = {"coroutine": 1}
    match drawing.weighted(kinds):
        case "sleep":
            return AwaitableExpression(sleep(drawing, scope), is_coroutine=False)
        case "until":
            return AwaitableExpression(sleep_until(drawing, scope), is_coroutine=False)
        case "gather":
            return AwaitableExpression(gather(drawing, scope.inside()), is_coroutine=False)
        case "passes":
            return AwaitableExpression(gather_comprehension(drawing, scope), is_coroutine=False)
        case "shield":
            return AwaitableExpression(f"asyncio.shield({coroutine(drawing, scope)})", is_coroutine=False)
        case "promise":
            kind = drawing.choose(["all", "allSettled", "any", "race"])
            members = gather_members(drawing, scope.inside())
            members += [sleep(drawing, scope)] if kind == "allSettled" else []
            return AwaitableExpression(f"Promise.{kind}(to_js([{comma_separated(members)}]))", is_coroutine=False)
        case _:
            return coroutine(drawing, scope)


def gather_members(drawing: Drawing, scope: Scope) -> list[Expression | str]:
    """Draw the members of a gather, including tasks that are already running."""
    members: list[Expression | str] = [awaitable(drawing, scope) for _ in range(drawing.number(1, 3))]
    return members + list(drawing.sample(scope.tasks, 2))


def gather(drawing: Drawing, scope: Scope) -> str:
    members = gather_members(drawing, scope)
    if not drawing.chance(4):
        return f"asyncio.gather({comma_separated(members)})"
    # The graph shows a single settled step as a plain step, whose failure would seem to be uncaught.
    return f"asyncio.gather({comma_separated([*members, sleep(drawing, scope)])}, return_exceptions=True)"


def gather_comprehension(drawing: Drawing, scope: Scope) -> str:
    """Draw a gather over a comprehension."""
    row = drawing.name("row")
    inner = scope.inside(rows=[*scope.rows, row])
    condition_part = f" if {condition(drawing, inner)}" if drawing.chance(4) else ""
    settled = ", return_exceptions=True" if drawing.chance(4) else ""
    element = f"{awaitable(drawing, inner.inside(depth=9))} for {row} in {drawing.choose(ROWS)}{condition_part}"
    return f"asyncio.gather(*{drawing.choose(['[{}]', '({})']).format(element)}{settled})"


def thunk(drawing: Drawing, scope: Scope) -> str:
    """Draw a callable without parameters."""
    kinds = {"known": 4, "lambda": 2, "partial": 2 if scope.callees else 0}
    match drawing.weighted(kinds):
        case "lambda":
            return f"lambda: {coroutine(drawing, scope)}"
        case "partial":
            callee = drawing.choose(scope.callees)
            return f"functools.partial({comma_separated([callee.text, *arguments(drawing, scope, callee)])})"
        case _:
            return drawing.choose(scope.thunks)


def thunks(drawing: Drawing, scope: Scope, least: int, most: int) -> list[str]:
    """Draw a number of callables without parameters, not necessarily distinct."""
    chosen = [drawing.choose(scope.thunks) for _ in range(drawing.number(least, most))]
    drawing.budget -= len(chosen)
    return chosen


def call(drawing: Drawing, scope: Scope, callee: Callee) -> str:
    return f"{callee.text}({comma_separated(arguments(drawing, scope, callee))})"


def arguments(drawing: Drawing, scope: Scope, callee: Callee) -> list[str]:
    expressions = {"step": scope.step, "event": "event", "number": "2"}
    return [thunk(drawing, scope) if kind == "call" else expressions[kind] for kind in callee.takes]


def sleep(drawing: Drawing, scope: Scope) -> str:
    drawing.budget -= 1
    duration = drawing.choose(["1", "2000", '"1 second"', '"5 seconds"'])
    return f'{scope.step}.sleep("{drawing.name("sleep ")}", {duration})'


def sleep_until(drawing: Drawing, scope: Scope) -> str:
    drawing.budget -= 1
    return f'{scope.step}.sleep_until("{drawing.name("until ")}", datetime.now() + timedelta(seconds=3))'


def _of_table(drawing: Drawing, scope: Scope) -> str:
    table = drawing.choose(scope.tables)
    key = f"pick({comma_separated([repr(key) for key in table.keys])})"
    return f"{table.name}[{key}]()" if drawing.chance(2) else f"{table.name}.get({key})()"


ROWS = ["rows()", "range(2)", "[1, 2]", "rows()"]
_LIMITS = ["30", "1"]

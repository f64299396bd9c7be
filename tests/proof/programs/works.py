"""Expressions that give something to await: calls of steps and functions, and what is made of these."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Expression, listed
from tests.proof.programs.scope import Callee, Scope


@dataclass(frozen=True, slots=True)
class Work:
    """Something to await. Only a coroutine can be made a task."""

    text: str
    is_coroutine: bool = True

    def __str__(self) -> str:
        return self.text


def coroutine(drawing: Drawing, scope: Scope) -> Work:
    """Draw a call that gives a coroutine."""
    drawing.left -= 1
    kinds = {"thunk": 12, "callee": 6 if scope.callees else 0, "wait": 1, "event": 1}
    kinds |= {"either": 1, "table": 3 if scope.tables else 0, "list": 1 if scope.lists else 0}
    match drawing.weighted(kinds):
        case "callee":
            return Work(call(drawing, scope, drawing.among(scope.callees)))
        case "table":
            return Work(_of_table(drawing, scope))
        case "list":
            return Work(f"{drawing.among(scope.lists)}[{drawing.number(0, 1)}]()")
        case "either":
            one, other = drawing.among(scope.thunks), drawing.among(scope.thunks)
            return Work(f"({one} if {condition(drawing, scope)} else {other})()")
        case "wait":
            return Work(f"asyncio.wait_for({coroutine(drawing, scope)}, {drawing.among(_LIMITS)})")
        case "event":
            return Work(f'{scope.step}.wait_for_event("{drawing.name("event ")}", "approved", timeout="1 hour")')
        case _:
            return Work(f"{drawing.among(scope.thunks)}()")


def work(drawing: Drawing, scope: Scope) -> Work:
    """Draw anything to await."""
    kinds = {"coroutine": 20, "sleep": 2, "until": 1, "gather": 2, "shield": 1, "promise": 1, "passes": 2}
    if scope.depth > 8:
        kinds = {"coroutine": 1}
    match drawing.weighted(kinds):
        case "sleep":
            return Work(sleep(drawing, scope), is_coroutine=False)
        case "until":
            return Work(sleep_until(drawing, scope), is_coroutine=False)
        case "gather":
            return Work(gather(drawing, scope.inside()), is_coroutine=False)
        case "passes":
            return Work(passes(drawing, scope), is_coroutine=False)
        case "shield":
            return Work(f"asyncio.shield({coroutine(drawing, scope)})", is_coroutine=False)
        case "promise":
            kind = drawing.among(["all", "allSettled", "any", "race"])
            members = works(drawing, scope.inside())
            members += [sleep(drawing, scope)] if kind == "allSettled" else []
            return Work(f"Promise.{kind}([{listed(members)}])", is_coroutine=False)
        case _:
            return coroutine(drawing, scope)


def works(drawing: Drawing, scope: Scope) -> list[Expression | str]:
    """Draw members of a gather, of which some may be tasks that go on already."""
    members: list[Expression | str] = [work(drawing, scope) for _ in range(drawing.number(1, 3))]
    return members + list(drawing.some(scope.tasks, 2))


def gather(drawing: Drawing, scope: Scope) -> str:
    members = works(drawing, scope)
    if not drawing.chance(4):
        return f"asyncio.gather({listed(members)})"
    # A settled step that is alone is drawn as a step, so that its failure seems to be caught by nothing.
    return f"asyncio.gather({listed([*members, sleep(drawing, scope)])}, return_exceptions=True)"


def passes(drawing: Drawing, scope: Scope) -> str:
    """Draw a gather of the passes of a comprehension."""
    row = drawing.name("row")
    inner = scope.inside(rows=[*scope.rows, row])
    kept = f" if {condition(drawing, inner)}" if drawing.chance(4) else ""
    settled = ", return_exceptions=True" if drawing.chance(4) else ""
    made = f"{work(drawing, inner.inside(depth=9))} for {row} in {drawing.among(ROWS)}{kept}"
    return f"asyncio.gather(*{drawing.among(['[{}]', '({})']).format(made)}{settled})"


def thunk(drawing: Drawing, scope: Scope) -> str:
    """Draw something that can be called without arguments."""
    kinds = {"known": 4, "lambda": 2, "partial": 2 if scope.callees else 0}
    match drawing.weighted(kinds):
        case "lambda":
            return f"lambda: {coroutine(drawing, scope)}"
        case "partial":
            callee = drawing.among(scope.callees)
            return f"functools.partial({listed([callee.text, *arguments(drawing, scope, callee)])})"
        case _:
            return drawing.among(scope.thunks)


def call(drawing: Drawing, scope: Scope, callee: Callee) -> str:
    return f"{callee.text}({listed(arguments(drawing, scope, callee))})"


def arguments(drawing: Drawing, scope: Scope, callee: Callee) -> list[str]:
    known = {"step": scope.step, "event": "event", "number": "2"}
    return [thunk(drawing, scope) if taken == "call" else known[taken] for taken in callee.takes]


def sleep(drawing: Drawing, scope: Scope) -> str:
    drawing.left -= 1
    duration = drawing.among(["1", "2000", '"1 second"', '"5 seconds"'])
    return f'{scope.step}.sleep("{drawing.name("sleep ")}", {duration})'


def sleep_until(drawing: Drawing, scope: Scope) -> str:
    drawing.left -= 1
    return f'{scope.step}.sleep_until("{drawing.name("until ")}", datetime.now() + timedelta(seconds=3))'


def _of_table(drawing: Drawing, scope: Scope) -> str:
    table = drawing.among(scope.tables)
    key = f"pick({listed([repr(key) for key in table.keys])})"
    return f"{table.name}[{key}]()" if drawing.chance(2) else f"{table.name}.get({key})()"


ROWS = ["rows()", "range(2)", "[1, 2]", "rows()"]
_LIMITS = ["30", "1"]

"""Generate expressions that run steps, and one-line statements that contain them."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import LineStatement, SourceExpression, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, awaitable, coroutine, sleep, sleep_until

_SHAPES = {
    "await": 12,
    "and": 2,
    "or": 2,
    "maybe": 2,
    "if": 2,
    "pair": 1,
    "not": 1,
    "equal": 1,
    "text": 1,
    "call": 1,
    "keys": 1,
    "named": 1,
    "comprehension": 2,
}


def value(drawing: Drawing, scope: Scope) -> str:
    """Draw an expression that contains awaits, parenthesized if necessary."""
    inner = scope.inside()
    shape = drawing.weighted(_SHAPES) if scope.depth < 8 and drawing.budget > 0 else "await"

    def part() -> str:
        return value(drawing, inner)

    match shape:
        case "and" | "or":
            return f"({part()} {shape} {part()})"
        case "maybe":
            return f"({condition(drawing, scope)} {drawing.choose(['and', 'or'])} {part()})"
        case "if":
            return f"({part()} if {condition(drawing, scope)} else {part()})"
        case "pair":
            return drawing.choose(["[{}, {}]", "({}, {})", "[{}, *[{}]]"]).format(part(), part())
        case "not":
            return f"(not {part()})"
        case "equal":
            return f"({part()} == {part()} == {part()})"
        case "text":
            return f'f"{{{work_in_text(drawing, inner)}}}"'
        case "call":
            return f"pick({part()}, {part()})"
        case "keys":
            return f'{{"one": {part()}, "two": {part()}}}'
        case "named":
            return f"({drawing.name('kept')} := {part()})"
        case "comprehension":
            return _comprehension(drawing, inner)
        case _:
            return f"(await {awaitable(drawing, scope)})"


def work_in_text(drawing: Drawing, scope: Scope) -> str:
    """Draw an await for an f-string, without quotes."""
    drawing.budget -= 1
    return f"await {drawing.choose(scope.steps)}()" if scope.steps else "flip()"


def _comprehension(drawing: Drawing, scope: Scope) -> str:
    row = drawing.name("row")
    inner = scope.inside(rows=[*scope.rows, row])
    element = value(drawing, inner)
    loop = drawing.choose([f"for {row} in {drawing.choose(ROWS)}", f"async for {row} in stream()"])
    condition_part = drawing.weighted({"": 2, f" if {condition(drawing, scope)}": 1, "step": 1})
    if condition_part == "step":
        condition_part = f" if {value(drawing, inner)}"
    return drawing.choose(["[{}]", "{{0: {}}}"]).format(f"{element} {loop}{condition_part}")


def one_line(drawing: Drawing, scope: Scope) -> LineStatement:
    """Draw a one-line statement that runs steps."""
    kinds = {"await": 20, "assign": 4, "sleep": 3, "pause": 2, "value": 4, "target": 1, "assert": 1}
    match drawing.weighted(kinds):
        case "assign":
            name = drawing.name("result")
            assignment = line(f"{name} = ", value(drawing, scope))
            scope.conditions.append(SourceExpression(name))
            return assignment
        case "sleep":
            return line("await ", drawing.choose([sleep, sleep_until])(drawing, scope))
        case "pause":
            return line(f"await asyncio.sleep({drawing.choose(['0', '1'])})")
        case "value":
            return line(value(drawing, scope))
        case "target":
            return line(f"{{}}[{value(drawing, scope)} and 0] = {value(drawing, scope)}")
        case "assert":
            return line(f"assert {value(drawing, scope)} or True")
        case _:
            return line(f"await {coroutine(drawing, scope)}")


def unawaited_sleep(drawing: Drawing, scope: Scope) -> LineStatement:
    """Draw a sleep that is not awaited."""
    return line(drawing.choose([sleep, sleep_until])(drawing, scope))

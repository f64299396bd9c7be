"""Expressions that run steps as they are evaluated, and statements of one line around them."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Line, Text, line
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, coroutine, sleep, sleep_until, work

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
    """Draw an expression with awaits in it, in parentheses where need be."""
    inner = scope.inside()
    shape = drawing.weighted(_SHAPES) if scope.depth < 8 and drawing.left > 0 else "await"

    def part() -> str:
        return value(drawing, inner)

    match shape:
        case "and" | "or":
            return f"({part()} {shape} {part()})"
        case "maybe":
            return f"({condition(drawing, scope)} {drawing.among(['and', 'or'])} {part()})"
        case "if":
            return f"({part()} if {condition(drawing, scope)} else {part()})"
        case "pair":
            return drawing.among(["[{}, {}]", "({}, {})", "[{}, *[{}]]"]).format(part(), part())
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
            return f"(await {work(drawing, scope)})"


def work_in_text(drawing: Drawing, scope: Scope) -> str:
    """Draw an await that may stand in an f-string: without quotes of its own."""
    drawing.left -= 1
    return f"await {drawing.among(scope.steps)}()" if scope.steps else "flip()"


def _comprehension(drawing: Drawing, scope: Scope) -> str:
    row = drawing.name("row")
    inner = scope.inside(rows=[*scope.rows, row])
    element = value(drawing, inner)
    loop = drawing.among([f"for {row} in {drawing.among(ROWS)}", f"async for {row} in stream()"])
    kept = drawing.weighted({"": 2, f" if {condition(drawing, scope)}": 1, "step": 1})
    if kept == "step":
        kept = f" if {value(drawing, inner)}"
    return drawing.among(["[{}]", "{{0: {}}}"]).format(f"{element} {loop}{kept}")


def one_line(drawing: Drawing, scope: Scope) -> Line:
    """Draw a statement that runs steps on the spot."""
    kinds = {"await": 20, "assign": 4, "sleep": 3, "pause": 2, "value": 4, "target": 1, "assert": 1}
    match drawing.weighted(kinds):
        case "assign":
            name = drawing.name("result")
            made = line(f"{name} = ", value(drawing, scope))
            scope.conditions.append(Text(name))
            return made
        case "sleep":
            return line("await ", drawing.among([sleep, sleep_until])(drawing, scope))
        case "pause":
            return line(f"await asyncio.sleep({drawing.among(['0', '1'])})")
        case "value":
            return line(value(drawing, scope))
        case "target":
            return line(f"{{}}[{value(drawing, scope)} and 0] = {value(drawing, scope)}")
        case "assert":
            return line(f"assert {value(drawing, scope)} or True")
        case _:
            return line(f"await {coroutine(drawing, scope)}")


def not_awaited(drawing: Drawing, scope: Scope) -> Line:
    """Draw a sleep that goes on by itself."""
    return line(drawing.among([sleep, sleep_until])(drawing, scope))

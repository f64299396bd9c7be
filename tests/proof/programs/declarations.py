"""Steps: declared by decorators, by calls, by factories, in loops and in the bodies of others."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Statement, line, listed
from tests.proof.programs.scope import Scope, Table
from tests.proof.programs.values import value

_CONFIGS = [
    "",
    "",
    'config={"retries": {"limit": 0, "delay": 0}}',
    'config={"retries": {"limit": 1, "delay": "1 second", "backoff": "constant"}}',
]


@dataclass(frozen=True, slots=True)
class Step:
    """What is given to `step.do`, and the parameters of the function."""

    arguments: tuple[str, ...]
    parameters: tuple[str, ...] = ()


def declaration(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a step, in one of the ways to declare one."""
    kinds = {"decorated": 10, "called": 2, "factory": 1, "alias": 2 if scope.steps else 0}
    kinds |= {"attribute": 1 if scope.in_class and scope.thunks else 0}
    kinds |= {"table": 2 if len(scope.thunks) > 1 else 0, "list": 1 if len(scope.thunks) > 1 else 0}
    match drawing.weighted(kinds):
        case "called":
            return _called(drawing, scope)
        case "factory":
            return _factory(drawing, scope)
        case "attribute":
            return _named(scope, f"self.{drawing.name('kept')}", drawing.among(scope.thunks))
        case "alias":
            return _named(scope, drawing.name("alias"), drawing.among(scope.steps))
        case "table":
            return _table(drawing, scope)
        case "list":
            return _list(drawing, scope)
        case _:
            return decorated(drawing, scope)


def decorated(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a step that is declared by a decorator."""
    function = drawing.name("s")
    step = _step(drawing, scope, function)
    nested = drawing.chance(6)
    body = _nested(drawing, scope) if nested else Block((line("return flip()"),))
    keyword = "async def" if nested or not drawing.chance(5) else "def"
    clause = Clause(f"{keyword} {function}({listed(step.parameters)})", body)
    _known(drawing, scope, function, step)
    return Block((line(f"@{scope.step}.do({listed(step.arguments)})"), clause))


def _step(drawing: Drawing, scope: Scope, function: str) -> Step:
    own, named = (6, 1) if drawing.needy else (3, 4)
    kind = drawing.weighted({"own": own, "named": named, "again": 1, "row": 2 if scope.rows else 0})
    names = {"named": f'"step {function}"', "again": '"again"', "own": "", "row": ""}
    name = names[kind]
    if kind == "row":
        name = f'f"{function} of {{{drawing.among(scope.rows)}}}"'
    legacy = drawing.mode == "legacy"
    if not name and legacy:
        name = f'"{function}"'
    may_need = scope.in_class or not legacy
    needed = drawing.some(scope.needs, 4) if may_need and (drawing.needy or drawing.chance(3)) else []
    arguments = [name] if name else []
    if needed and legacy:
        arguments.append(f"depends=[{listed(needed)}]")
    if needed and drawing.chance(2):
        arguments.append("concurrent=True")
    arguments += filter(None, [drawing.among(_CONFIGS)])
    parameters = [f"given{number}" for number, _ in enumerate(needed)] if legacy else needed
    return Step(tuple(arguments), (*parameters, *(["ctx"] if drawing.chance(8) else [])))


def _known(drawing: Drawing, scope: Scope, function: str, step: Step) -> None:
    scope.thunks.append(function)
    scope.steps.append(function)
    named_after_function = not step.arguments or not step.arguments[0].startswith(('"', 'f"'))
    if drawing.mode == "legacy" or (named_after_function and scope.once):
        scope.needs.append(function)


def _nested(drawing: Drawing, scope: Scope) -> Block:
    inner = scope.function(in_class=False)
    body = drawing.block(inner, 3)
    given = f"bool({value(drawing, inner)})" if inner.thunks and drawing.chance(4) else "flip()"
    return body.then(line(f"return {given}"))


def _called(drawing: Drawing, scope: Scope) -> Statement:
    """Draw `step.do(...)` that is called with a function, which may be a lambda."""
    function, name = drawing.name("work"), drawing.name("s")
    given = f'{scope.step}.do("step {name}")'
    if drawing.chance(3):
        return _named(scope, name, f"{given}(lambda: flip())")
    body = _nested(drawing, scope) if drawing.chance(4) else Block((line("return flip()"),))
    declared = Clause(f"async def {function}()", body)
    return Block((declared, _named(scope, name, f"{given}({function})")))


def _factory(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a function that makes steps, and two that it makes."""
    maker, one, other = drawing.name("make"), drawing.name("s"), drawing.name("s")
    made = Clause("async def made()", Block((line("return flip()"),)))
    body = Block((line(f"@{scope.step}.do(name)"), made, line("return made")))
    first = _named(scope, one, f'{maker}("step {one}")')
    second = _named(scope, other, f'{maker}("step {other}")')
    return Block((Clause(f"def {maker}(name)", body), first, second))


def _table(drawing: Drawing, scope: Scope) -> Statement:
    name = drawing.name("table")
    keys = ("left", "right", "middle")[: drawing.number(2, 3)]
    entries = listed([f'"{key}": {drawing.among(scope.thunks)}' for key in keys])
    scope.tables.append(Table(name, keys))
    return line(f"{name} = {{{entries}}}")


def _list(drawing: Drawing, scope: Scope) -> Statement:
    name = drawing.name("several")
    members = listed([drawing.among(scope.thunks) for _ in range(2)])
    scope.lists.append(name)
    return line(f"{name} = [{members}]")


def _named(scope: Scope, name: str, made: str) -> Statement:
    scope.thunks.append(name)
    scope.steps.append(name)
    return line(f"{name} = {made}")

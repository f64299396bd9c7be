"""Generate step declarations: decorators, calls, factories, aliases, tables and nested steps."""

from __future__ import annotations

from dataclasses import dataclass

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Statement, comma_separated, line
from tests.proof.programs.scope import DispatchTable, Scope
from tests.proof.programs.values import value

_CONFIGS = [
    "",
    "",
    'config={"retries": {"limit": 0, "delay": 0}}',
    'config={"retries": {"limit": 1, "delay": "1 second", "backoff": "constant"}}',
]


@dataclass(frozen=True, slots=True)
class StepDeclaration:
    """Arguments of `step.do` and parameters of the decorated function."""

    arguments: tuple[str, ...]
    parameters: tuple[str, ...] = ()


def declaration(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a step declaration of any form."""
    kinds = {"decorated": 10, "called": 2, "factory": 1, "alias": 2 if scope.steps else 0}
    kinds |= {"attribute": 1 if scope.in_class and scope.thunks else 0}
    kinds |= {"table": 2 if len(scope.thunks) > 1 else 0, "list": 1 if len(scope.thunks) > 1 else 0}
    match drawing.weighted(kinds):
        case "called":
            return _step_from_call(drawing, scope)
        case "factory":
            return _factory(drawing, scope)
        case "attribute":
            return _assignment(scope, f"self.{drawing.name('kept')}", drawing.choose(scope.thunks))
        case "alias":
            return _assignment(scope, drawing.name("alias"), drawing.choose(scope.steps))
        case "table":
            return _table(drawing, scope)
        case "list":
            return _list(drawing, scope)
        case _:
            return decorated_step(drawing, scope)


def decorated_step(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a step declared by a decorator."""
    function = drawing.name("s")
    step = _step(drawing, scope, function)
    nested = drawing.chance(6)
    body = _nested(drawing, scope) if nested else Block((line("return flip()"),))
    keyword = "async def" if nested or not drawing.chance(5) else "def"
    clause = Clause(f"{keyword} {function}({comma_separated(step.parameters)})", body)
    _register(drawing, scope, function, step)
    return Block((line(f"@{scope.step}.do({comma_separated(step.arguments)})"), clause))


def _step(drawing: Drawing, scope: Scope, function: str) -> StepDeclaration:
    own_weight, named_weight = (6, 1) if drawing.prefers_dependencies else (3, 4)
    kind = drawing.weighted({"own": own_weight, "named": named_weight, "again": 1, "row": 2 if scope.rows else 0})
    names = {"named": f'"step {function}"', "again": '"again"', "own": "", "row": ""}
    name = names[kind]
    if kind == "row":
        name = f'f"{function} of {{{drawing.choose(scope.rows)}}}"'
    legacy = drawing.mode == "legacy"
    if not name and legacy:
        name = f'"{function}"'
    may_need = scope.in_class or not legacy
    needed = drawing.sample(scope.needs, 4) if may_need and (drawing.prefers_dependencies or drawing.chance(3)) else []
    arguments = [name] if name else []
    if needed and legacy:
        arguments.append(f"depends=[{comma_separated(needed)}]")
    if needed and drawing.chance(2):
        arguments.append("concurrent=True")
    arguments += filter(None, [drawing.choose(_CONFIGS)])
    parameters = [f"given{number}" for number, _ in enumerate(needed)] if legacy else needed
    return StepDeclaration(tuple(arguments), (*parameters, *(["ctx"] if drawing.chance(8) else [])))


def _register(drawing: Drawing, scope: Scope, function: str, step: StepDeclaration) -> None:
    scope.thunks.append(function)
    scope.steps.append(function)
    named_after_function = not step.arguments or not step.arguments[0].startswith(('"', 'f"'))
    if drawing.mode == "legacy" or (named_after_function and scope.once):
        scope.needs.append(function)


def _nested(drawing: Drawing, scope: Scope) -> Block:
    inner = scope.function(in_class=False)
    body = drawing.block(inner, 3)
    returned = f"bool({value(drawing, inner)})" if inner.thunks and drawing.chance(4) else "flip()"
    return body.then(line(f"return {returned}"))


def _step_from_call(drawing: Drawing, scope: Scope) -> Statement:
    """Draw `step.do(...)` applied to a function or lambda."""
    function, name = drawing.name("work"), drawing.name("s")
    decorator = f'{scope.step}.do("step {name}")'
    if drawing.chance(3):
        return _assignment(scope, name, f"{decorator}(lambda: flip())")
    body = _nested(drawing, scope) if drawing.chance(4) else Block((line("return flip()"),))
    declared = Clause(f"async def {function}()", body)
    return Block((declared, _assignment(scope, name, f"{decorator}({function})")))


def _factory(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a factory of steps and two steps that it creates."""
    maker, first_name, second_name = drawing.name("make"), drawing.name("s"), drawing.name("s")
    inner = Clause("async def made()", Block((line("return flip()"),)))
    body = Block((line(f"@{scope.step}.do(name)"), inner, line("return made")))
    first = _assignment(scope, first_name, f'{maker}("step {first_name}")')
    second = _assignment(scope, second_name, f'{maker}("step {second_name}")')
    return Block((Clause(f"def {maker}(name)", body), first, second))


def _table(drawing: Drawing, scope: Scope) -> Statement:
    name = drawing.name("table")
    keys = ("left", "right", "middle")[: drawing.number(2, 3)]
    entries = comma_separated([f'"{key}": {drawing.choose(scope.thunks)}' for key in keys])
    scope.tables.append(DispatchTable(name, keys))
    return line(f"{name} = {{{entries}}}")


def _list(drawing: Drawing, scope: Scope) -> Statement:
    name = drawing.name("several")
    members = comma_separated([drawing.choose(scope.thunks) for _ in range(2)])
    scope.lists.append(name)
    return line(f"{name} = [{members}]")


def _assignment(scope: Scope, name: str, value_text: str) -> Statement:
    scope.thunks.append(name)
    scope.steps.append(name)
    return line(f"{name} = {value_text}")

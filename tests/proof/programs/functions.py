"""Generate functions: closures, module functions and methods, with and without callable parameters."""

from __future__ import annotations

from tests.proof.programs.declarations import decorated_step
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Statement, line
from tests.proof.programs.scope import Callee, Scope
from tests.proof.programs.values import value
from tests.proof.programs.works import coroutine, thunk


def closure(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a nested function."""
    name = drawing.name("inner")
    kind = drawing.weighted({"plain": 5, "lambda": 2, "partial": 1, "returns": 1, "takes": 2, "counts": 1})
    if kind in ("lambda", "partial"):
        value_text = f"lambda: {coroutine(drawing, scope)}" if kind == "lambda" else thunk(drawing, scope)
        scope.thunks.append(name)
        return line(f"{name} = {value_text}")
    if kind == "returns":
        returned = line("return ", coroutine(drawing, scope.function()))
        scope.thunks.append(name)
        return Clause(f"def {name}()", Block((returned,)))
    if kind == "takes":
        return _define(drawing, scope, scope.function(), name, ("call",))
    if kind == "counts":
        return _define(drawing, scope, scope.function(), name, ("number",))
    body = _body(drawing, scope.function())
    scope.thunks.append(name)
    return Clause(f"async def {name}()", body)


def module_function(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a module function that takes the step object."""
    takes = drawing.choose([("step",), ("step",), ("step", "call"), ("step", "number")])
    return _define(drawing, scope, scope.function(), drawing.name("f"), takes)


def method(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a method that takes the step object."""
    name = drawing.name("m")
    takes = drawing.choose([("step",), ("step",), ("step", "call")])
    callee = Callee(f"self.{name}", takes)
    head = f"async def {name}({', '.join(['self', *takes])})"
    body = _body_with_steps(drawing, _with_parameters(scope.function(), takes))
    scope.callees.append(callee)
    return Clause(head, body)


def _define(drawing: Drawing, outer: Scope, inner: Scope, name: str, takes: tuple[str, ...]) -> Statement:
    body = _body_with_steps(drawing, _with_parameters(inner, takes))
    if "number" in takes:
        body = body.then(_recursion(drawing, name, takes))
    outer.callees.append(Callee(name, takes))
    return Clause(f"async def {name}({', '.join(takes)})", body)


def _with_parameters(scope: Scope, takes: tuple[str, ...]) -> Scope:
    if "call" in takes:
        scope.thunks.insert(0, "call")
    return scope


def _body_with_steps(drawing: Drawing, scope: Scope) -> Block:
    """Draw the body of a function, declaring a step if none is in scope."""
    steps = [decorated_step(drawing, scope)] if not scope.thunks or drawing.chance(2) else []
    return Block((*steps, *_body(drawing, scope).statements))


def _body(drawing: Drawing, scope: Scope) -> Block:
    body = drawing.block(scope)
    if drawing.chance(3) and scope.thunks:
        return body.then(line(f"return {value(drawing, scope)}"))
    return body


def _recursion(drawing: Drawing, name: str, takes: tuple[str, ...]) -> Statement:
    arguments = ", ".join("number - 1" if kind == "number" else kind for kind in takes)
    form = drawing.choose(["await {}", "return await {}", "await asyncio.gather({})"])
    return Clause("if number > 0", Block((line(form.format(f"{name}({arguments})")),)))

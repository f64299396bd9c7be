"""Functions: closures, those of modules, methods, with and without something to call."""

from __future__ import annotations

from tests.proof.programs.declarations import decorated
from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Statement, line
from tests.proof.programs.scope import Callee, Scope
from tests.proof.programs.values import value
from tests.proof.programs.works import coroutine, thunk


def closure(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a function in a function."""
    name = drawing.name("inner")
    kind = drawing.weighted({"plain": 5, "lambda": 2, "partial": 1, "returns": 1, "takes": 2, "counts": 1})
    if kind in ("lambda", "partial"):
        made = f"lambda: {coroutine(drawing, scope)}" if kind == "lambda" else thunk(drawing, scope)
        scope.thunks.append(name)
        return line(f"{name} = {made}")
    if kind == "returns":
        returned = line("return ", coroutine(drawing, scope.function()))
        scope.thunks.append(name)
        return Clause(f"def {name}()", Block((returned,)))
    if kind == "takes":
        return _defined(drawing, scope, scope.function(), name, ("call",))
    if kind == "counts":
        return _defined(drawing, scope, scope.function(), name, ("number",))
    body = _body(drawing, scope.function())
    scope.thunks.append(name)
    return Clause(f"async def {name}()", body)


def module_function(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a function of a module, which gets the step object."""
    takes = drawing.among([("step",), ("step",), ("step", "call"), ("step", "number")])
    return _defined(drawing, scope, scope.function(), drawing.name("f"), takes)


def method(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a method, which has the step object as an argument."""
    name = drawing.name("m")
    takes = drawing.among([("step",), ("step",), ("step", "call")])
    callee = Callee(f"self.{name}", takes)
    head = f"async def {name}({', '.join(['self', *takes])})"
    body = _own_steps(drawing, _taking(scope.function(), takes))
    scope.callees.append(callee)
    return Clause(head, body)


def _defined(drawing: Drawing, outer: Scope, inner: Scope, name: str, takes: tuple[str, ...]) -> Statement:
    body = _own_steps(drawing, _taking(inner, takes))
    if "number" in takes:
        body = body.then(_recursion(drawing, name, takes))
    outer.callees.append(Callee(name, takes))
    return Clause(f"async def {name}({', '.join(takes)})", body)


def _taking(scope: Scope, takes: tuple[str, ...]) -> Scope:
    if "call" in takes:
        scope.thunks.insert(0, "call")
    return scope


def _own_steps(drawing: Drawing, scope: Scope) -> Block:
    """Draw the body of a function, with a step of its own where it knows of none."""
    own = [decorated(drawing, scope)] if not scope.thunks or drawing.chance(2) else []
    return Block((*own, *_body(drawing, scope).statements))


def _body(drawing: Drawing, scope: Scope) -> Block:
    body = drawing.block(scope)
    if drawing.chance(3) and scope.thunks:
        return body.then(line(f"return {value(drawing, scope)}"))
    return body


def _recursion(drawing: Drawing, name: str, takes: tuple[str, ...]) -> Statement:
    given = ", ".join("number - 1" if taken == "number" else taken for taken in takes)
    way = drawing.among(["await {}", "return await {}", "await asyncio.gather({})"])
    return Clause("if number > 0", Block((line(way.format(f"{name}({given})")),)))

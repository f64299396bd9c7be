"""`try`, `with` and what they hold."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Clause, Compound, Statement
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value

_CAUGHT = ["ValueError", "(TypeError, JsException)", "Exception", "JsException as error", "KeyError", "TimeoutError"]
_CAUGHT_IN_GROUPS = ["ValueError", "(TypeError, JsException)", "JsException as errors"]


def protected(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `try` with handlers, an `else`, a `finally`: any that are allowed together."""
    clauses = [Clause("try", drawing.block(scope.inside()))]
    kind = drawing.weighted({"one": 5, "several": 3, "star": 1, "none": 2})
    if kind == "star":
        for caught in _CAUGHT_IN_GROUPS[: drawing.number(1, 3)]:
            inner = scope.inside(can_break=False, can_return=False, in_handler=True)
            clauses.append(Clause(f"except* {caught}", drawing.block(inner)))
    elif kind != "none":
        clauses += _handlers(drawing, scope, 1 if kind == "one" else 2)
    if kind != "none" and drawing.chance(4):
        clauses.append(Clause("else", drawing.block(scope.inside())))
    if kind == "none" or drawing.chance(4):
        clauses.append(Clause("finally", drawing.block(scope.inside(in_final=True))))
    return Compound(tuple(clauses))


def _handlers(drawing: Drawing, scope: Scope, count: int) -> list[Clause]:
    first = drawing.number(0, len(_CAUGHT) - count)
    caught = [f"except {each}" for each in _CAUGHT[first : first + count]]
    if drawing.chance(8):
        caught[-1] = "except"
    return [Clause(each, drawing.block(scope.inside(in_handler=True))) for each in caught]


def managed(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `with` or `async with`."""
    heads = ["with contextlib.suppress(ValueError, JsException)", "async with asyncio.timeout(30)", "with held()"]
    heads += ["async with asyncio.timeout(1)", "async with held_later() as held_now", "step"]
    head = drawing.among(heads)
    if head == "step":
        head = f"with contextlib.nullcontext({value(drawing, scope)})"
    return Clause(head, drawing.block(scope.inside()))

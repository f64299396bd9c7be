"""Generate `try` and `with` statements."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Clause, Compound, Statement
from tests.proof.programs.scope import Scope
from tests.proof.programs.values import value

_EXCEPTION_TYPES = [
    "ValueError",
    "(TypeError, JsException)",
    "Exception",
    "JsException as error",
    "KeyError",
    "TimeoutError",
]
_GROUP_EXCEPTION_TYPES = ["ValueError", "(TypeError, JsException)", "JsException as errors"]


def try_statement(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `try` with any valid combination of handlers, `else` and `finally`."""
    clauses = [Clause("try", drawing.block(scope.inside()))]
    kind = drawing.weighted({"one": 5, "several": 3, "star": 1, "none": 2})
    if kind == "star":
        for exception_type in _GROUP_EXCEPTION_TYPES[: drawing.number(1, 3)]:
            inner = scope.inside(can_break=False, can_return=False, in_handler=True)
            clauses.append(Clause(f"except* {exception_type}", drawing.block(inner)))
    elif kind != "none":
        clauses += _handlers(drawing, scope, 1 if kind == "one" else 2)
    if kind != "none" and drawing.chance(4):
        clauses.append(Clause("else", drawing.block(scope.inside())))
    if kind == "none" or drawing.chance(4):
        clauses.append(Clause("finally", drawing.block(scope.inside(in_finally=True))))
    return Compound(tuple(clauses))


def _handlers(drawing: Drawing, scope: Scope, count: int) -> list[Clause]:
    first = drawing.number(0, len(_EXCEPTION_TYPES) - count)
    exception_type = [f"except {each}" for each in _EXCEPTION_TYPES[first : first + count]]
    if drawing.chance(8):
        exception_type[-1] = "except"
    return [Clause(each, drawing.block(scope.inside(in_handler=True))) for each in exception_type]


def with_statement(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a `with` or `async with` statement."""
    heads = ["with contextlib.suppress(ValueError, JsException)", "async with asyncio.timeout(30)", "with held()"]
    heads += ["async with asyncio.timeout(1)", "async with held_later() as held_now", "step"]
    head = drawing.choose(heads)
    if head == "step":
        head = f"with contextlib.nullcontext({value(drawing, scope)})"
    return Clause(head, drawing.block(scope.inside()))

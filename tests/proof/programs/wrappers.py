"""Generate functions that call functions from their arguments: decorators, and functions that forward arguments."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, Compound, Statement, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import thunks

_RETURN_CALL = line("return await function(*args, **named)")
_TWICE = """\
await function(*args, **named)
return await function(*args, **named)
"""
_SKIP = """\
if flip():
    return None
return await function(*args, **named)
"""
_EXTRA = """\
await extra()
return await function(*args, **named)
"""

_VARIADIC = "(*calls, last=None, **named)"
_VARIADIC_BODIES = [
    """\
for call in calls:
    await call()
if last:
    await last()
for call in named.values():
    await call()
""",
    """\
await asyncio.gather(*(call() for call in [*calls, *named.values()]))
if last is not None:
    await last()
""",
    """\
if calls:
    await calls[0]()
await named.get("x", calls[-1])()
""",
]
_VARIADIC_ARGUMENTS = [
    "{first}",
    "{first}, {second}, last={third}",
    "{first}, x={second}",
    '*[{first}, {second}], **{{"x": {third}}}',
]
_POSITIONAL = "(call, other={second}, /, *, then=None)"
_POSITIONAL_BODIES = [
    """\
await call()
await (then or other)()
""",
    """\
if flip():
    call, other = other, call
await call()
then = then or other
await then()
""",
    """\
result = await call()
return await other() if result else None
""",
]
_POSITIONAL_ARGUMENTS = [
    "{first}",
    "{first}, {third}",
    "{first}, then={third}",
    "*[{first}, {third}]",
    '{first}, **{{"then": {second}}}',
]


def decorator(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a decorator of functions, and a function that it decorates."""
    name = drawing.name("wrap")
    first, second = thunks(drawing, scope, 2, 2)
    kind = drawing.choose(["twice", "skip", "around", "retry", "task", "argument"])
    wraps = [line("@functools.wraps(function)")] if drawing.chance(2) else []
    inner = Clause("async def inner(*args, **named)", _wrapper_body(drawing, scope, kind, first))
    wrapper = Block((*wraps, inner, line("return inner")))
    applied = name
    if kind == "argument":
        wrapper = Block((Clause("def apply(function)", wrapper), line("return apply")))
        applied = f"{name}({first})"
    definition = Clause(f"def {name}({'extra' if kind == 'argument' else 'function'})", wrapper)
    return Block((definition, _decorated_function(drawing, scope, applied, second)))


def _wrapper_body(drawing: Drawing, scope: Scope, kind: str, call: str) -> Block:
    inner = scope.function(can_return=False)
    match kind:
        case "around":
            before = drawing.block(inner, 1).then(line("result = await function(*args, **named)"))
            return before.then(line(f"await {call}()"), line("return result"))
        case "retry":
            handler = Clause("except Exception", drawing.block(inner, 1))
            attempt = Compound((Clause("try", Block((_RETURN_CALL,))), handler))
            return Block((Clause("for _ in range(2)", Block((attempt,))), line("raise ValueError()")))
        case "task":
            between = drawing.block(inner, 1).statements
            start = line("job = asyncio.create_task(function(*args, **named))")
            return Block((start, *between, line("return await job")))
        case _:
            return source({"twice": _TWICE, "skip": _SKIP, "argument": _EXTRA}[kind])


def _decorated_function(drawing: Drawing, scope: Scope, applied: str, call: str) -> Statement:
    name = drawing.name("wrapped")
    if drawing.chance(2):
        body = drawing.block(scope.function(), 2).then(line(f"await {call}()"))
        definition: Statement = Block((line(f"@{applied}"), Clause(f"async def {name}()", body)))
    else:
        definition = line(f"{name} = {applied}({call})")
    scope.thunks.append(name)
    return definition


def forwarding(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a function that calls its arguments, and a call of it."""
    name = drawing.name("forward")
    first, second, third = thunks(drawing, scope, 3, 3)
    if drawing.chance(2):
        parameters, bodies, arguments = _VARIADIC, _VARIADIC_BODIES, _VARIADIC_ARGUMENTS
    else:
        parameters, bodies, arguments = _POSITIONAL, _POSITIONAL_BODIES, _POSITIONAL_ARGUMENTS
    head = f"async def {name}{parameters.format(second=second)}"
    call = drawing.choose(arguments).format(first=first, second=second, third=third)
    return Block((Clause(head, source(drawing.choose(bodies))), line(f"await {name}({call})")))

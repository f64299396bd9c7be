"""Generate generators of functions, and code that calls the functions."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Compound, Statement, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import ROWS, thunks

_LOOPS = [
    "for {item} in {name}()",
    "for {item} in list({name}())",
    "for {item}, _ in zip({name}(), [1, 2])",
    "for _, {item} in enumerate({name}())",
    "for {item} in itertools.islice({name}(), 2)",
]
_USES = [
    """\
await asyncio.gather(*({item}() for {item} in {name}()))
""",
    """\
{name}_parts = {name}()
{item} = next({name}_parts, None)
while {item}:
    await {item}()
    {item} = next({name}_parts, None)
""",
    """\
{item} = next({name}(), None)
if {item} is not None:
    await {item}()
""",
    """\
{item} = next(iter({name}()), {default})
await {item}()
""",
]


def plan(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a generator of functions, and code that calls them."""
    name = drawing.name("plan")
    body = [_yield(drawing, scope, call) for call in thunks(drawing, scope, 1, 3)]
    return Block((Clause(f"def {name}()", Block(tuple(body))), _use(drawing, scope, name)))


def _yield(drawing: Drawing, scope: Scope, call: str) -> Statement:
    each = Block((line(f"yield {call}"),))
    match drawing.choose(["plain", "if", "loop", "from", "try"]):
        case "if":
            return Clause(f"if {condition(drawing, scope.function())}", each)
        case "loop":
            return Clause(f"for _ in {drawing.choose(ROWS)}", each)
        case "from":
            return line(f"yield from [{call}, {drawing.choose(scope.thunks)}]")
        case "try":
            return Compound((Clause("try", each), Clause("finally", Block())))
        case _:
            return each


def _use(drawing: Drawing, scope: Scope, name: str) -> Statement:
    item = drawing.name("call")
    form = drawing.choose([*_LOOPS, *_USES])
    if form in _USES:
        return source(form.format(name=name, item=item, default=drawing.choose(scope.thunks)))
    inner = scope.inside(can_break=True, once=False)
    after = drawing.block(inner, 1).statements if drawing.chance(2) else ()
    return Clause(form.format(name=name, item=item), Block((line(f"await {item}()"), *after)))

"""Generate classes whose objects keep functions: hierarchies with overridden methods, and actors."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.printing import Block, Clause, SourceExpression, Statement, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import thunks

_BASE = """\
def __init__(this, call, ready=False):
    this.call = call
    this.ready = ready

async def work(this):
    await this.before()
    await this.call()
    await this.after()

async def after(this):
    if this.ready:
        await {first}()
    this.ready = True
"""
_CALLED = """\
async def __call__(this):
    return await this.call()
"""
_CHOSEN = """\
@property
def chosen(this):
    return this.call if this.ready else {second}
"""
_TABLE = """\
table = {{"x": {first}, "y": {second}}}
"""
_MEMBERS = {_CALLED: "{item}", _CHOSEN: "{item}.chosen", _TABLE: '{item}.table[pick("x", "y")]'}
"""Maps optional members of a class to the expressions for callables that they add."""

_BEFORE = [
    """\
await super().before()
await {second}()
""",
    """\
await {second}()
await super().before()
""",
    """\
await {third}()
""",
]
_AFTER = [
    """\
this.ready = True
await super().after()
""",
    """\
pass
""",
    """\
await {third}()
""",
    """\
await super().after()
await super().after()
""",
]
_OBJECTS = [
    "{derived}({first})",
    "{base}({first})",
    "{derived}({first}) if flip() else {base}({second})",
    "{base}({first}, ready=flip())",
]
_CHANGES = ["{item}.call = {third}", "{item}.ready = True", "{base}.work = {derived}.before"]
_TRUTH_VALUES = ["True", "False", "flip()"]

_ACTORS = [
    """\
class {name}:
    def __init__(this, call):
        this.call = call
        this.ran = 0

    async def go(this):
        await this.call()
        this.ran += 1
        this.call = {second}
{item} = {name}({first})
""",
    """\
class {name}:
    def __init__(this, call):
        this.call = call
        this.ran = 0

    async def go(this):
        current = this.call
        this.call = {second}
        await current()
{item} = {name}({first})
""",
]


def hierarchy(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a class, a class that derives from it, and an object of one of them."""
    first, second, third = thunks(drawing, scope, 3, 3)
    names = {name.lower(): drawing.name(name) for name in ("Base", "Derived", "item")}
    texts = names | {"first": first, "second": second, "third": third}
    base = _base_class(drawing, scope, texts)
    derived = _derived_class(drawing, texts)
    made = line(f"{names['item']} = {drawing.choose(_OBJECTS).format(**texts)}")
    changes = [line(drawing.choose(_CHANGES).format(**texts))] if drawing.chance(4) else []
    scope.thunks += [f"{names['item']}.work", f"{names['item']}.call"]
    tests = [f"{names['item']}.ready", f"isinstance({names['item']}, {names['derived']})"]
    scope.conditions += [SourceExpression(test) for test in tests]
    return Block((base, derived, made, *changes))


def _base_class(drawing: Drawing, scope: Scope, texts: dict[str, str]) -> Statement:
    before = Clause("async def before(this)", drawing.block(scope.function(), 1))
    members: list[Statement] = [source(_BASE.format(**texts)), before]
    for member, call in _MEMBERS.items():
        if drawing.chance(3):
            members.append(source(member.format(**texts)))
            scope.thunks.append(call.format(**texts))
    return Clause(f"class {texts['base']}", Block(tuple(members)))


def _derived_class(drawing: Drawing, texts: dict[str, str]) -> Statement:
    members: list[Statement] = []
    for method, bodies in {"before": _BEFORE, "after": _AFTER}.items():
        if drawing.chance(2):
            body = drawing.choose(bodies).format(**texts)
            members.append(Clause(f"async def {method}(this)", source(body)))
    if drawing.chance(3):
        call = drawing.choose(["call", texts["third"]])
        body = f"super().__init__({call}, {drawing.choose(_TRUTH_VALUES)})"
        members.append(Clause("def __init__(this, call)", source(body)))
    return Clause(f"class {texts['derived']}({texts['base']})", Block(tuple(members)))


def actor(drawing: Drawing, scope: Scope) -> Statement:
    """Draw an object whose method calls a stored function and replaces it."""
    first, second = thunks(drawing, scope, 2, 2)
    name, item = drawing.name("Actor"), drawing.name("actor")
    scope.thunks.append(f"{item}.go")
    scope.conditions += [SourceExpression(f"{item}.ran"), SourceExpression(f"{item}.ran > 1")]
    form = drawing.choose(_ACTORS)
    return source(form.format(name=name, item=item, first=first, second=second))

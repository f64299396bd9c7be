"""Generate lists and dictionaries of functions, changes of them, and code that calls the functions."""

from __future__ import annotations

from tests.proof.programs.drawing import Drawing
from tests.proof.programs.expressions import condition
from tests.proof.programs.printing import Block, Clause, Statement, comma_separated, line, source
from tests.proof.programs.scope import Scope
from tests.proof.programs.works import thunks

_LIST_CHANGES = [
    "{name}.append({call})",
    "{name}.insert(0, {call})",
    "{name}.extend([{call}])",
    "{name} += [{call}]",
    "{name}.reverse()",
    "{name}.pop()",
    "{name}[0] = {call}",
    "del {name}[0]",
    "{name}[1:] = [{call}]",
]
"""Statements that change a list. They are valid if it has an element."""

_LIST_ASSIGNMENTS = [
    "{name} = {name}[::-1]",
    "{name} = [*{name}, {call}]",
    "{name} = {name}[1:]",
    "{name} = {name} * 2",
    "{name}[0], {name}[1] = {name}[1], {name}[0]",
]
_LATE_LIST_CHANGES = [*_LIST_CHANGES, "{name}.clear()"]
_COMPUTED = [
    "{name}",
    "{name}.copy()",
    "{name}[:1]",
    "{name} + [{call}]",
    "tuple({name})",
    "[*{name}, {call}]",
    "[{name}[0]] * 2",
    "[{name}[-1], *{name}[:-1]]",
    "[each for each in {name} if flip()]",
    "[each for pair in zip({name}, {name}) for each in pair]",
    "[functools.partial(each) for each in {name}]",
    "[lambda each=each: each() for each in {name}]",
    "list(reversed({name}))",
    "list(itertools.chain({name}, [{call}]))",
    "list(filter(None, {name}))",
    "list(map(lambda each: each, {name}))",
    "sorted({name}, key=lambda _: flip())",
    'dict(zip("abc", {name})).values()',
    "{{str(number): each for number, each in enumerate({name})}}.values()",
    "collections.deque({name})",
]
"""Collections that are computed from a list."""

_LIST_LOOPS = ["for {item} in {name}", "for {item} in list({name})[1:]"]
_LIST_USES = [
    """\
await asyncio.gather(*[{item}() for {item} in {name}])
""",
    """\
if {name}:
    await list({name})[0]()
""",
    """\
waiting = list({name})
while waiting:
    await waiting.pop()()
""",
    """\
if len({name}) > 1:
    head, *rest = {name}
    await head()
    for {item} in rest:
        await {item}()
""",
]

_TABLE_CHANGES = [
    '{name}["c"] = {call}',
    '{name}["a"] = {call}',
    "{name}.update(b={call})",
    '{name}.update({{"c": {call}}})',
    '{name}.setdefault("c", {call})',
    '{name}.setdefault("a", {call})',
    '{name}.pop("a", None)',
    '{name} |= {{"a": {call}}}',
    '{name} = {{**{name}, "a": {call}}}',
    '{name} = {{"a": {call}}} | {name}',
    "{name} = dict({name}, a={call})",
    '{name}["a"], {name}["b"] = {name}.get("b", {call}), {name}.get("a", {call})',
]
_TABLE_LOOPS = ["for {item} in {name}.values()", "for key, {item} in sorted({name}.items())"]
_TABLE_USES = [
    """\
for key in ("b", "a", "c"):
    if key in {name}:
        await {name}[key]()
""",
    """\
await {name}.get("a", {call})()
""",
    """\
await {name}.get(pick("a", "c"), {call})()
""",
    """\
{item} = {name}.get("c")
if {item}:
    await {item}()
""",
    """\
await asyncio.gather(*({item}() for {item} in {name}.values()))
""",
    """\
while {name}:
    key, {item} = {name}.popitem()
    await {item}()
""",
    """\
match {name}:
    case {{"c": {item}}}:
        await {item}()
    case {{"a": {item}}}:
        await {item}()
""",
]


def collection(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a list of functions, a collection that is computed from it, and code that calls its functions."""
    name, computed = drawing.name("calls"), drawing.name("others")
    first, *others = thunks(drawing, scope, 3, 4)
    texts = {"name": name, "call": first}
    statements: list[Statement] = [line(f"{name} = [{comma_separated(others)}]")]
    if drawing.chance(2):
        statements.append(_change(drawing, scope, [*_LIST_CHANGES, *_LIST_ASSIGNMENTS], texts))
    statements.append(line(f"{computed} = {drawing.choose(_COMPUTED).format(**texts)}"))
    if drawing.chance(2):
        late = _change(drawing, scope, _LATE_LIST_CHANGES, texts)
        statements.append(Clause(f"if len({name}) > 1", Block((late,))))
    use = _use(drawing, scope, _LIST_LOOPS, _LIST_USES, texts | {"name": computed})
    return Block((*statements, use))


def table(drawing: Drawing, scope: Scope) -> Statement:
    """Draw a dictionary of functions, changes of it, and code that calls its functions."""
    name = drawing.name("mapping")
    first, second, third = thunks(drawing, scope, 3, 3)
    texts = {"name": name, "call": third}
    changes = [_change(drawing, scope, _TABLE_CHANGES, texts) for _ in range(drawing.number(0, 2))]
    use = _use(drawing, scope, _TABLE_LOOPS, _TABLE_USES, texts)
    return Block((line(f'{name} = {{"a": {first}, "b": {second}}}'), *changes, use))


def _change(drawing: Drawing, scope: Scope, changes: list[str], texts: dict[str, str]) -> Statement:
    """Draw a change of a collection, which may depend on a condition."""
    changed = line(drawing.choose(changes).format(**texts))
    return Clause(f"if {condition(drawing, scope)}", Block((changed,))) if drawing.chance(2) else changed


def _use(drawing: Drawing, scope: Scope, loops: list[str], uses: list[str], texts: dict[str, str]) -> Statement:
    """Draw a loop over a collection, or a use of another form."""
    names = texts | {"item": drawing.name("call")}
    form = drawing.choose([*loops, *uses])
    if form in uses:
        return source(form.format(**names))
    inner = scope.inside(can_break=True, once=False)
    after = drawing.block(inner, 1).statements if drawing.chance(2) else ()
    return Clause(form.format(**names), Block((line(f"await {names['item']}()"), *after)))

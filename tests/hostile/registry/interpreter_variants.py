"""Variants of the inputs in `interpreter`: each multiplies the work of a different construct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.hostile.hostile_input import Files, HostileInput, entry

_STEP: Final = "    await step.sleep('end', 1)\n"
_ASYNCIO: Final = "import asyncio\n"
_LEAF: Final = (
    "class D:\n    def __init__(self, step): self.step = step\n    async def go(self): await self.step.sleep('a', 1)\n"
)


def _helpers(
    line: Callable[[int], str], last: str = _STEP, before: str = "", call: str = "await f0(step)"
) -> Callable[[int], Files]:
    """Return a chain of helpers, `f0` to `fN`, with these lines in each but the last."""

    def files(size: int) -> Files:
        text = "".join(f"async def f{n}(step):\n{line(n + 1)}" for n in range(size))
        return entry(call, f"{before}{text}async def f{size}(step):\n{last}")

    return files


def _nested(line: Callable[[int], str], innermost: str = "await step.sleep('in', 1)") -> Callable[[int], Files]:
    """Return nested blocks."""
    return lambda size: entry("".join(f"{' ' * n}{line(n)}\n" for n in range(size)) + " " * size + innermost)


def _mutual_generators(size: int) -> Files:
    text = "".join(
        f"box['g{n}'] = (sum(map(sum, box.values())) + sum(box['g0']) for x in event)\n" for n in range(size)
    )
    return entry(f"box = {{}}\n{text}print(sum(box['g0']))")


def _recursive_expressions(size: int) -> Files:
    names = ", ".join(f"f{n}" for n in range(size))
    text = "".join(f"def f{n}(x): return (z for y in x for f in [{names}] for z in f(y))\n" for n in range(size))
    return entry("print(list(f0(event)))", text)


def _tries(size: int) -> Files:
    lines = [f"{' ' * n}try:" for n in range(size)] + [f"{' ' * size}await step.sleep('in', 1)"]
    for n in reversed(range(size)):
        lines += [f"{' ' * n}except E{n}:", f"{' ' * n} await step.sleep('e{n}', 1)", f"{' ' * n} return"]
        lines += [f"{' ' * n}finally:", f"{' ' * n} await step.sleep('f{n}', 1)"]
    return entry("\n".join(lines))


def _finals(size: int) -> Files:
    """Return `try` statements, each in the `finally` of the previous one."""
    lines: list[str] = []
    for n in range(size):
        lines += [
            f"{' ' * n}try:",
            f"{' ' * n} if a: return",
            f"{' ' * n} await step.sleep('t{n}', 1)",
            f"{' ' * n}finally:",
        ]
    return entry("\n".join([*lines, f"{' ' * size}await step.sleep('in', 1)"]))


def _switches(size: int) -> Files:
    """Return a value that differs on each of 2^n paths."""
    text = "".join(
        f"if e{n}: f = (lambda f: lambda: f())(f)\nelse: f = (lambda f: lambda: f())(f)\n" for n in range(size)
    )
    return entry(f"f = step.sleep\n{text}await f()")


def _tuple_towers(size: int) -> Files:
    text = "".join(f"if e{n}: f = (f, g{n})\nelse: f = (g{n}, f)\n" for n in range(size))
    defs = "".join(f"async def g{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"f = step\n{text}for g in f:\n    await g(step)\nprint(f)", defs)


def _decorators(size: int) -> Files:
    text = "def d(f):\n    async def w(*a, **k):\n        await f(*a, **k)\n        await f(*a, **k)\n    return w\n"
    return entry("await f(step)", text + "@d\n" * size + f"async def f(step):\n{_STEP}")


def _diamonds(size: int) -> Files:
    lines = ["class C0:\n    async def go(self, step):\n        await step.sleep('a', 1)"]
    for n in range(1, size):
        lines += [f"class A{n}(C{n - 1}):\n    async def go(self, step):\n        await super().go(step)"]
        lines += [f"class B{n}(C{n - 1}):\n    async def go(self, step):\n        await super().go(step)"]
        lines += [f"class C{n}(A{n}, B{n}):\n    async def go(self, step):\n        await super().go(step)"]
    return entry(f"await C{size - 1}().go(step)", "\n".join(lines) + "\n")


def _class_chain(size: int) -> Files:
    lines = [_LEAF.replace("class D", "class C0")]
    lines += [f"class C{n}(C{n - 1}):\n    async def go(self):\n        await super().go()" for n in range(1, size)]
    return entry(f"await C{size - 1}(step).go()", "\n".join(lines) + "\n")


def _properties(size: int) -> Files:
    lines = "".join(
        f"    @property\n    def p{n}(self):\n        return (self.p{n + 1}, self.p{n + 1})\n" for n in range(size)
    )
    text = f"class C:\n    def __init__(self, step): self.step = step\n{lines}"
    text += f"    @property\n    def p{size}(self): return self.step\n"
    return entry("print(C(step).p0)", text)


def _getattrs(size: int) -> Files:
    text = "class C0:\n    def __init__(self, step): self.step = step\n"
    for n in range(1, size):
        text += f"class C{n}:\n    def __init__(self, inner): self.inner = inner\n"
        text += "    def __getattr__(self, name):\n"
        text += "        getattr(self.inner, name)\n        return getattr(self.inner, name)\n"
    instance = "C0(step)"
    return entry(
        f"c = {instance}\n" + "".join(f"c = C{n}(c)\n" for n in range(1, size)) + "await c.step.sleep('a', 1)", text
    )


def _lambdas(size: int) -> Files:
    text = "".join(f"l{n} = lambda: (l{n + 1}(), l{n + 1}())\n" for n in range(size))
    return entry(f"{text}l{size} = lambda: step.sleep('a', 1)\nl0()")


def _lambdas_of_lambdas(size: int) -> Files:
    return entry("f = " + "lambda: " * size + "step.sleep('a', 1)\nawait f" + "()" * size)


def _growing_arguments(size: int) -> Files:
    text = f"async def f(g, *a):\n{_STEP.replace('step', 'g')}    await f(g, g, *a)\n    await f(g, *a, *a)\n"
    return entry(f"await f({', '.join(['step'] * size)})", text)


def _mutual_recursion(size: int) -> Files:
    params = ", ".join(f"p{n}" for n in range(10))
    rotated = ", ".join([f"p{n}" for n in range(1, 10)] + ["p0"])
    swapped = ", ".join(["p1", "p0"] + [f"p{n}" for n in range(2, 10)])
    text = ""
    for n in range(size):
        text += f"async def f{n}({params}):\n    await p0.sleep('a{n}', 1)\n"
        text += f"    await f{(n + 1) % size}({rotated})\n    await f{(n * 7 + 3) % size}({swapped})\n"
    functions = "".join(f"async def h{n}(step):\n{_STEP}" for n in range(9))
    arguments = ", ".join(f"h{n}" for n in range(9))
    return entry(f"await f0(step, {arguments})", functions + text)


def _many_withs(size: int) -> Files:
    text = "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def c(step):\n"
    text += f"{_STEP}    try:\n        yield\n    finally:\n    {_STEP}"
    return entry("".join(f"{' ' * n}async with c(step):\n" for n in range(size)) + " " * size + "pass", text)


def _with_items(size: int) -> Files:
    text = "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def c(step):\n"
    text += f"{_STEP}    yield step\n{_STEP}"
    items = ", ".join(f"c(step) as s{n}" for n in range(size))
    return entry(f"async with {items}:\n    pass", text)


def _suppressed_errors(size: int) -> Files:
    items = ", ".join(f"contextlib.suppress(E{n})" for n in range(size))
    return entry(f"with {items}:\n    await step.sleep('a', 1)", "import contextlib\n")


def _unknown_managers(size: int) -> Files:
    items = ", ".join(f"event.a{n}" for n in range(size))
    return entry(f"async with {items}:\n    await step.sleep('a', 1)")


def _loops(size: int) -> Files:
    text = "".join(f"{' ' * n}for i{n} in e:\n{' ' * n} a{n} = [a{n + 1}, step]\n" for n in range(size))
    names = "".join(f"a{n} = step\n" for n in range(size + 1))
    return entry(f"{names}{text}{' ' * size}a{size} = [a0, step]\n{' ' * size}await step.sleep('in', 1)")


def _loops_after_each_other(size: int) -> Files:
    text = "".join(f"for i in e:\n    a.append(step.sleep('a{n}', 1))\n    b = (a, b)\n" for n in range(size))
    return entry(f"a = []\nb = step\n{text}for c in a:\n    await c\nprint(b)")


def _computed_writes(size: int) -> Files:
    """Return look-ups of functions that each consider all changes of attributes with computed names."""
    writes = "".join(f"setattr(app, name, {n})\n" for n in range(size))
    functions = "".join(f"async def f{n}(step): ...\n" for n in range(size))
    calls = "".join(f"await f{n}(step)\n" for n in range(size))
    return entry(calls, f"app = object()\nname = input()\n{writes}{functions}")


def _stars(size: int) -> Files:
    text = "".join(f"def f{n}(*a): return f{n + 1}(*a, *a)\n" for n in range(size))
    return entry("f0(step, step)", f"{text}def f{size}(*a): return a\n")


def _star_keywords(size: int) -> Files:
    keys = ", ".join(f"k{n}=step" for n in range(size))
    return entry(f"d = dict({keys})\n" + f"f(*[*d.values()] * {size}, **d)\n" * size, "def f(*a, **k): return a, k\n")


def _mutated_in_loops(size: int) -> Files:
    text = "".join(f"    l.append(step.sleep('a{n}', 1))\n    d['{n}'] = l\n    l.extend(l)\n" for n in range(size))
    return entry(f"l = []\nd = {{}}\nfor i in e:\n{text}await asyncio.gather(*l)", _ASYNCIO)


def _gathered_products(size: int) -> Files:
    names = ", ".join(f"h{n}" for n in range(size))
    defs = "".join(f"async def h{n}(step):\n{_STEP}" for n in range(size))
    body = f"l = [{names}]\nawait asyncio.gather(*[f(step) for f in l for g in l for h in l])"
    return entry(body, _ASYNCIO + defs)


def _concatenations(size: int) -> Files:
    return entry("a = 'a'\n" + "a = a + a\n" * size + "await step.sleep(a, 1)")


def _single_concatenations(size: int) -> Files:
    text = "a0 = 'aaaaaaaaaa'\n" + "".join(f"a{n} = a{n - 1} + a{n - 1}\n" for n in range(1, size))
    return entry(f"{text}await step.sleep(a{size - 1}, 1)", "")


def _templates(size: int) -> Files:
    text = "a0 = f'{event}aaaa'\n" + "".join(f"a{n} = f'{{a{n - 1}}}{{a{n - 1}}}'\n" for n in range(1, size))
    return entry(f"{text}await step.sleep(a{size - 1}, 1)")


def _long_sums(size: int) -> Files:
    return entry("x = event + 'a'" + " + 'aaaaaaaaaa'" * size + "\nawait step.sleep(x, 1)")


def _module_texts(size: int) -> Files:
    text = "A0 = 'aaaaaaaaaa'\n" + "".join(f"A{n} = A{n - 1} + A{n - 1}\n" for n in range(1, size))
    return entry(f"await step.sleep(A{size - 1}, 1)", text)


def _powers(size: int) -> Files:
    text = "A0 = 9999999999\n" + "".join(f"A{n} = A{n - 1} * A{n - 1}\n" for n in range(1, size))
    return entry(f"await step.sleep(f'{{A{size - 1}}}', 1)", text)


def _partials(size: int) -> Files:
    text = "from functools import partial\nasync def g(*a, **k):\n    await a[0].sleep('a', 1)\n"
    return entry("p = partial(g, step)\n" + "p = partial(p, p, step, k=p)\n" * size + "await p()", text)


def _partials_of_unknown(size: int) -> Files:
    text = "from functools import partial\n"
    return entry("p = partial(step.sleep, step)\n" + "p = partial(p, p, p)\n" * size + "await p()", text)


def _exit_stacks(size: int) -> Files:
    text = "from contextlib import AsyncExitStack, asynccontextmanager\n"
    text += f"@asynccontextmanager\nasync def c(step):\n{_STEP}    yield\n"
    return entry("async with AsyncExitStack() as s:\n" + "    await s.enter_async_context(c(step))\n" * size, text)


def _nested_lists(size: int) -> Files:
    return entry("a = [step]\n" + "a = [a, a]\n" * size + "print(a)\nself.x = a\nfor b in a:\n    print(b)")


def _deep_lists(size: int) -> Files:
    return entry("a = step\n" + "a = [a]\n" * size + "print(a)\nself.x = a\nawait step.do('a', print, a)")


def _dag_arguments(size: int) -> Files:
    text = "".join(f"async def f{n}(a):\n    await f{n + 1}([a, a, a])\n" for n in range(size))
    return entry("await f0(step)", f"{text}async def f{size}(a):\n    print(a)\n")


def _wide_lists(size: int) -> Files:
    names = ", ".join(["step.sleep('a', 1)"] * 100)
    return entry(f"l = [{names}]\n" + "m = [*l, *l]\nl = [*m]\n" * size + "for a in l:\n    await a")


def _wide_unions(size: int) -> Files:
    defs = "".join(f"async def g{n}(step):\n{_STEP}" for n in range(100))
    table = ", ".join(f"'{n}': g{n}" for n in range(100))
    calls = "await t[e](step)\n" * size
    return entry(f"t = {{{table}}}\n{calls}", defs)


def _unions_of_unions(size: int) -> Files:
    defs = "".join(f"async def g{n}(a, b):\n    await a(b, b)\n" for n in range(10)) + "async def z(a, b): pass\n"
    pick = " else ".join(f"g{n} if e{n}" for n in range(10)) + " else z"
    return entry(f"f = {pick}\n" + f"h = {pick}\nawait f(h, f)\n" * size, defs)


def _instances(size: int) -> Files:
    text = "class C:\n    def __init__(self, a, b):\n        self.a = a\n        self.b = b\n"
    text += "    async def go(self):\n        await self.a.go()\n        await self.b.go()\n"
    text += _LEAF
    return entry("c = D(step)\n" + "c = C(c, c)\n" * size + "await c.go()", text)


def _instance_trees(size: int) -> Files:
    text = _LEAF
    text += "class C:\n    def __init__(self, step, n):\n        self.a = C(step, n)\n        self.b = C(self.a, n)\n"
    text += "    async def go(self):\n        await self.a.go()\n        await self.b.go()\n"
    return entry("await C(D(step), 1).go()\n" * size, text)


def _classes_made(size: int) -> Files:
    text = "".join(
        f"def m{n}(b):\n    class K(b):\n        pass\n    return m{n + 1}(K), m{n + 1}(K)\n" for n in range(size)
    )
    return entry("m0(object)", f"{text}def m{size}(b): return b\n")


def _nested_functions(size: int) -> Files:
    lines = "".join(f"{' ' * n}async def f{n}(g):\n" for n in range(size))
    calls = "".join(f"{' ' * n}await f{n}(f{n})\n{' ' * n}await f{n}(step)\n" for n in reversed(range(size)))
    return entry(f"{lines}{' ' * size}await step.sleep('a', 1)\n{calls}")


def _steps_in_helpers(size: int) -> Files:
    text = ""
    for n in range(size):
        text += f"async def f{n}(step):\n    @step.do('s{n}')\n    async def s{n}(): pass\n"
        text += f"    await s{n}()\n    await f{n + 1}(step)\n    await f{n + 1}(step)\n"
    return entry("await f0(step)", f"{text}async def f{size}(step):\n{_STEP}")


def _epochs(size: int) -> Files:
    """Return helpers that each change the variables that all others read."""
    defs = "".join(f"async def f{n}(step):\n    global g\n    g = f{n}\n    await h(step)\n" for n in range(size))
    text = f"g = None\nasync def h(step):\n{_STEP}    return g\n{defs}"
    calls = "".join(f"    await f{n}(step)\n" for n in range(size))
    return entry("await k0(step)", text + "".join(f"async def k{n}(step):\n{calls}" for n in range(10)))


def _observed_clique(calls_in_all: int) -> Files:
    """Return mutually recursive functions, each of which changes the variables that the others read."""
    size = int(calls_in_all**0.5)
    calls = "".join(f"    await f{n}(step)\n" for n in range(size))
    defs = "".join(
        f"async def f{n}(step):\n    global g\n    await g(step)\n    g = f{n}\n{calls}" for n in range(size)
    )
    return entry("await f0(step)", f"async def z(step):\n{_STEP}g = z\n{defs}")


def _dependent_steps(size: int) -> Files:
    text = "@step.do('s0')\nasync def s0(): pass\n"
    text += "".join(
        f"@step.do('s{n}')\nasync def s{n}(s{n - 1}, s{max(n - 2, 0)}_ = 1): pass\n" for n in range(1, size)
    )
    return entry(f"{text}await s{size - 1}()")


def _choices_of_steps(size: int) -> Files:
    """Return names, each of one of two steps, depending on the path. Both steps need the previous name."""
    text = "@step.do('s0')\nasync def s0(): pass\n"
    for n in range(1, size):
        for condition in ("if e:", "else:"):
            text += f"{condition}\n    @step.do('s{n}')\n    async def s{n}(s{n - 1}): pass\n"
    return entry(f"{text}await s{size - 1}()")


def _ifs_in_loops(size: int) -> Files:
    text = "".join(f"    if e{n}:\n        a = f{n}\n        l.append(a(step))\n" for n in range(size))
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"l = []\na = f0\nfor i in e:\n{text}    await a(step)\nawait asyncio.gather(*l)", _ASYNCIO + defs)


def _recursive_generators(size: int) -> Files:
    text = "def g(step, *a):\n    yield step.sleep('a', 1)\n" + "    yield from g(step, *a)\n" * size
    return entry("for c in g(step):\n    await c", text)


def _yields(size: int) -> Files:
    text = "def g(step):\n" + "    yield step.sleep('a', 1)\n" * size
    return entry("await asyncio.gather(*g(step), *g(step))", _ASYNCIO + text)


def _comprehensions(size: int) -> Files:
    text = "[step.sleep('a', 1) for a0 in l"
    text += "".join(f" for a{n} in l" for n in range(1, size)) + "]"
    return entry(f"l = [f, f, f]\nx = {text}\nawait asyncio.gather(*x)", f"{_ASYNCIO}async def f(step):\n{_STEP}")


def _nested_comprehensions(size: int) -> Files:
    return entry(
        "l = [f, f, f]\nx = " + "[" * size + "f(step)" + "".join(f" for a{n} in l]" for n in range(size)),
        f"async def f(step):\n{_STEP}",
    )


def _nested_f_strings(size: int) -> Files:
    return entry("x = " + "f'{a:{" * size + "1" + "}}'" * size)


def _dictionaries_in_loops(size: int) -> Files:
    return entry(
        "d = {}\nfor i in e:\n" + "".join(f"    d = {{**d, '{n}': d, 'k': step}}\n" for n in range(size)) + "print(d)"
    )


def _sets_joined(size: int) -> Files:
    return entry(
        "d = {'a': step}\n"
        + "".join(f"d = d | {{'k{n}': d}} | d\n" for n in range(size))
        + "print(d)\nawait step.do('x', print, d)"
    )


def _updates(size: int) -> Files:
    return entry(
        "d = {}\n"
        + "".join(f"d['k{n}'] = step.sleep('a', 1)\n" for n in range(size))
        + "for a in d.values():\n    await a"
    )


def _attributes(size: int) -> Files:
    return entry(
        "".join(f"self.a{n} = step.sleep\n" for n in range(size))
        + "".join(f"await self.a{n}('a', 1)\n" for n in range(size))
    )


def _groups(size: int) -> Files:
    return entry("async with asyncio.TaskGroup() as g:\n" + "    g.create_task(step.sleep('a', 1))\n" * size, _ASYNCIO)


def _gathers_of_gathers(size: int) -> Files:
    return entry("g = asyncio.gather(step.sleep('a', 1))\n" + "g = asyncio.gather(g, g)\n" * size + "await g", _ASYNCIO)


def _branching_tasks(size: int) -> Files:
    text = "".join(f"if e{n}: t = asyncio.gather(t, step.sleep('a{n}', 1))\n" for n in range(size))
    return entry(f"t = asyncio.create_task(step.sleep('a', 1))\n{text}await t", _ASYNCIO)


def _while_elses(size: int) -> Files:
    lines: list[str] = []
    for n in range(size):
        lines += [
            f"{' ' * n}while e{n}:",
            f"{' ' * n} if x: break",
            f"{' ' * n} await step.sleep('w{n}', 1)",
            f"{' ' * n}else:",
        ]
    return entry("\n".join([*lines, f"{' ' * size}await step.sleep('in', 1)"]))


def _guards(size: int) -> Files:
    return entry(
        "match e:\n" + "".join(f"    case {n} if await f(step):\n        a = f\n" for n in range(size)),
        f"async def f(step):\n{_STEP}",
    )


def _boolean_towers(size: int) -> Files:
    return entry("x = " + " or ".join(f"(await f(step) and l{n})" for n in range(size)), f"async def f(step):\n{_STEP}")


def _conditionals(size: int) -> Files:
    text = "".join(f"f{n} = f{n - 1} if e else (lambda: f{n - 1})\n" for n in range(1, size))
    return entry(f"f0 = step.sleep\n{text}await f{size - 1}('a', 1)")


def _picks(size: int) -> Files:
    """Return subscripts of subscripts of unions."""
    return entry(
        "d = {'a': step, 'b': [step]}\n"
        + "d = {'a': d[x], 'b': [d, d[y]]}\n" * size
        + "print(d[z])\nawait d[z].sleep('a', 1)"
    )


def _items_of_items(size: int) -> Files:
    return entry(
        "d = {'a': step}\n"
        + "d = {k: (v, d) for k, v in d.items()}\nd = dict(d.items())\nd = list(zip(d, d))\nd = dict(d)\n" * size
        + "print(d)"
    )


def _handlers(size: int) -> Files:
    handlers = "".join(f"except E{n}:\n    a = [a, f]\n    await f(step)\n" for n in range(size))
    lines = "    a = [a, step]\n    await f(step)\n" * size
    return entry(f"a = step\ntry:\n{lines}{handlers}", f"async def f(step):\n{_STEP}")


def _step_lists(size: int) -> Files:
    text = "".join(
        f"@step.do('s{n}', depends=[s{n - 1}, s{n - 1}])\nasync def s{n}(a, b): pass\n" for n in range(1, size)
    )
    return entry(f"@step.do('s0')\nasync def s0(): pass\n{text}await s{size - 1}()")


def _arguments_of_everything(size: int) -> Files:
    """Return dictionaries that contain the previous one three times, wherever values are inspected."""
    lines = "".join(f"d{n} = {{**d{n - 1}, 'k': d{n - 1}, 'm': [d{n - 1}, step]}}\n" for n in range(1, size))
    last = f"d{size - 1}"
    uses = [f"print({last})", f"unknown({last})", f"self.env.KV.put('a', {last})", f"await s({last})"]
    uses += [f"await helper({last})", f"self.x = {last}", f"for a in {last}: print(a)", f"[a for a in {last}.values()]"]
    uses += [
        f"f'{{{last}}}'",
        f"{last} | {last}",
        f"list({last}.items())",
        f"x = {last} if e else [{last}]",
        "print(x)",
    ]
    steps = "@step.do('s')\nasync def s(): pass\n"
    helper = "async def helper(d):\n    print(d)\n    return [d, d]\n"
    first = "import random\nd0 = {'a': random.random()}\n"
    return entry(f"{first}{steps}{lines}" + "\n".join(uses) + f"\nreturn {last}", helper)


def _default_arguments(size: int) -> Files:
    """Return functions with the previous function as two defaults, compared at the head of a loop."""
    text = "".join(f"    def f{n}(a=f{n - 1}, b=f{n - 1}): return a()\n" for n in range(1, size))
    return entry(f"f0 = step.sleep\nfor i in e:\n{text}    f0 = f{size - 1}\nawait f0('a', 1)")


def _formats(size: int) -> Files:
    wide = "9" * min(size, 12)
    names = [f"'%.{wide}f' % 1.5", f"'%*d' % {wide}", f"f'{{1:>{wide}}}'", f"f'{{1:{{{wide}}}}}'", f"'a' * {wide}"]
    names += [f"format(1, '>{wide}')", f"'{{:>{wide}}}'.format(1)", f"'a'.ljust({wide})", f"'a'.zfill({wide})"]
    names += [
        f"'\\t'.expandtabs({wide})",
        f"b'a' * {wide}",
        f"str(10 ** {wide})",
        f"f'{{1 << {wide}}}'",
        f"[0] * {wide}",
    ]
    names += [f"b'%{wide}d' % 1", f"'%{wide}d' % True", f"f'{{0x{'f' * size * 100}}}'", f"-(7 ** {wide})"]
    return entry("".join(f"x{n} = {name}\nawait step.sleep(x{n}, 1)\n" for n, name in enumerate(names)))


def _names_tried(size: int) -> Files:
    """Return a name that is bound repeatedly in a `try`, so that a handler starts with any of its values."""
    lines = "".join(f"    a = f{n}\n" for n in range(size))
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"try:\n{lines}    await a(step)\nexcept E:\n    await a(step)", defs)


def _lists_tried(size: int) -> Files:
    """Return a list that changes repeatedly in a `try`."""
    lines = "".join(f"    a.append(f{n})\n    a.pop()\n    a.insert(0, f{n})\n" for n in range(size))
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"a = []\ntry:\n{lines}    await g(step)\nexcept E:\n    for f in a: await f(step)", defs)


def _pops(size: int) -> Files:
    """Return a list with one of many functions, and repeated removals of an element."""
    lines = "".join(f"a.insert(0, f{n})\na.pop()\n" for n in range(size))
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"a = []\n{lines}for g in a: await g(step)", defs)


def _slices(size: int) -> Files:
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    items = ", ".join(f"f{n}" for n in range(size))
    return entry(f"a = [{items}]\n" + "".join(f"for g in a[{n}:]: await g(step)\n" for n in range(size)), defs)


def _lists_kept_in_a_try(size: int) -> Files:
    """Return a list that contains its own previous value, in a loop that any call may leave."""
    lines = "".join(
        f"    try:\n        v = [f{n}, v]\n        await v[0](step)\n    except E: pass\n" for n in range(size)
    )
    defs = "".join(f"async def f{n}(step):\n{_STEP}" for n in range(size))
    return entry(f"v = None\nfor x in e:\n{lines}await v[0](step)", defs)


def _continues(size: int) -> Files:
    lines = "".join(f"    if e{n}:\n        a{n} = step\n        continue\n    b = [b, a{n}]\n" for n in range(size))
    names = "".join(f"a{n} = None\n" for n in range(size))
    return entry(f"{names}b = step\nfor i in e:\n{lines}    await step.sleep('a', 1)\nprint(b)")


def _attribute_chains(size: int) -> Files:
    return entry("import x as y\n" + "y = y.a\n" * size + "z = unknown()\n" + "z = z.a()\n" * size + "print(y, z)")


def _calls_of_ten(size: int) -> Files:
    text = "".join(f"async def f{n}(step):\n" + f"    await f{n + 1}(step)\n" * 10 for n in range(size))
    return entry("await f0(step)", f"{text}async def f{size}(step):\n{_STEP}")


def _computed_bases(size: int) -> Files:
    """Return a class whose base, which 2^n calls compute, decides whether it is a workflow."""
    text = "".join(f"def m{n}(b, x):\n    return m{n + 1}(b, [x]), m{n + 1}(b, [x, x])\n" for n in range(size))
    instance = f"class Made(m0(WorkflowEntrypoint, lambda: 1)[0]):\n    async def run(self, event, step):\n    {_STEP}"
    return entry("pass", f"{text}def m{size}(b, x): return b\n{instance}")


def _many_workflows(size: int) -> Files:
    """Return a module whose workflows each use up their budget."""
    text = "".join(f"async def f{n}(g, step):\n" + f"    await f{n + 1}(lambda: g(), step)\n" * 2 for n in range(30))
    run = "    async def run(self, event, step):\n        await f0(step.sleep, step)\n"
    classes = "".join(f"class W{n}(WorkflowEntrypoint):\n{run}" for n in range(size))
    return entry("pass", f"{text}async def f30(g, step):\n    await g('a', 1)\n{classes}")


INPUTS = [
    HostileInput("generator expressions that use each other", _mutual_generators, 40),
    HostileInput("functions that use each other in generator expressions", _recursive_expressions, 40),
    HostileInput("a shared dictionary wherever values are looked at", _arguments_of_everything, 30),
    HostileInput("defaults that are the function before twice", _default_arguments, 40),
    HostileInput("formats of any width", _formats, 10),
    HostileInput("names bound in a try", _names_tried, 300),
    HostileInput("lists changed in a try", _lists_tried, 200),
    HostileInput("functions popped of a list", _pops, 700),
    HostileInput("slices of a list of functions", _slices, 500),
    HostileInput("lists that hold themselves, in a try", _lists_kept_in_a_try, 400),
    HostileInput("continues of a loop", _continues, 200),
    HostileInput("chains of attributes", _attribute_chains, 2_000),
    HostileInput("helpers that call the next ten times", _calls_of_ten, 400),
    HostileInput("bases that are computed", _computed_bases, 40),
    HostileInput("workflows that use up their budgets", _many_workflows, 70),
    HostileInput(
        "helpers that gather the next twice",
        _helpers(lambda n: f"    await asyncio.gather(f{n}(step), f{n}(step))\n", before=_ASYNCIO),
        40,
    ),
    HostileInput(
        "helpers that call the next twice", _helpers(lambda n: f"    await f{n}(step)\n    await f{n}(step)\n"), 40
    ),
    HostileInput(
        "helpers that loop over the next",
        _helpers(lambda n: f"    for i in e:\n        await f{n}(step)\n        await f{n}(step)\n"),
        40,
    ),
    HostileInput(
        "helpers that give the next two lambdas",
        _helpers(lambda n: f"    await f{n}(lambda: step)\n    await f{n}(lambda: step())\n"),
        40,
    ),
    HostileInput(
        "helpers that give the next two lists",
        _helpers(lambda n: f"    await f{n}([step])\n    await f{n}([step, step])\n", "    print(step)\n"),
        40,
    ),
    HostileInput(
        "helpers that try the next twice",
        _helpers(lambda n: f"    try:\n        await f{n}(step)\n    finally:\n        await f{n}(step)\n"),
        40,
    ),
    HostileInput(
        "helpers that start the next in a group",
        _helpers(
            lambda n: "    async with asyncio.TaskGroup() as g:\n" + f"        g.create_task(f{n}(step))\n" * 2,
            before=_ASYNCIO,
        ),
        40,
    ),
    HostileInput(
        "helpers that return the next twice", _helpers(lambda n: f"    return [f{n}(step), f{n}(step)]\n"), 40
    ),
    HostileInput("loops in loops", _nested(lambda n: f"for a{n} in b{n}:"), 50),
    HostileInput("loops in loops that write", _loops, 50),
    HostileInput("loops after each other", _loops_after_each_other, 200),
    HostileInput("attributes set by computed names", _computed_writes, 300),
    HostileInput("withs in withs", _many_withs, 50),
    HostileInput("items of a with", _with_items, 50),
    HostileInput("items of a with that suppress errors", _suppressed_errors, 1_000),
    HostileInput("unknown managers of a with", _unknown_managers, 1_000),
    HostileInput("ifs in ifs", _nested(lambda n: f"if a{n}:"), 50),
    HostileInput("tries in tries", _tries, 50),
    HostileInput("tries in finallys", _finals, 50),
    HostileInput("values on 2^n ways", _switches, 40),
    HostileInput("tuples on 2^n ways", _tuple_towers, 40),
    HostileInput("decorators", _decorators, 40),
    HostileInput("diamonds", _diamonds, 40),
    HostileInput("chain of classes", _class_chain, 300),
    HostileInput("properties that ask the next twice", _properties, 40),
    HostileInput("getattr that asks the inner twice", _getattrs, 40),
    HostileInput("lambdas that call the next twice", _lambdas, 40),
    HostileInput("lambdas of lambdas", _lambdas_of_lambdas, 40),
    HostileInput("growing arguments", _growing_arguments, 10),
    HostileInput("mutual recursion with ten parameters", _mutual_recursion, 100),
    HostileInput("star arguments of star arguments", _stars, 40),
    HostileInput("star keywords", _star_keywords, 60),
    HostileInput("lists mutated in loops", _mutated_in_loops, 100),
    HostileInput("gather of products", _gathered_products, 60),
    HostileInput("doubled text", _concatenations, 40),
    HostileInput("doubled text, each a name", _single_concatenations, 40),
    HostileInput("doubled templates", _templates, 40),
    HostileInput("long sums of text", _long_sums, 3000),
    HostileInput("doubled text in a module", _module_texts, 40),
    HostileInput("squared numbers in a module", _powers, 40),
    HostileInput("partials of partials", _partials, 60),
    HostileInput("partials of what is not known", _partials_of_unknown, 60),
    HostileInput("exit stacks", _exit_stacks, 300),
    HostileInput("lists of lists", _nested_lists, 60),
    HostileInput("deep lists", _deep_lists, 300),
    HostileInput("arguments that are three of the argument", _dag_arguments, 40),
    HostileInput("lists of the list twice", _wide_lists, 40),
    HostileInput("calls of a hundred functions", _wide_unions, 100),
    HostileInput("unions given to unions", _unions_of_unions, 20),
    HostileInput("objects of objects", _instances, 60),
    HostileInput("recursive constructors", _instance_trees, 20),
    HostileInput("classes made in functions", _classes_made, 40),
    HostileInput("functions in functions", _nested_functions, 40),
    HostileInput("steps in helpers called twice", _steps_in_helpers, 40),
    HostileInput("helpers that write what all read", _epochs, 60),
    HostileInput("clique that writes what all read", _observed_clique, 1_600),
    HostileInput("steps that need the two before", _dependent_steps, 100),
    HostileInput("steps that need one of two", _choices_of_steps, 40),
    HostileInput("ifs in a loop", _ifs_in_loops, 100),
    HostileInput("recursive generators", _recursive_generators, 100),
    HostileInput("yields", _yields, 1000),
    HostileInput("clauses of a comprehension", _comprehensions, 12),
    HostileInput("nested comprehensions", _nested_comprehensions, 12),
    HostileInput("nested f-strings", _nested_f_strings, 30),
    HostileInput("dictionaries in loops", _dictionaries_in_loops, 60),
    HostileInput("dictionaries joined", _sets_joined, 100),
    HostileInput("keys set", _updates, 1000),
    HostileInput("attributes set", _attributes, 1000),
    HostileInput("tasks of a group", _groups, 1000),
    HostileInput("gathers of gathers", _gathers_of_gathers, 40),
    HostileInput("gathers on 2^n ways", _branching_tasks, 40),
    HostileInput("while loops in elses", _while_elses, 40),
    HostileInput("guards with steps", _guards, 200),
    HostileInput("boolean towers", _boolean_towers, 200),
    HostileInput("conditional towers", _conditionals, 40),
    HostileInput("subscripts of unions", _picks, 40),
    HostileInput("items of items", _items_of_items, 40),
    HostileInput("handlers", _handlers, 100),
    HostileInput("steps listed twice", _step_lists, 60),
]

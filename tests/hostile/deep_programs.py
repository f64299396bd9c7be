"""Generators of workflows in which one construct is nested or repeated `n` times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Program = Callable[[int], str]

_HEAD: Final = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
"""
_REST: Final = 'await step.sleep("rest", 1)\n'


def _of(body: str, before: str = "", after: str = "") -> str:
    """Return a module with a workflow whose `run` has this body, followed by a sleep."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{before}{_HEAD}{lines}        {_REST}{after}"


def _expression(text: str) -> str:
    return _of(f"x = {text}")


def _blocks(line: Callable[[int], str], depth: int, innermost: str = "pass") -> str:
    """Return nested blocks, each indented by one more space."""
    opened = "".join(f"{' ' * level}{line(level)}\n" for level in range(depth))
    return f"{opened}{' ' * depth}{innermost}"


def _indented(line: str) -> Program:
    return lambda depth: _of(_blocks(lambda _: line, depth, _REST.rstrip()))


def _within(opening: str, closing: str, core: str = "") -> Program:
    return lambda depth: _expression(opening * depth + core + closing * depth)


def _repeated(text: str, core: str = "a", end: str = "") -> Program:
    return lambda depth: _expression(core + text * depth + end)


def _before(text: str, core: str = "a") -> Program:
    return lambda depth: _expression(text * depth + core)


def _elifs(depth: int) -> str:
    return _of("if a == 0:\n    pass\n" + "".join(f"elif a == {n}:\n    {_REST}" for n in range(depth)))


def _else_ifs(depth: int) -> str:
    lines = ["if a == 0:", "    pass"]
    for level in range(depth):
        lines += [f"{' ' * level}else:", f"{' ' * level} if a == {level}:", f"{' ' * level}  pass"]
    return _of("\n".join(lines))


def _tries(depth: int) -> str:
    lines = [f"{' ' * level}try:" for level in range(depth)]
    lines.append(" " * depth + _REST.rstrip())
    lines += [f"{' ' * level}except E{level}: pass" for level in reversed(range(depth))]
    return _of("\n".join(lines))


def _matches(depth: int) -> str:
    lines = [f"{' ' * (2 * level)}match a:\n{' ' * (2 * level)} case {level}:" for level in range(depth)]
    return _of("\n".join([*lines, " " * 2 * depth + _REST.rstrip()]))


def _cases(depth: int) -> str:
    return _of("match a:\n" + "".join(f"    case {n}:\n        {_REST}" for n in range(depth)))


def _functions_within(depth: int) -> str:
    body = _blocks(lambda level: f"async def f{level}():", depth, _REST.rstrip())
    calls = "".join(f"\n{' ' * level}await f{level}()" for level in reversed(range(depth)))
    return _of(body + calls)


def _classes_within(depth: int) -> str:
    return _of(_blocks(lambda level: f"class C{level}:", depth))


def _chain_of_calls(depth: int) -> str:
    functions = "".join(f"async def f{n}(step):\n    await f{n + 1}(step)\n\n" for n in range(depth))
    return _of("await f0(step)", f"{functions}async def f{depth}(step):\n    {_REST}\n\n")


def _chain_of_methods(depth: int) -> str:
    methods = "".join(f"    async def f{n}(self, step):\n        await self.f{n + 1}(step)\n\n" for n in range(depth))
    last = f"    async def f{depth}(self, step):\n        {_REST}"
    return _of("await self.f0(step)", after=f"\n{methods}{last}")


def _chain_of_arguments(depth: int) -> str:
    functions = "".join(f"async def f{n}(g, step):\n    await g(f{n + 1}, step)\n\n" for n in range(depth))
    return _of("await f0(f1, step)", f"{functions}async def f{depth}(g, step):\n    {_REST}\n\n")


def _ring_of_calls(depth: int) -> str:
    functions = "".join(
        f"async def f{n}(step):\n    {_REST}    await f{(n + 1) % depth}(step)\n\n" for n in range(depth)
    )
    return _of("await f0(step)", functions)


def _clique_of_calls(depth: int) -> str:
    size = max(2, int(depth**0.5))
    calls = "".join(f"    await f{n}(step)\n" for n in range(size))
    functions = "".join(f"async def f{n}(step):\n    {_REST}{calls}\n" for n in range(size))
    return _of("await f0(step)", functions)


def _doubling_calls(depth: int) -> str:
    functions = "".join(
        f"async def f{n}(step):\n    await f{n + 1}(step)\n    await f{n + 1}(step)\n\n" for n in range(depth)
    )
    return _of("await f0(step)", f"{functions}async def f{depth}(step):\n    {_REST}\n\n")


def _doubling_values(depth: int) -> str:
    return _of("a = [event]\n" + "a = [a, a]\n" * depth + "for b in a:\n    pass")


def _doubling_callables(depth: int) -> str:
    lines = ["if event: f = load\nelse: f = save"]
    lines += [f"def g{n}(f=f):\n    if event: return f\n    return lambda: f()\nf = g{n}()" for n in range(depth)]
    return _of("\n".join([*lines, "f()"]))


def _base_classes(depth: int) -> str:
    first = "from workers import WorkflowEntrypoint\nclass C0(WorkflowEntrypoint):\n    x = 1\n"
    chain = "".join(f"class C{n}(C{n - 1}):\n    pass\n" for n in range(1, depth))
    run = f"class Orders(C{depth - 1}):\n    async def run(self, event, step):\n        {_REST}"
    return first + chain + run


def _ring_of_bases(depth: int) -> str:
    ring = "".join(f"class C{n}(C{(n + 1) % depth}):\n    pass\n" for n in range(depth))
    return _of(
        "pass", ring, f"\nclass More(C0, WorkflowEntrypoint):\n    async def run(self, event, step):\n        {_REST}"
    )


def _many_bases(depth: int) -> str:
    """Return stacked diamonds of classes. The number of paths to the top class doubles with each level."""
    lines = ["class C0: pass"]
    for n in range(1, depth):
        lines += [f"class A{n}(C{n - 1}): pass", f"class B{n}(C{n - 1}): pass", f"class C{n}(A{n}, B{n}): pass"]
    lines.append(
        f"class More(C{depth - 1}, WorkflowEntrypoint):\n    async def run(self, event, step):\n        {_REST}"
    )
    return _of("pass", after="\n".join(["", *lines]))


def _steps_that_need_each_other(depth: int) -> str:
    steps = ["@step.do('s0')\nasync def s0(): pass"]
    steps += [f"@step.do('s{n}')\nasync def s{n}(s{n - 1}): pass" for n in range(1, depth)]
    return _of("\n".join(steps) + f"\nawait s{depth - 1}()")


def _step_names(depth: int) -> str:
    return _of("await step.sleep(" + " + ".join(["'a'"] * depth) + ", 1)")


def _aliases(depth: int) -> str:
    return _of(
        "a0 = step.sleep\n" + "".join(f"a{n} = a{n - 1}\n" for n in range(1, depth)) + f"await a{depth - 1}('a', 1)"
    )


def _module_aliases(depth: int) -> str:
    names = "".join(f"a{n} = a{n + 1}\n" for n in range(depth))
    return _of("await a0(step)", f"{names}\nasync def a{depth}(step):\n    {_REST}\n")


def _ring_of_names(depth: int) -> str:
    return _of("await a0(step)", "".join(f"a{n} = a{(n + 1) % depth}\n" for n in range(depth)))


def _decorators(depth: int) -> str:
    return _of("@wrap\n" * depth + "async def f(): pass\nawait f()")


def _parameters(depth: int) -> str:
    names = ", ".join(f"a{n}=1" for n in range(depth))
    values = ", ".join(f"a{n}=event" for n in range(depth))
    return _of(f"async def f({names}): pass\nawait f({values})")


def _gathered(depth: int) -> str:
    inner = "step.sleep('a', 1)"
    return "import asyncio\n" + _of(f"await {'asyncio.gather(' * depth}{inner}{')' * depth}")


def _while_loops(depth: int) -> str:
    """Return loops that each change a variable that another loop tests."""
    lines = [f"{' ' * n}while a{n}:\n{' ' * n} a{n} = a{(n + 1) % depth}" for n in range(depth)]
    return _of("\n".join([*lines, " " * depth + _REST.rstrip()]))


def _branching(depth: int) -> str:
    """Return `if`s that each double the number of paths, followed by a call of the selected function."""
    return _of(
        "".join(
            f"if event[{n}]:\n    f = step.sleep\nelse:\n    f = step.sleep_until\nawait f('{n}', 1)\n"
            for n in range(depth)
        )
    )


def _returning(depth: int) -> str:
    return _of("".join(f"if event[{n}]:\n    {_REST}    return\n" for n in range(depth)))


def _comprehension_clauses(depth: int) -> str:
    return _expression("[a " + " ".join(f"for a{n} in a" for n in range(depth)) + "]")


# Generators by the name of the construct. Their argument is the depth.
DEEP: Final[dict[str, Program]] = {
    "parentheses": _within("(", ")", "a"),
    "lists": _within("[", "]"),
    "sets": _within("{", "}", "a"),
    "dictionaries": _within("{1:", "}", "a"),
    "calls in calls": _within("f(", ")"),
    "subscripts in subscripts": _within("a[", "]", "0"),
    "gathered": _gathered,
    "calls": _repeated("()", "f"),
    "attributes": _repeated(".b"),
    "subscripts": _repeated("[0]"),
    "calls of methods": _repeated(".f()"),
    "sums": _repeated(" + a"),
    "products of powers": _repeated(" ** a"),
    "comparisons": _repeated(" < a"),
    "ands": _repeated(" and a"),
    "ors of ands": _repeated(" and a or a"),
    "bars": _repeated(" | a"),
    "commas": _repeated(", a"),
    "conditions": _repeated(" if a else a"),
    "named values": _within("(a := ", ")", "a"),
    "lambdas": _before("lambda: "),
    "lambdas with defaults": _within("(lambda a=", ": a)", "a"),
    "negations": _before("not "),
    "minus signs": _before("-"),
    "minus signs apart": _before("- "),
    "awaited awaits": _before("await "),
    "stars": _before("*"),
    "strings": _repeated(" 'a'", "'a'"),
    "formatted strings": _repeated(" f'{a}'", "'a'"),
    "formatted strings in each other": _within("f'{", "}'", "a"),
    "comprehensions": _within("[a for a in ", "]", "a"),
    "clauses of a comprehension": _comprehension_clauses,
    "generators": _within("(", " for a in a)", "a"),
    "targets": lambda depth: _of("a = " * depth + "a"),
    "targets in targets": lambda depth: _of("(" * depth + "a" + ",)" * depth + " = a"),
    "ifs": _indented("if a:"),
    "loops": _indented("for a in a:"),
    "while loops": _while_loops,
    "with blocks": _indented("async with a:"),
    "tries": _tries,
    "matches": _matches,
    "cases": _cases,
    "elifs": _elifs,
    "else ifs": _else_ifs,
    "functions in functions": _functions_within,
    "classes in classes": _classes_within,
    "with items": lambda depth: _of("with " + ", ".join(["a"] * depth) + ":\n    pass"),
    "patterns": lambda depth: _of("match a:\n    case " + "[" * depth + "]" * depth + ":\n        pass"),
    "pattern alternatives": lambda depth: _of("match a:\n    case " + " | ".join(["1"] * depth) + ":\n        pass"),
    "annotations": lambda depth: _of("x: " + "list[" * depth + "int" + "]" * depth),
    "decorators": _decorators,
    "parameters": _parameters,
    "statements on a line": lambda depth: _of("a; " * depth + "a"),
    "line continuations": lambda depth: _of("x = a" + " \\\n + a" * depth),
    "globals": lambda depth: _of("global " + ", ".join(f"a{n}" for n in range(depth))),
    "imports": lambda depth: _of("import " + ".".join(["a"] * depth)),
    "dots of an import": lambda depth: _of("from " + "." * depth + " import a"),
    "chain of functions": _chain_of_calls,
    "chain of methods": _chain_of_methods,
    "chain of functions as arguments": _chain_of_arguments,
    "ring of functions": _ring_of_calls,
    "clique of functions": _clique_of_calls,
    "functions called twice": _doubling_calls,
    "lists held twice": _doubling_values,
    "functions made twice": _doubling_callables,
    "base classes": _base_classes,
    "ring of base classes": _ring_of_bases,
    "diamonds of base classes": _many_bases,
    "steps that need each other": _steps_that_need_each_other,
    "name of a step": _step_names,
    "names for a name": _aliases,
    "names for a name of the module": _module_aliases,
    "ring of names": _ring_of_names,
    "ifs after each other": _branching,
    "returns after each other": _returning,
    "steps": lambda depth: _of(_REST * depth),
    "comments": lambda depth: _of("# a\n" * depth),
    "blank lines": lambda depth: _of("") + "\n" * depth,
    "spaces": lambda depth: _of("x = a" + " " * depth),
    "quotes": lambda depth: _of("x = '" + "a" * depth + "'"),
    "digits": lambda depth: _of("await step.sleep('a', " + "9" * depth + ")"),
    "underscores": lambda depth: _of("x = " + "_" * depth),
    "backslashes": lambda depth: _of("x = '" + "\\\\" * depth + "'"),
}

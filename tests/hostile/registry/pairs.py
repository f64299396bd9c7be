"""Inputs with quadratically many pairs of steps, calls or tasks."""

from __future__ import annotations

from tests.hostile.hostile_input import Files, HostileInput, entry

_IMPORTS = "import asyncio\n"


def _of(body: str) -> Files:
    return entry(body, _IMPORTS)


def _step(number: int, settings: str = "", name: str | None = None) -> str:
    return f"@step.do('{name or f's{number}'}'{settings})\nasync def f{number}():\n    return 1\n"


def _gathered(body: str, call: str = "p()") -> str:
    return f"async def p():\n{body}await asyncio.gather({{}})\n".format(call)


def _gather_of_calls(size: int) -> Files:
    return _of(_gathered("    await step.sleep('x', 1)\n", ", ".join(["p()"] * size)))


def _gather_of_sleeps(size: int) -> Files:
    return _of(_gathered("    await step.sleep('x', 1)\n" * 300, ", ".join(["p()"] * size)))


def _gather_of_steps(size: int) -> Files:
    body = "".join(f"    {line}\n" for n in range(60) for line in f"{_step(n, name='same')}await f{n}()".splitlines())
    return _of(_gathered(body, ", ".join(["p()"] * size)))


def _gather_of_waits(size: int) -> Files:
    body = "".join(f"    await step.wait_for_event('w{n}', event_type='t')\n" for n in range(300))
    return _of(_gathered(body, ", ".join(["p()"] * size)))


def _tower_of_gathers(size: int) -> Files:
    text = "".join(f"async def p{n}(s):\n    await asyncio.gather(p{n + 1}(s), p{n + 1}(s))\n" for n in range(size))
    return entry("await p0(step)", f"{_IMPORTS}{text}async def p{size}(s):\n    await s.sleep('z', 1)\n")


def _awaiting_tasks(size: int) -> Files:
    text = "async def p(task):\n    await task\n    await step.sleep('x', 1)\n"
    text += "t0 = asyncio.create_task(step.sleep('y', 1))\n"
    text += "".join(f"t{n + 1} = asyncio.create_task(p(t{n}))\n" for n in range(size))
    return _of(f"{text}await t{size}")


def _depends_on(size: int, needs: int) -> Files:
    text = ""
    for number in range(size):
        names = ", ".join(f"f{earlier}" for earlier in range(max(0, number - needs), number))
        text += _step(number, f", concurrent=True, depends=[{names}]" if names else "")
    return _of(f"{text}await f{size - 1}()")


def _conditional_steps(size: int) -> Files:
    """Return steps that need the three previous steps, although some may already have run."""
    text = ""
    for number in range(size):
        needed = ", ".join(f"s{earlier}=None" for earlier in range(max(0, number - 3), number))
        text += f"@step.do()\nasync def s{number}({needed}): return 1\n"
    return _of(text + "".join(f"if e{number}: await s{number}()\n" for number in range(size)))


def _steps_nobody_calls(size: int) -> Files:
    return _of("".join(map(_step, range(size))))


def _steps_of_one_function_name(size: int) -> Files:
    return _of("".join(f"@step.do('s{n}')\nasync def f():\n    return 1\nawait f()\n" for n in range(size)))


def _tasks_in_loops(size: int) -> Files:
    loops = "".join(f"for x{n} in event['a']:\n    t{n} = asyncio.create_task(p())\n" for n in range(size))
    return _of(f"async def p():\n    await step.sleep('x', 1)\n{loops}")


def _tasks_of_one_name(size: int) -> Files:
    return _of("".join(f"t = asyncio.create_task(step.sleep('x{n}', 1))\n" for n in range(size)))


def _coroutines_of_one_name(size: int) -> Files:
    return _of(_step(0) + "x = f0()\n" * size)


INPUTS = [
    HostileInput("gather of calls", _gather_of_calls, 2_500),
    HostileInput("gather of functions of 300 sleeps", _gather_of_sleeps, 300),
    HostileInput("gather of functions of 60 steps of one name", _gather_of_steps, 300),
    HostileInput("gather of functions of 300 waits", _gather_of_waits, 300),
    HostileInput("helpers that gather the next one twice", _tower_of_gathers, 100),
    HostileInput("tasks that each await the one before", _awaiting_tasks, 500),
    HostileInput("each step depends on the one before", lambda size: _depends_on(size, 1), 400),
    HostileInput("each step depends on the two before", lambda size: _depends_on(size, 2), 400),
    HostileInput("each step depends on all before (edges)", lambda size: _depends_on(int(size**0.5), size), 14_400),
    HostileInput("conditional steps that need the three before", _conditional_steps, 100),
    HostileInput("steps that nobody calls", _steps_nobody_calls, 500),
    HostileInput("steps of one function name", _steps_of_one_function_name, 500),
    HostileInput("loops with a task that nobody awaits", _tasks_in_loops, 500),
    HostileInput("tasks of one variable", _tasks_of_one_name, 500),
    HostileInput("coroutines of one variable", _coroutines_of_one_name, 500),
]

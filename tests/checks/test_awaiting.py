from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.syntax.edits.source_edits import AddedAwait
from tests.checks.snippets import edits_of, findings_in_module, findings_in_run, flagged_in_run


def test_step_without_await() -> None:
    (finding,) = findings_in_run("SG201", "a()\nawait b()")

    assert finding.message == "`a()` is never awaited, so the step 'a' never runs."
    assert finding.advice == "Write `await` before the call."
    assert [type(edit) for edit in edits_of(finding)] == [AddedAwait]


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ('receipt = a()\nreturn {"id": receipt["id"]}', "a()"),
        ('print(f"charged {a()}")', "a()"),
        ("if a():\n    await b()", "a()"),
        ("_ = a()", "a()"),
        ("return a()", "a()"),
        ('return {"receipt": a(), "id": 1}', "a()"),
        ("x = a() if event else b()\nprint(x.id)", "a()"),
        ("results = [a() for _ in range(3)]\nprint(len(results))", "a()"),
        ("everything = []\neverything.append(a())", "a()"),
        ('step.wait_for_event("w", "t")', 'step.wait_for_event("w", "t")'),
        ("asyncio.wait_for(a(), 5)", "asyncio.wait_for(a(), 5)"),
        ("total = a() + 1", "a()"),
        ("total = await b() + a()", "a()"),
        ("total = 0\nfor _ in range(3):\n    total += a()", "a()"),
        ("first, second = a()", "a()"),
        ("for row in a():\n    print(row)", "a()"),
        ("delay = a()\nawait step.sleep('rest', max(delay, 0))", "a()"),
        ("async def load():\n    return a()\nrows = await load()\nprint(rows[0])", "a()"),
        ("async def load():\n    return a()\nawait load()", "a()"),
        ("import logging\nlogger = logging.getLogger()\nresult = a()\nlogger.info('%s', result)", "a()"),
        ("import json\ntext = json.dumps(a())", "a()"),
        ("import json\ntext = json.dumps(a(), default=str)", "a()"),
        ("import copy\nrow = copy.deepcopy(a())", "a()"),
        ("from decimal import Decimal\nprice = Decimal(a())", "a()"),
        ("if (receipt := a()):\n    print(receipt)", "a()"),
        ("if not a():\n    await b()", "a()"),
        ("if a() == 1:\n    await b()", "a()"),
        ("receipt: object = a()\nprint(receipt)", "a()"),
        ("receipt = a()\norder.receipt = 1\nprint(order.receipt)", "a()"),
        ("receipt = a()\nsend(receipt=1)", "a()"),
        ("receipt: object\nreceipt = a()", "a()"),
        ("async def load(n):\n    if n:\n        return await load(n - 1)\n    return a()\nawait load(3)", "a()"),
        ("receipt, count = a(), 1\nprint(receipt)", "a()"),
        ("self.receipt = a()\nprint(self.receipt)", "a()"),
        ("self.receipts = []\nself.receipts.append(a())", "a()"),
        ('table = {}\ntable["receipt"] = a()', "a()"),
        ("rows = [*a()]", "a()"),
        ("row = {**a()}", "a()"),
        ("match a():\n    case None:\n        await b()", "a()"),
        ("a().upper()", "a()"),
    ],
)
def test_unawaited_coroutine_used_as_its_result(use: str, place: str) -> None:
    assert place in flagged_in_run("SG201", use)


@pytest.mark.parametrize(
    "use",
    [
        "await a()",
        "coro = a()\nawait coro",
        "import copy\nfirst = copy.copy([a()])[0]\nawait first",
        "import json\njson.dumps(a(), default=self.keep)",
        "if (coro := a()):\n    await coro",
        "await asyncio.gather(*[f() for f in (a, b)])",
        "self.later = a()\nawait self.later",
        "self.later = a()\nawait getattr(self, name)",
        "self.later, other = a(), 1\ncoro = self.later\nawait coro",
        "self.later = []\nself.later.append(a())\nfor coro in self.later:\n    await coro",
        "table = {}\ntable[1] = a()\nawait table[1]",
        "table = {}\ntable[1] = a()\nawait asyncio.gather(*table.values())",
        "first, *others = a(), b()\nawait asyncio.gather(*others)",
        "pair = first, second = a(), b()\nawait asyncio.gather(*pair)",
        "match a():\n    case coro:\n        await coro",
        'self.table["x"] = a()',
        "schedule(a())",
        "unknown.append(a())",
        "def later():\n    return a()\nawait later()",
        "coro = a()\ncoro.close()",
        "both = [a()] + unknown\nawait asyncio.gather(*both)",
        "both = [a()] + [b()]\nawait asyncio.gather(*both)",
        "first, second = a(), b()\nawait first\nawait second",
        "for coro in (a(), b()):\n    await coro",
        "for coro in sorted([a(), b()], key=id):\n    await coro",
        "calls = Calls()\ncalls += a()",
        "queue = asyncio.Queue()\nqueue.put_nowait(a())",
        "pending = []\nfor _ in range(3):\n    pending.append(a())\nfor coro in pending:\n    await coro",
        "pending = dict(zip(names, [a(), b()]))\nawait asyncio.gather(*pending.values())",
        "coro = a()\nawait eval('coro')",
        "async def load():\n    return a()\nawait (await load())",
        "async def load():\n    return a()\ncoro = await load()\nawait coro",
        "async def load():\n    return a()\nawait wrapped(load)",
        "both = a() + unknown\nawait both",
        "if [a()] == unknown:\n    await b()",
        "async def load(n):\n    if n:\n        return await load(n - 1)\n    return a()\nkeep(await load(3))",
    ],
)
def test_coroutine_that_may_be_awaited_later(use: str) -> None:
    assert flagged_in_run("SG201", use) == []


def test_message_on_an_unawaited_function_mentions_its_steps() -> None:
    source = """
    from workers import WorkflowEntrypoint

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            self.pay(step)
            self.warm_up()
            await step.sleep("s", "1 minute")

        async def pay(self, step):
            @step.do("charge")
            async def charge():
                return 1
            await charge()

        async def warm_up(self):
            return None
    """

    assert [finding.message for finding in findings_in_module("SG201", source)] == [
        "`self.pay(step)` is never awaited, so `pay` and its steps never run.",
        "`self.warm_up()` is never awaited, so `warm_up` never runs.",
    ]


_IMPORTS = "import asyncio\nimport json\nfrom workers import fetch"
_IN_STEP = """\
async def notify(number):
    return number

@step.do("load")
async def load():
{}

await load()
"""


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ("notify(1)", "notify(1)"),
        ("count = notify(1)\nreturn count + 1", "notify(1)"),
        ("return (await fetch('x')).json()['rates']", "(await fetch('x')).json()"),
        ("response = await fetch('x')\nreturn json.loads(response.text())", "response.text()"),
        ("asyncio.sleep(1)", "asyncio.sleep(1)"),
    ],
)
def test_unawaited_coroutine_in_a_step(use: str, place: str) -> None:
    assert flagged_in_run("SG201", _IN_STEP.format(indent(use, "    ")), _IMPORTS) == [place]


@pytest.mark.parametrize(
    "use",
    [
        "self.ctx.waitUntil(notify(1))",
        "self.ctx.waitUntil(fetch('x'))",
        "self.env.job = fetch('x')",
        "return (lambda: notify(1))()",
        "return json.loads(await (await fetch('x')).text())",
        "await asyncio.gather(notify(1), asyncio.sleep(1), fetch('x'))",
    ],
)
def test_coroutine_in_a_step_that_other_code_awaits(use: str) -> None:
    assert flagged_in_run("SG201", _IN_STEP.format(indent(use, "    ")), _IMPORTS) == []


@pytest.mark.parametrize("body", ["await a()", "return 1"])
def test_async_function_that_an_unknown_decorator_may_make_plain(body: str) -> None:
    use = f"@library.async_to_sync\nasync def load():\n    {body}\nload()"

    assert flagged_in_run("SG201", use, "import library") == []


@pytest.mark.parametrize(
    "box",
    ["class Box(library.Base): pass", "class Box: job = library.Field()", "class Box: pass\ninspect.getmembers(Box)"],
)
def test_attribute_that_code_outside_the_project_may_await(box: str) -> None:
    imports = f"import inspect\nimport library\n{box}"

    assert flagged_in_run("SG201", "box = Box()\nbox.job = a()\nawait box", imports) == []


def test_no_fix_where_await_is_invalid() -> None:
    (finding,) = findings_in_module(
        "SG201",
        """
        from workers import WorkflowEntrypoint

        def notify(step):
            @step.do("mail")
            async def mail():
                return 1
            mail()

        class W(WorkflowEntrypoint):
            async def run(self, event, step):
                notify(step)
                await step.sleep("s", "1 minute")
        """,
    )

    assert finding.fix is None
    assert finding.advice == "Make `notify` an async function: await this call in it, and each call of it."


@pytest.mark.parametrize(
    ("function", "call", "is_fixed"),
    [
        ("def go(self, step):\n        return self.work(step)", "self.go(step)", True),
        ("def go(self, step):\n        return self.work(step) if step else None", "self.go(step)", False),
        ("def go(self, step):\n        if step: return self.work(step)", "self.go(step)", False),
        ("def go(self, step):\n        if not step: return\n        return self.work(step)", "self.go(step)", False),
        ("def go(self, step):\n        with quiet(): return self.work(step)", "self.go(step)", False),
        ("def go(self, step): return 1", "(self.work if event else self.go)(step)", False),
        ("async def go(self, step): await self.work(step)", "(self.work if event else self.go)(step)", True),
    ],
)
def test_fix_of_a_call_that_always_returns_a_coroutine(function: str, call: str, is_fixed: bool) -> None:  # noqa: FBT001
    module = f"""
from contextlib import contextmanager

from workers import WorkflowEntrypoint


@contextmanager
def quiet():
    try:
        yield
    except AttributeError:
        pass


class Orders(WorkflowEntrypoint):
    {function}

    async def work(self, step):
        await step.sleep("s", 1000)

    async def run(self, event, step):
        {call}
        await step.sleep("end", 1000)
"""
    assert [bool(edits_of(finding)) for finding in findings_in_module("SG201", module)] == [is_fixed]


def test_coroutine_returned_by_run_is_flagged() -> None:
    source = """
    from workers import WorkflowEntrypoint

    class W(WorkflowEntrypoint):
        async def run(self, event, step):
            @step.do("charge")
            async def charge():
                return 1

            async def helper():
                return charge()

            await (await helper())
            return charge()
    """

    assert [finding.span.line for finding in findings_in_module("SG201", source)] == [13]


@pytest.mark.parametrize(
    "result",
    ["self.env.CHARGE or a()", "0 and a()", '{"a": a()}.get(event)', '{"a": a(), "b": b()}.pop(event, None)'],
)
def test_call_that_may_return_no_awaitable_has_no_fix(result: str) -> None:
    (finding,) = findings_in_run("SG201", f"def work():\n    return {result}\nwork()")

    assert finding.fix is None
    assert finding.advice == "Await its result where it is a coroutine: the call may return another value."


def test_sleep_without_await() -> None:
    (finding,) = findings_in_run("SG203", 'step.sleep("pause", "1 day")\nawait a()')

    assert finding.message == "the sleep 'pause' starts but is never awaited, so the workflow does not pause."
    assert [type(edit) for edit in edits_of(finding)] == [AddedAwait]


@pytest.mark.parametrize(
    "use",
    [
        'await step.sleep("s", 1000)',
        't = step.sleep("s", 1000)\nawait t',
        'await asyncio.gather(a(), step.sleep("s", 1000))',
        't = asyncio.ensure_future(step.sleep("s", 1000))\nawait asyncio.wait([t])',
        'self.timer = step.sleep("s", 1000)\nawait self.timer',
        'schedule(step.sleep("s", 1000))',
        'timer = step.sleep("s", 1000)\ntimer.then(done)',
        'timers = [step.sleep(f"s{i}", 1000) for i in range(3)]\nawait asyncio.gather(*timers)',
        'pause = lambda: step.sleep("s", 1000)\nawait pause()',
    ],
)
def test_sleep_that_may_be_awaited_later(use: str) -> None:
    assert flagged_in_run("SG203", use) == []


@pytest.mark.parametrize(
    "use",
    [
        "asyncio.create_task(a())",
        "asyncio.ensure_future(a())",
        "asyncio.get_running_loop().create_task(a())",
        "asyncio.gather(a(), b())",
        "asyncio.shield(a())",
    ],
)
def test_task_with_steps_that_is_never_awaited(use: str) -> None:
    assert flagged_in_run("SG204", use) == [use]


@pytest.mark.parametrize(
    "use",
    ["x, y = {}", "for x in {}:\n    print(x)", "x = [y for y in {}]", "x = {}[0]", "both = {}\nprint(both[0])"],
)
def test_group_used_as_its_results_is_never_awaited(use: str) -> None:
    group = "asyncio.gather(a(), b())"
    assert flagged_in_run("SG204", use.format(group)) == [group]


@pytest.mark.parametrize(
    "use",
    [
        "await asyncio.create_task(a())",
        "t = asyncio.create_task(a())\nawait t",
        "t = asyncio.create_task(a())\nt.add_done_callback(done)",
        "t = asyncio.create_task(a())\nwhile not t.done():\n    await asyncio.sleep(1)",
        "self.tasks = set()\nself.tasks.add(asyncio.create_task(a()))",
        "keep(asyncio.create_task(a()))",
        "asyncio.create_task(a())\nawait asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))",
        "async with asyncio.TaskGroup() as tg:\n    tg.create_task(a())",
        "tasks = [asyncio.create_task(f()) for f in (a, b)]\nfor t in asyncio.as_completed(tasks):\n    await t",
        "asyncio.create_task(warm_up())",
    ],
)
def test_task_that_may_be_awaited_or_runs_no_steps(use: str) -> None:
    assert flagged_in_run("SG204", use) == []


@pytest.mark.parametrize(
    "use",
    [
        "print(task.get_name())",
        "if not task.done():\n    print('late')",
        "log = {'name': task.get_name(), 'done': task.done()}",
        "tasks = []\ntasks.append(task)\nfor each in tasks:\n    print(each.get_name())",
        "tasks = [task]\nnames = [each.get_name() for each in tasks]",
        "for number in [1, 2]:\n    task.set_name(f'task {number}')\n    await b()",
    ],
)
def test_task_that_is_only_inspected_is_never_awaited(use: str) -> None:
    assert flagged_in_run("SG204", f"task = asyncio.create_task(a())\n{use}") == ["asyncio.create_task(a())"]


@pytest.mark.parametrize(
    "use",
    [
        "while not task.done():\n    await asyncio.sleep(1)",
        "for _ in range(60):\n    if task.done():\n        break\n    await asyncio.sleep(1)",
        "from pyodide.ffi import run_sync\nwhile not task.done():\n    run_sync(asyncio.sleep(1))",
        "if task.done():\n    print(task.result())",
        "tasks = [task]\nfor each in tasks:\n    each.cancel()",
        "check = task.done",
    ],
)
def test_task_that_is_polled_or_canceled_is_not_reported(use: str) -> None:
    assert flagged_in_run("SG204", f"task = asyncio.create_task(a())\n{use}") == []


def test_task_without_await() -> None:
    (finding,) = findings_in_run("SG204", "asyncio.create_task(a())\nawait b()")

    assert finding.message == (
        "`asyncio.create_task(a())` is never awaited: `run` may return before it is done, and its errors are lost."
    )


def test_uncalled_step_is_flagged_at_its_declaration() -> None:
    assert flagged_in_run("SG202", "await a()") == ['step.do("b")']


@pytest.mark.parametrize(
    "use",
    [
        "await a()\nawait b()",
        "await a()\nif event:\n    await b()",
        "for f in (a, b):\n    await f()",
        "await a()\nschedule(b)",
        "await a()\nself.b = b",
        "await a()\nreturn b",
        "await a()\n\nasync def later():\n    await b()\n\nregister(later)",
        '@step.do("c")\nasync def c(b):\n    return b\n\nawait a()\nawait c()',
        "await a()\nawait locals()['b']()",
        "await a()\ntable = {'b': b}\nawait table[event['payload']['k']]()",
        "b()\nawait a()",
    ],
)
def test_step_that_other_code_may_call(use: str) -> None:
    assert flagged_in_run("SG202", use) == []


@pytest.mark.parametrize(
    "declaration",
    [
        '@register\n@step.do("c")\nasync def c():\n    return 1',
        'register(step.do("c")(send))',
        'b = registry.do("c")(b)',
        'self.c = step.do("c")(send)',
    ],
)
def test_step_passed_on_at_its_declaration(declaration: str) -> None:
    assert flagged_in_run("SG202", f"await a()\nawait b()\n\n{declaration}") == []


@pytest.mark.parametrize(
    ("use", "advice"),
    [
        ("await a()", "Call it with `await b()`, or remove it."),
        (
            'await a()\nawait b()\nstep.do("c")(send)',
            'Run it with `await step.do("c")(send)()`, or remove it.',
        ),
        ('await a()\nawait b()\nsend = step.do("c")(send)', "Call it with `await send()`, or remove it."),
        ('await a()\nawait b()\ntask = step.do("c")(send)', "Call it with `await task()`, or remove it."),
    ],
)
def test_advice_on_an_uncalled_step_calls_the_step(use: str, advice: str) -> None:
    (finding,) = findings_in_run("SG202", f"async def send():\n    return 1\n{use}")

    assert finding.message.endswith("never runs: it is never called, and no other step depends on it.")
    assert finding.advice == advice


def test_step_that_an_unknown_function_may_depend_on() -> None:
    assert flagged_in_run("SG202", 'await step.do("c")(unknown)()') == []


def test_uncalled_step_of_a_dependency_chain() -> None:
    body = '@step.do("c")\nasync def c(a):\n    return a\n\nawait b()'

    assert flagged_in_run("SG202", body) == ['step.do("c")']


def test_sleep_in_a_step_is_flagged_even_if_unawaited() -> None:
    body = '@step.do("c")\nasync def c():\n    step.sleep("x", "1 hour")\nawait c()'

    assert flagged_in_run("SG203", body) == []
    assert flagged_in_run("SG308", body) == ['step.sleep("x", "1 hour")']


@pytest.mark.parametrize("signal", ["asyncio.Event()", "asyncio.Queue()", "asyncio.get_running_loop().create_future()"])
def test_task_that_signals_its_end(signal: str) -> None:
    start = "async def work():\n    await a()\n    tell(over)\nasyncio.create_task(work())\nawait over.wait()"

    assert flagged_in_run("SG204", f"over = {signal}\n{start}") == []
    assert flagged_in_run("SG204", f"over = unknown\n{start}") == ["asyncio.create_task(work())"]


@pytest.mark.parametrize(
    ("wait", "flagged"), [("", ["asyncio.create_task(a())"]), ("await asyncio.gather(*tasks)", [])]
)
def test_task_set_with_discard_callback_awaits_nothing(wait: str, flagged: list[str]) -> None:
    keep = "tasks = set()\ntask = asyncio.create_task(a())\ntasks.add(task)\ntask.add_done_callback(tasks.discard)\n"

    assert flagged_in_run("SG204", f"{keep}await b()\n{wait}") == flagged


HELPERS = """\
def log(text):
    print(text)
def total(text):
    return {"text": text}
def later(text):
    return ship(text) if text else None
async def ship(text):
    print(text)
"""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('await log("a")', '`log("a")` returns None'),
        ('for row in event["payload"]["rows"]:\n    await log(row)', "`log(row)` returns None"),
        ('await total("a")', '`total("a")` returns a value that is not awaitable'),
        ('data = await event["payload"]', '`event["payload"]` is a value that is not awaitable'),
        ("await None", "`None` is a value that is not awaitable"),
        ("row = {}\nawait row", "`row` is a value that is not awaitable"),
    ],
)
def test_await_of_a_value_that_is_not_awaitable(body: str, problem: str) -> None:
    (finding,) = findings_in_run("SG117", f"{HELPERS}{body}")

    text = problem.removeprefix("`").partition("` ")[0]
    assert finding.message == f"{problem}, so awaiting it fails with a TypeError."
    assert finding.advice == f"Write `{text}` without `await`."


@pytest.mark.parametrize(
    "body",
    [
        'await later(event["payload"])',
        'await later("")',
        "try:\n    await log(1)\nexcept TypeError:\n    pass",
        "async def run(row=None):\n    await row\nawait run()",
        "pending = None\nfor row in event:\n    if row:\n        await pending\n    pending = ship(row)",
        "self.pending = None\nfor row in event:\n    if row:\n        await self.pending\n    self.pending = ship(row)",
        "try:\n    from fast import log\nexcept ImportError:\n    pass\nawait log(1)",
        "import functools\n@functools.wraps(ship)\ndef other():\n    pass\nawait other()",
    ],
)
def test_await_of_a_value_that_may_be_awaitable(body: str) -> None:
    assert flagged_in_run("SG117", f"{HELPERS}{body}") == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("async with step:\n    pass", "the step object is entered as a context manager"),
        ('async with step.do("a"):\n    pass', "the decorator from `step.do(...)` is entered as a context manager"),
        ("for row in step:\n    pass", "the step object is iterated over"),
    ],
)
def test_statement_that_takes_no_step_object(body: str, problem: str) -> None:
    assert [finding.message for finding in findings_in_run("SG117", body)] == [
        f"{problem}, which fails with a TypeError."
    ]
    assert flagged_in_run("SG004", body) == []
    assert flagged_in_run("SG117", f"try:\n{indent(body, '    ')}\nexcept TypeError:\n    pass") == []

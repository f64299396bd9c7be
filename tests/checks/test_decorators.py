"""Test SG117 and SG118: unsupported uses of `step.do` and of the step object."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import LEGACY, edits_of, flagged_in_run, project_codes, project_findings


def test_decorator_without_parentheses_is_one_mistake(tmp_path: Path) -> None:
    body = """
        @step.do
        async def charge(amount):
            return amount

        await charge(10)
    """
    (finding,) = project_findings(tmp_path, body)
    assert finding.message.startswith("`step.do` without parentheses")


def test_decorator_without_parentheses(tmp_path: Path) -> None:
    body = """
        @step.do
        async def charge():
            return 10

        await charge()
    """
    (finding,) = project_findings(tmp_path, body)
    assert finding.code == "SG117"
    assert finding.message == (
        "`step.do` without parentheses takes the function `charge` as the step's name, so calling `charge` fails with a"
        " TypeError."
    )
    assert finding.advice == "Write `@step.do()` above `charge`."


def test_advice_includes_a_required_name(tmp_path: Path) -> None:
    body = """
        @step.do
        async def charge():
            return 10

        await charge()
    """
    (finding,) = project_findings(tmp_path, body, mode=LEGACY)
    assert finding.advice == 'Write `@step.do("charge")` above `charge`.'


def test_javascript_signature_is_flagged_once(tmp_path: Path) -> None:
    body = """
        async def charge():
            return 10

        await step.do("charge", {"timeout": "1 minute"}, charge)

        @step.do("other")
        async def other():
            return 1

        await other()
    """
    (finding,) = project_findings(tmp_path, body)
    assert finding.code == "SG117"
    assert finding.advice == (
        'Write `@step.do("charge", config={"timeout": "1 minute"})` above `def charge`, and run the step with'
        " `await charge()`."
    )


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("step.sleepUntil('later', 5)", "Write `step.sleep_until`."),
        ("step.waitForEvent('e', {})", "Write `wait_for_event(name, event_type, timeout=...)`."),
        ("step.run('charge', event)", "Decorate the function with `@step.do(...)`, and await a call of it."),
        ("step.sleep_for('later', 5)", "Write `step.sleep`."),
        ("step.repeat(5)", "Available: `do`, `sleep`, `sleep_until`, `wait_for_event`."),
    ],
)
def test_unknown_method_lists_the_existing_ones(call: str, advice: str, tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, f"await {call}")

    assert (finding.code, finding.advice) == ("SG117", advice)


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ("timeout=1000", 'Move it to the config: `config={"timeout": 1000}`.'),
        ("retry=3", "Available: `name`, `concurrent`, `config`."),
    ],
)
def test_unknown_argument_advice(argument: str, advice: str, tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, f"await step.do('charge', {argument})(lambda: 10)()")

    assert (finding.code, finding.advice) == ("SG117", advice)


@pytest.mark.parametrize(
    ("call", "code", "flagged"),
    [
        ("do('a', retries = 3)(lambda: 10)()", "SG117", "retries"),
        ("do('a', **{'retries': 3})(lambda: 10)()", "SG117", "3"),
        ("do('a', name='a')(lambda: 10)()", "SG117", "name"),
        ("wait_for_event('a', 'paid', config={})", "SG117", "config"),
        ("wait_for_event('a', 'paid', '1 day', 2)", "SG117", "2"),
        ("wait_for_event('a', type='paid')", "SG112", "type"),
        ("sleep(name='a', duration='1 day')", "SG119", "name"),
    ],
)
def test_location_of_an_unknown_argument(call: str, code: str, flagged: str) -> None:
    assert flagged_in_run(code, f"await step.{call}") == [flagged]


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        ("wait_for_event('a', 'paid', config={})", ["config"]),
        ("wait_for_event('a', 'paid', '1 day', 2)", ["2"]),
        ("wait_for_event('a', 'paid', timeout='1 day')", []),
        ("wait_for_event('a', 'paid', **event)", []),
        ("sleep_until(name='a', timestamp=event['timestamp'], zone='UTC')", ["zone"]),
        ("sleep_until('a', event['timestamp'])", []),
    ],
)
def test_arguments_of_waits(call: str, unknown: list[str], tmp_path: Path) -> None:
    found = [each for each in project_findings(tmp_path, f"await step.{call}") if each.code == "SG117"]

    assert [finding.message.split("`")[1] for finding in found] == unknown


@pytest.mark.parametrize(
    ("call", "parameter", "advice"),
    [
        ("do('a', name='a')(lambda: 10)()", "name", "Remove `name='a'`."),
        ("do('a', **{'name': 'b'})(lambda: 10)()", "name", "Remove one of the two arguments."),
        ("wait_for_event('a', 'paid', 1000, timeout=2000)", "timeout", "Remove one of the two arguments."),
        ("sleep_until('a', event['timestamp'], name='a')", "name", "Remove `name='a'`."),
    ],
)
def test_argument_by_position_and_keyword(call: str, parameter: str, advice: str, tmp_path: Path) -> None:
    (finding,) = [each for each in project_findings(tmp_path, f"await step.{call}") if each.code == "SG117"]

    assert finding.message.startswith(f"`{parameter}` of `step.{call.partition('(')[0]}` is passed twice")
    assert finding.advice == advice


@pytest.mark.parametrize(
    "futures",
    ["[charge(), charge()]", "{wait}", "[charge() for _ in range(2)]", "futures", "(*futures, wait)"],
)
def test_wait_for_coroutines(futures: str, tmp_path: Path) -> None:
    body = f"{STEPS}\n        futures = []\n        futures.append(charge())\n        wait = charge()\n"
    results = project_findings(tmp_path, f"{body}        await asyncio.wait({futures})\n")

    assert [finding.code for finding in results if "asyncio.wait" in finding.message] == ["SG117"]


@pytest.mark.parametrize(
    "futures",
    [
        "[asyncio.create_task(charge())]",
        "[asyncio.gather(charge(), charge())]",
        '[step.sleep("a", 1000)]',
        "list(map(asyncio.ensure_future, [charge()]))",
        "replaced",
    ],
)
def test_wait_for_futures(futures: str, tmp_path: Path) -> None:
    body = f"""{STEPS}
        replaced = [charge(), charge()]
        for index, each in enumerate(replaced):
            replaced[index] = asyncio.create_task(each)
        await asyncio.wait({futures})
"""
    assert "SG117" not in project_codes(tmp_path, body)


@pytest.mark.parametrize(("arguments", "count"), [("", "no argument"), ("lambda: 10, event", "2 arguments")])
def test_decorator_called_with_wrong_arguments(arguments: str, count: str, tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, f"await step.do('charge')({arguments})()")

    assert finding.code == "SG117"
    assert finding.message == (
        f"the decorator from `step.do(...)` takes one function, but gets {count}: this call fails with a TypeError."
    )


_SUPPORTED = {
    "a method assigned to the step object": """
        step.note = print
        step.note("begun")
    """,
    "a method of another object": """
        class Steps:
            def __init__(self, step):
                self.step = step

            async def run(self, name, function):
                return await self.step.do(name)(function)()

        await Steps(step).run("charge", lambda: 10)
    """,
    "a function named `do`": """
        async def do(name, function):
            return await step.do(name)(function)()

        await do("charge", lambda: 10)
    """,
    "decorators in a list": """
        for decorator in [step.do("first"), step.do("second")]:
            await decorator(lambda: 1)()
    """,
    "partial arguments": """
        do = functools.partial(step.do, config={"timeout": 1000})

        @do("charge")
        async def charge():
            return 10

        await charge()
    """,
    "forwarded arguments": """
        def do(*args, **kwargs):
            kwargs.setdefault("config", {"timeout": 1000})
            return step.do(*args, **kwargs)

        @do("charge")
        async def charge():
            return 10

        await charge()
    """,
}


@pytest.mark.parametrize("body", _SUPPORTED.values(), ids=_SUPPORTED)
def test_supported_uses_of_the_step_object(body: str, tmp_path: Path) -> None:
    assert "SG117" not in project_codes(tmp_path, body, imports="import functools")


def test_helper_that_returns_a_decorator_or_a_step(tmp_path: Path) -> None:
    body = """
        def declare(name, function=None):
            if function is None:
                return step.do(name)
            return step.do(name)(function)

        @declare("charge")
        async def charge():
            return 10

        async def ship():
            return 20

        await charge()
        await declare("ship", ship)()
    """
    assert {"SG117", "SG118"}.isdisjoint(project_codes(tmp_path, body))


def test_forwarded_empty_arguments(tmp_path: Path) -> None:
    body = """
        async def retried(function, *args, **kwargs):
            return await function(*args, **kwargs)

        @step.do("charge")
        async def charge():
            return 10

        await retried(charge)
    """
    assert project_codes(tmp_path, body) == []


def test_arguments_that_may_be_empty(tmp_path: Path) -> None:
    body = """
        given = []
        if event["payload"]["amount"]:
            given.append(10)

        @step.do("charge")
        async def charge():
            return 10

        await charge(*given)
    """
    assert project_codes(tmp_path, body) == []


def test_forwarded_argument_is_flagged(tmp_path: Path) -> None:
    body = """
        async def retried(function, *args):
            return await function(*args)

        @step.do("charge")
        async def charge():
            return 10

        await retried(charge, 10)
    """
    assert project_codes(tmp_path, body) == ["SG118"]


_PARTIAL = """
@step.do("charge")
async def charge():
    return 1

await partial(charge{arguments})()
"""


@pytest.mark.parametrize(("arguments", "codes"), [(", 10", ["SG118"]), (", amount=10", ["SG118"]), ("", [])])
def test_partial_of_a_step(tmp_path: Path, arguments: str, codes: list[str]) -> None:
    body = _PARTIAL.format(arguments=arguments)
    assert project_codes(tmp_path, body, imports="from functools import partial") == codes


@pytest.mark.parametrize(("options", "call"), [("{'amount': 3}", "charge(**options)"), ("[3]", "charge(*options)")])
def test_step_called_with_elements(tmp_path: Path, options: str, call: str) -> None:
    body = f"""
        options = {options}

        @step.do("charge")
        async def charge():
            return 1

        await {call}
    """
    finding = project_findings(tmp_path, body)[0]
    assert finding.message == (
        f"unexpected arguments in `{call}`: a step takes no arguments, so calling the step 'charge' fails with"
        " a TypeError."
    )


def test_unknown_method_is_flagged_once(tmp_path: Path) -> None:
    assert [finding.code for finding in project_findings(tmp_path, "await step.sleepUntil('due', 1)")] == ["SG117"]


STEPS = """
        import asyncio

        @step.do("charge")
        async def charge():
            return 10

        @step.do("ship")
        async def ship():
            return 20
"""


@pytest.mark.parametrize(
    ("use", "message", "advice"),
    [
        (
            "await charge",
            "the step 'charge' is awaited but not called, which fails with a TypeError.",
            "Write `await charge()`.",
        ),
        (
            "await asyncio.gather(charge, ship())",
            "the step 'charge' is awaited but not called, which fails with a TypeError.",
            "Write `charge()`.",
        ),
        (
            "for each in [charge, ship]:\n            await each",
            "the step 'charge' is awaited but not called, which fails with a TypeError.",
            "Write `await each()`.",
        ),
        (
            "async def both():\n            await charge()\n        await both",
            "`both` is awaited but not called, which fails with a TypeError.",
            "Write `await both()`.",
        ),
        (
            "await ship()\n        await step.sleep",
            "`step.sleep` is awaited but not called, which fails with a TypeError.",
            "Write `await step.sleep(...)`.",
        ),
    ],
)
def test_await_without_a_call(use: str, message: str, advice: str, tmp_path: Path) -> None:
    findings = project_findings(tmp_path, f"{STEPS}\n        {use}\n")
    assert [(each.message, each.advice) for each in findings if each.code == "SG117"] == [(message, advice)]


@pytest.mark.parametrize(
    ("use", "flagged"),
    [
        ("job = a()\nfirst = await job\nif event:\n    await job", ["await job"]),
        ("async def twice(job):\n    await job\n    await job\nawait twice(a())", ["await job"]),
        ("job = a()\nif event:\n    await job\nelse:\n    await job", []),
        ("job = a()\nawait job\njob = a()\nawait job", []),
        ("job = a()\nawait job\ntry:\n    await job\nexcept RuntimeError:\n    pass", []),
        ("job = step.sleep('pause', '1 hour')\nawait job\nawait job", []),
        ("job = asyncio.create_task(a())\nawait job\nawait job", []),
        ("job = a()\nawait job\nboth = [await job for job in (a(), a())]", []),
        ("job = a()\nawait job\nawait asyncio.gather(job, a())", ["job"]),
        ("job = a()\ntask = asyncio.create_task(job)\nawait job", ["await job"]),
        ("job = a()\nrun_sync(job)\nrun_sync(job)", ["job"]),
        ("job = a()\nrun_sync(job)\ntry:\n    run_sync(job)\nexcept RuntimeError:\n    pass", []),
        ("job = a()\nprint(job)\nawait job", []),
        (
            "class Job:\n    def __await__(self):\n        return a().__await__()\njob = Job()\nawait job\nawait job",
            [],
        ),
    ],
)
def test_coroutine_that_is_awaited_again(use: str, flagged: list[str]) -> None:
    assert flagged_in_run("SG117", use) == flagged


def test_name_of_a_coroutine_that_is_awaited_again(tmp_path: Path) -> None:
    use = "job = charge()\n        await job\n        if (await job) > 3:\n            return"
    findings = project_findings(tmp_path, f"{STEPS}\n        {use}\n")
    assert [each.message for each in findings if each.code == "SG117"] == [
        "`job` is a coroutine that an earlier statement has awaited: this fails with a RuntimeError."
    ]


@pytest.mark.parametrize(
    ("use", "subject", "advice"),
    [
        (
            "await asyncio.gather([charge(), ship()])",
            "the list `[charge(), ship()]` is passed",
            "Write `*[charge(), ship()]`.",
        ),
        (
            "calls = (charge(), ship())\n        await asyncio.gather(calls)",
            "the tuple `calls` is passed",
            "Write `*calls`.",
        ),
        (
            "await [charge(), ship()]",
            "the list `[charge(), ship()]` is awaited",
            "Write `await asyncio.gather(*[charge(), ship()])`.",
        ),
        (
            "await asyncio.gather(run() for run in (charge, ship))",
            "the generator `run() for run in (charge, ship)` is passed",
            "Write `*(run() for run in (charge, ship))`.",
        ),
        (
            "calls = (run() for run in (charge, ship))\n        await asyncio.gather(calls)",
            "the generator `calls` is passed",
            "Write `*calls`.",
        ),
        (
            "await asyncio.gather(map(lambda run: run(), (charge, ship)))",
            "the iterator `map(lambda run: run(), (charge, ship))` is passed",
            "Write `*map(lambda run: run(), (charge, ship))`.",
        ),
        (
            "await (run() for run in (charge, ship))",
            "the generator `(run() for run in (charge, ship))` is awaited",
            "Write `await asyncio.gather(*(run() for run in (charge, ship)))`.",
        ),
    ],
)
def test_collection_in_place_of_an_awaitable(use: str, subject: str, advice: str, tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, f"{STEPS}\n        {use}\n")
    assert (finding.code, finding.advice) == ("SG117", advice)
    assert finding.message.startswith(subject)
    assert finding.message.endswith(", which fails with a TypeError: only its elements are awaitable.")


@pytest.mark.parametrize("test", ["isinstance(calls, list)", "many", "len(calls) > 1", "hasattr(calls, '__iter__')"])
def test_parameter_that_may_be_an_awaitable(test: str, tmp_path: Path) -> None:
    body = f"""{STEPS}
        async def settle(calls, many):
            return await asyncio.gather(*calls) if {test} else await calls

        await settle([charge(), ship()], True)
"""
    assert project_findings(tmp_path, body) == ()


def test_attribute_of_a_step(tmp_path: Path) -> None:
    (finding,) = project_findings(
        tmp_path, f"{STEPS}\n        await charge()\n        await ship()\n        charge.result\n"
    )
    assert (finding.code, finding.message, finding.advice) == (
        "SG117",
        "unknown attribute `result`: the step 'charge' is a function, so this fails with an AttributeError.",
        "Use the result of `await charge()`, or of the step as a dependency.",
    )


@pytest.mark.parametrize(
    "use",
    [
        "charge.order = 1\n        await step.sleep(f'rest {charge.order}', 1000)",
        "setattr(charge, 'order', 1)\n        print(charge.order)",
        "try:\n            charge.order\n        except AttributeError:\n            pass",
        "print(charge.__name__)",
        "print(getattr(charge, 'order', 1))",
    ],
)
def test_attribute_that_a_step_may_have(use: str, tmp_path: Path) -> None:
    assert "SG117" not in project_codes(tmp_path, f"{STEPS}\n        {use}\n        await charge()\n")


@pytest.mark.parametrize(
    "use",
    [
        "job = charge if event else ship()\n        await (job() if job is charge else job)",
        "try:\n            await charge\n        except TypeError:\n            await charge()",
        "if not callable(charge):\n            await charge",
    ],
)
def test_await_that_may_be_valid(use: str, tmp_path: Path) -> None:
    assert "SG117" not in project_codes(tmp_path, f"{STEPS}\n        {use}\n")


def test_call_of_the_step_object(tmp_path: Path) -> None:
    body = """
        async def charge():
            return 10

        await step("charge", charge)
    """
    (finding,) = project_findings(tmp_path, body)
    assert finding.code == "SG117"
    assert finding.message == "the step object `step` is called like a function, which fails with a TypeError."
    assert finding.advice == "Write `step.do(...)`, as the decorator of an async function."


def test_call_of_the_step_object_that_expects_the_error(tmp_path: Path) -> None:
    body = """
        try:
            step("charge")
        except TypeError:
            await step.sleep("rest", 1000)
    """
    assert project_codes(tmp_path, body) == []


@pytest.mark.parametrize(
    ("use", "flagged"),
    [
        ("await step", ["await step"]),
        ("try:\n    await step\nexcept TypeError:\n    pass", []),
        ("if inspect.isawaitable(step):\n    await step", []),
    ],
)
def test_await_of_the_step_object(use: str, flagged: list[str]) -> None:
    assert flagged_in_run("SG117", use, imports="import inspect") == flagged


def test_called_result_of_a_javascript_style_call_is_one_finding(tmp_path: Path) -> None:
    body = 'async def charge():\n    return 10\n\nrun_charge = step.do("charge", charge)\nawait run_charge()'
    (finding,) = project_findings(tmp_path, body)
    assert finding.message.startswith("unexpected function argument `charge`")
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ['step.do("charge")(charge)']

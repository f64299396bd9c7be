"""Values that reach the engine through parameters, variables and collections."""

from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_run, flagged_in_run

_PAUSE = "async def pause(length, name='pause'):\n    {use}\n\n"
_SLEEP = "await step.sleep(name, length)"


@pytest.mark.parametrize(
    ("code", "call", "flagged"),
    [
        ("SG109", 'await pause("1h")', '"1h"'),
        ("SG110", 'await pause("2 years")', '"2 years"'),
        ("SG205", 'await pause("5 min")', '"5 min"'),
        ("SG206", "await pause(30)", "30"),
        ("SG206", "await asyncio.gather(pause(length=30), a())", "30"),
        ("SG206", "task = asyncio.create_task(pause(30))\nawait task", "30"),
    ],
)
def test_durations_passed_to_a_function(code: str, call: str, flagged: str) -> None:
    assert flagged_in_run(code, _PAUSE.format(use=_SLEEP) + call) == [flagged]


def test_event_type_passed_to_a_function() -> None:
    body = "async def wait(kind):\n    await step.wait_for_event('w', kind)\n\nawait wait('order.approved')"
    assert flagged_in_run("SG112", body) == ["'order.approved'"]


def test_timeout_of_a_config_passed_to_a_function() -> None:
    body = (
        "async def call(limit):\n    @step.do('c', config={'timeout': limit})\n    async def c(): return 1\n"
        "    await c()\n\nawait call('10 mins')"
    )
    assert flagged_in_run("SG205", body) == ["'10 mins'"]


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ("async def pause(n, unit):\n    await step.sleep('p', f'{n} {unit}')\n\nawait pause(5, 'min')", ["'min'"]),
        ("async def pause(unit):\n    await step.sleep('p', f'5 {unit}')\n\nawait pause('hr')", ["'hr'"]),
        ("for n, unit in ((1, 'min'), (2, 'hours')):\n    await step.sleep('p', f'{n} {unit}')", ["'min'"]),
        (
            "def time(n, unit): return f'{n} {unit}'\n\nprint(time(5, 'min'))\nawait step.sleep('p', time(5, 's'))",
            ["'s'"],
        ),
        ("async def pause(n, unit):\n    await step.sleep('p', f'{n} {unit}')\n\nawait pause(5, 'ms')", []),
        ("unit = 'm'\nif rows:\n    unit = input()\nawait step.sleep('p', f'{rows} {unit}')", []),
    ],
)
def test_units_passed_apart_from_their_numbers(body: str, flagged: list[str]) -> None:
    assert flagged_in_run("SG205", body) == flagged


@pytest.mark.parametrize(
    "use",
    [
        "await step.sleep(name, length * 1000)",
        "length *= 1000\n    await step.sleep(name, length)",
        "await step.sleep(name, length if isinstance(length, str) else length * 1000)",
        "if isinstance(length, str):\n        await step.sleep(name, length)",
        "if length > 1000:\n        await step.sleep(name, length)",
        "[await step.sleep(name, length) for length in rows]",
        "match length:\n        case str(): await step.sleep(name, length)",
    ],
)
def test_parameters_that_a_function_converts_or_tests(use: str) -> None:
    assert flagged_in_run("SG206", _PAUSE.format(use=use) + "await pause(30)") == []


def test_duration_passed_through_two_functions() -> None:
    body = "async def outer(time):\n    await pause(time)\n\nawait outer('1h')"
    assert flagged_in_run("SG109", _PAUSE.format(use=_SLEEP) + body) == ["'1h'"]


def test_default_of_a_parameter() -> None:
    body = "async def pause(length='1h'):\n    await step.sleep('pause', length)\n\n"
    assert flagged_in_run("SG109", body + "await pause()") == ["'1h'"]
    assert flagged_in_run("SG109", body + "await pause('1 hour')") == []


def test_duration_passed_to_a_lambda() -> None:
    assert flagged_in_run("SG109", "pause = lambda length: step.sleep('pause', length)\nawait pause('1h')") == ["'1h'"]


def test_duration_bound_by_partial() -> None:
    body = _PAUSE.format(use=_SLEEP) + "import functools\nshort = functools.partial(pause, '1h')\nawait short()"
    assert flagged_in_run("SG109", body) == ["short()"]


def test_timestamp_passed_to_a_function() -> None:
    body = "async def pause(end):\n    await step.sleep_until('pause', end)\n\nawait pause('2030-01-01')"
    assert flagged_in_run("SG120", body) == ["'2030-01-01'"]


_CALL = """
async def call(name, config={default}):
    @step.do(name, config={config})
    async def work():
        return 1

    await work()

"""


def test_step_name_passed_to_a_function() -> None:
    body = _CALL.format(default="None", config="config") + "await call('load\\nall')"
    assert flagged_in_run("SG111", body) == ["'load\\nall'"]


@pytest.mark.parametrize(
    ("config", "default", "passed", "flagged"),
    [
        ("config", "None", "config={'retries': {'limit': 3}}", "{'limit': 3}"),
        ("config", "None", "{'timeouts': '5 minutes'}", "'timeouts'"),
        ("config", "{'retries': {'limit': 3}}", "", "{'limit': 3}"),
        ("{'retries': config}", "None", "{'limit': 3}", "{'limit': 3}"),
        ("{'retries': {'limit': config, 'delay': 0}}", "None", "-1", "-1"),
        ("{'retries': {'limit': 1, 'delay': 0, 'backoff': config}}", "None", "'expo'", "'expo'"),
    ],
)
def test_config_passed_to_a_function(config: str, default: str, passed: str, flagged: str) -> None:
    body = _CALL.format(default=default, config=config) + f"await call('load', {passed})"
    assert flagged_in_run("SG108", body) == [flagged]


def test_valid_config_passed_to_a_function() -> None:
    body = (
        _CALL.format(default="None", config="config") + "await call('load')\nawait call('all', {'timeout': '1 hour'})"
    )
    assert flagged_in_run("SG108", body) == []


@pytest.mark.parametrize(
    "body",
    [
        "for wait in ['1h', '2 hours']:\n    await step.sleep(f'wait {wait}', wait)",
        "for number, wait in enumerate(('1h', '2 hours')):\n    await step.sleep(f'wait {number}', wait)",
        "for name, wait in {'a': '1h', 'b': '2 hours'}.items():\n    await step.sleep(name, wait)",
        "for name, wait in zip(('a', 'b'), ('1h', '2 hours')):\n    await step.sleep(name, wait)",
        "await asyncio.gather(*[step.sleep(name, wait) for name, wait in (('a', '1h'), ('b', '2 hours'))])",
        "if event['payload']['fast']:\n    wait = '1h'\nelse:\n    wait = '2 hours'\nawait step.sleep('wait', wait)",
        "wait = '1h'\nif event['payload']['slow']:\n    wait = '2 hours'\nawait step.sleep('wait', wait)",
        "waits = {'a': '1h', 'b': '2 hours'}\nawait step.sleep('wait', waits[event['payload']['tier']])",
        "waits = {'a': '1h', 'b': '2 hours'}\nwait = waits[event['payload']['tier']]\nawait step.sleep('wait', wait)",
        "waits = {'a': '1h'}\nawait step.sleep('wait', waits.get(event['payload']['tier'], '2 hours'))",
        "waits = ['1h', '2 hours']\nawait step.sleep('wait', waits[event['payload']['level']])",
        "wait = '1 hour'\nfor row in rows:\n    await step.sleep('wait', wait)\n    wait = '1h'",
    ],
)
def test_duration_of_some_paths_or_iterations(body: str) -> None:
    assert flagged_in_run("SG109", body) == ["'1h'"]


@pytest.mark.parametrize("update", ["delay *= 2", "delay = delay * 2", "delay = min(delay * 2, 600)"])
def test_variable_that_a_loop_updates(update: str) -> None:
    body = f"delay = 5\nwhile rows:\n    await step.sleep('wait', delay)\n    {update}"
    assert flagged_in_run("SG206", body) == ["5"]


@pytest.mark.parametrize(
    "body",
    [
        "delay = 5\ndelay *= 1000\nawait step.sleep('wait', delay)",
        "delay = 5\nfor row in rows:\n    delay *= 1000\n    await step.sleep('wait', delay)",
        "delay = 5\nfor row in rows:\n    delay *= 1000\n    if row:\n        await step.sleep('wait', delay)",
    ],
)
def test_variable_updated_before_its_use(body: str) -> None:
    assert flagged_in_run("SG206", body) == []


def test_variable_with_one_of_two_literals() -> None:
    body = "wait = '1h' if event['payload']['fast'] else '2 hours'\nawait step.sleep('wait', wait)"
    assert flagged_in_run("SG109", body) == ["'1h' if event['payload']['fast'] else '2 hours'"]


def test_default_of_a_lookup() -> None:
    assert flagged_in_run("SG109", "await step.sleep('wait', event['payload'].get('wait', '1h'))") == [
        "event['payload'].get('wait', '1h')"
    ]


def test_location_of_the_use() -> None:
    (finding,) = findings_in_run("SG109", "for wait in ['1h', '2 hours']:\n    await step.sleep(f'wait {wait}', wait)")
    assert [related.message for related in finding.related] == ["`wait` is '1h' here"]


@pytest.mark.parametrize(
    "body",
    [
        "wait = '1h'\nwait = wait.replace('h', ' hours')\nawait step.sleep('wait', wait)",
        "wait = '1h'\nwait = '1 hour'\nawait step.sleep('wait', wait)",
        "await step.sleep('wait', '1 hour')\nwait = '1 hour'\nawait step.sleep('rest', wait)\nwait = '1h'\nprint(wait)",
        "wait = '1h'\nif rows:\n    wait = '1 minute'\nelse:\n    wait = '1 hour'\nawait step.sleep('wait', wait)",
        "for wait in ['1h', '2h']:\n    wait = wait.replace('h', ' hours')\n    await step.sleep('wait', wait)",
        "for wait in ['1h', '2h']:\n    await step.sleep('wait', wait.replace('h', ' hours'))",
        "for wait in [30, '1 hour']:\n    if isinstance(wait, str):\n        await step.sleep('wait', wait)",
        "for wait in ['', '1 hour']:\n    if wait:\n        await step.sleep('wait', wait)",
        "wait = None\nif event['payload']['slow']:\n    wait = '2 hours'\nif wait:\n    await step.sleep('wait', wait)",
        "for wait in ['1h', '2h']:\n    print([await step.sleep('wait', wait) for wait in ('1 hour', '2 hours')])",
        "waits = {'a': '1h'}\nwaits['a'] = '1 hour'\nawait step.sleep('wait', waits[event['payload']['tier']])",
        "waits = {'a': '1h', 'b': '2 hours'}\nawait step.sleep('wait', waits['b'])",
    ],
)
def test_values_that_do_not_reach_the_engine(body: str) -> None:
    assert flagged_in_run("SG109", body) == []


def test_configs_of_iterations() -> None:
    body = """
        CONFIGS = {"fast": {"retries": {"limit": 3}}, "slow": {"timeout": "1 minute"}}
        for name, config in CONFIGS.items():
            @step.do(name, config=config)
            async def work():
                return 1

            await work()
    """
    assert flagged_in_run("SG108", body) == ['{"limit": 3}']


@pytest.mark.parametrize(
    "config",
    ["dict(retries={'limit': 3})", "dict(BASE, retries={'limit': 3})", "BASE | dict(retries={'limit': 3})"],
)
def test_config_from_a_call(config: str) -> None:
    body = f"BASE = {{'timeout': '1 hour'}}\n\n@step.do('work', config={config})\nasync def work(): ...\n\nawait work()"
    assert flagged_in_run("SG108", body) == ["{'limit': 3}"]


def test_dictionary_that_changes_later() -> None:
    body = """
        config = dict(retries=dict(limit=3))
        config["retries"]["delay"] = "1 second"

        @step.do("work", config=config)
        async def work(): ...

        await work()
    """
    assert flagged_in_run("SG108", body) == []


PLAN = "[('name', 'load'), ('sleep', '1 hour'), ('event', 'paid'), ('until', datetime(2030, 1, 1)), ('call', print)]"


@pytest.mark.parametrize(
    "body",
    [
        (
            f"for kind, value in {PLAN}:\n    if kind == 'sleep':\n        await step.sleep('wait', value)\n"
            "    elif kind == 'event':\n        await step.wait_for_event('event', value)\n"
            "    elif kind == 'until':\n        await step.sleep_until('until', value)"
        ),
        f"for kind, value in {PLAN}:\n    if kind != 'sleep':\n        continue\n    await step.sleep('wait', value)",
        (
            f"for kind, value in {PLAN}:\n    match kind:\n        case 'event':\n"
            "            await step.wait_for_event('event', value)"
        ),
        f"[await step.sleep('wait', value) for kind, value in {PLAN} if kind == 'sleep']",
        f"[await step.sleep('wait', value) for _ in (1, 2) for kind, value in {PLAN} if kind == 'sleep']",
        f"[await step.sleep('wait', value) for kind, value in {PLAN} if kind == 'sleep' for _ in (1, 2)]",
        f"for kind, value in {PLAN}:\n    kind == 'sleep' and await step.sleep('wait', value)",
        f"for kind, value in {PLAN}:\n    await step.sleep('wait', value if kind == 'sleep' else 60_000)",
        (
            f"for kind, value in {PLAN}:\n    match value:\n        case str() if kind == 'sleep':\n"
            "            await step.sleep('wait', value)"
        ),
        (
            "async def go(kind, value):\n    if kind == 'sleep':\n        await step.sleep('wait', value)\n"
            "    elif kind == 'name':\n        await step.do(value)(lambda: 1)()\n\n"
            "await go('sleep', '1 hour')\nawait go('name', 'load')\nawait go('call', print)"
        ),
        (
            "class Task:\n    def __init__(self, kind, value):\n        self.kind, self.value = kind, value\n\n"
            "    async def run(self):\n        if self.kind == 'sleep':\n"
            "            await step.sleep('wait', self.value)\n\n"
            "await Task('sleep', '1 hour').run()\nawait Task('call', step.do('a')(lambda: 1)).run()"
        ),
        (
            "def config(value):\n    if isinstance(value, int):\n"
            "        return {'retries': {'limit': value, 'delay': 0}}\n    if isinstance(value, str):\n"
            "        return {'timeout': value}\n    return value\n\n"
            "for value in (3, '5 minutes', {'timeout': '1 hour'}):\n"
            "    await step.do('a', config=config(value))(lambda: 1)()"
        ),
    ],
)
def test_values_that_another_test_selects(body: str) -> None:
    codes = ("SG108", "SG109", "SG112", "SG117", "SG120", "SG206")
    assert [flagged_in_run(code, body) for code in codes] == [[]] * len(codes)


def test_values_beside_an_unrelated_test() -> None:
    body = "for kind, value in [('a', '1h')]:\n    if kind:\n        print(kind)\n    await step.sleep('wait', value)"
    assert flagged_in_run("SG109", body) == ["'1h'"]


@pytest.mark.parametrize(
    "test",
    ["if enabled:", "if not enabled:\n        return\n    if True:", "while enabled > 0:", "if enabled is not None:"],
)
def test_values_behind_a_test_for_truth(test: str) -> None:
    function = f"async def wait(delay, enabled):\n    {test}\n        await step.sleep('wait', delay)"
    assert flagged_in_run("SG109", f"{function}\n\nawait wait('1h', event['payload'])") == ["'1h'"]


@pytest.mark.parametrize(
    "code",
    [
        "    if first:\n        await step.sleep('a', value)\n    else:\n        await step.wait_for_event('b', value)",
        "    if not first:\n        print(value)\n        continue\n    await step.sleep('wait', value)",
    ],
)
def test_values_that_both_sides_of_a_test_read(code: str) -> None:
    assert flagged_in_run("SG109", f"for first, value in [(True, '1 hour'), (False, 'paid')]:\n{code}") == []


@pytest.mark.slow
def test_missing_value_behind_a_test_for_truth() -> None:
    body = "for first, value in [(True, '1 hour'), (False, None)]:\n    if first:\n        await step.sleep('a', value)"
    assert flagged_in_run("SG109", body) == []


def test_functions_that_hasattr_excludes() -> None:
    body = """
for job in [a, "wait", b, 30_000]:
    if hasattr(job, "__call__"):
        await job()
    elif isinstance(job, str):
        await step.sleep(job, "5 minutes")
    else:
        await step.sleep("pause", job)
"""
    assert flagged_in_run("SG109", body) == []

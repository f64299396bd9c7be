"""Test side effects outside of steps, and state that steps change."""

from __future__ import annotations

import pytest

from tests.checks.snippets import replay_findings, replay_lines


@pytest.mark.parametrize(
    "line",
    [
        "await self.env.KV.put('a', 'b')",
        "value = await self.env.KV.get('a')",
        "env = self.env; kv = env.KV; await kv.put('a', 'b')",
        "await getattr(self.env, 'KV').put('a', 'b')",
        "await self.env.DB.prepare('SELECT 1').bind(1).run()",
        "await self.env.ROOMS.get(self.env.ROOMS.idFromName('a')).fetch('https://example.com')",
        "await self.env.WORKFLOW.create()",
        "await asyncio.gather(*[self.env.KV.get(key) for key in event['payload']['keys']])",
        "task = asyncio.create_task(self.env.QUEUE.send(1)); await task",
        "await asyncio.wait_for(self.env.QUEUE.send(1), 5)",
        "await fetch('https://example.com')",
        "await (lambda: self.env.KV.delete('a'))()",
        "requests.post('https://example.com')",
        "self.env.ANALYTICS.writeDataPoint({})",
        "self.env.QUEUE.send(1)",
        "await self.env.KV.get('a')",
        "await self.env.ROOMS.get(room).get()",
    ],
)
def test_external_call_outside_of_a_step(line: str) -> None:
    assert len(replay_findings(f"await step.sleep('a', 1)\n{line}", "SG303")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "name = self.env.NAME.lower()",
        "limit = int(self.env.LIMIT)",
        "room = self.env.ROOMS.get(self.env.ROOMS.idFromName('a'))",
        "await asyncio.sleep(1)",
        "await self.other.KV.put('a', 'b')",
        "call = lambda: self.env.KV.delete('a')",
        "secret = await self.env.API_KEY.get()",
        "self.env.LOGS.info('begun')",
        "keys = await asyncio.gather(self.env.ONE.get(), self.env.OTHER.get())",
    ],
)
def test_calls_without_external_effects(line: str) -> None:
    assert replay_findings(f"await step.sleep('a', 1)\n{line}", "SG303") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("await env.KV.put('a', 'b')", 1),
        ("await workers.env.DB.prepare('SELECT 1').run()", 1),
        ("await aiohttp.ClientSession().post('https://example.com')", 1),
        ("region = env.REGION.lower()", 0),
        ("secret = await env.API_KEY.get()", 0),
        ("await os.env.KV.put('a', 'b')", 0),
    ],
)
def test_imported_bindings_and_clients(line: str, expected: int) -> None:
    module = "import aiohttp, os, workers\nfrom workers import env"
    assert len(replay_findings(f"await step.sleep('a', 1)\n{line}", "SG303", module=module)) == expected


def test_http_client_methods_are_flagged() -> None:
    body = """
    async with httpx.AsyncClient() as client:
        answer = await client.get("https://example.com")
        answer.raise_for_status()
    other = httpx.AsyncClient()
    await other.aclose()
    await step.sleep("a", 1)
    """

    assert replay_lines(body, "SG303") == ['answer = await client.get("https://example.com")']


def test_effect_message_names_the_binding() -> None:
    (finding,) = replay_findings("await step.sleep('a', 1)\nawait self.env.KV.put('a', 'b')", "SG303")

    assert finding.message == (
        "`KV.put` is called outside of a step: at replay, after a sleep or restart, its effect is repeated, and its"
        " result may differ."
    )


def test_helper_is_flagged_only_outside_of_steps() -> None:
    helper = "async def remember(self, key):\n    await self.env.KV.put(key, 1)"
    step = "@step.do('a')\nasync def a():\n    await self.remember('a')\n\nawait a()\n"

    assert replay_lines(step, "SG303", methods=helper) == []
    assert replay_lines(f"{step}await self.remember('b')", "SG303", methods=helper) == ["await self.remember('b')"]


@pytest.mark.parametrize(
    "call", ["await step.do('a')(self.load)()", "await step.do('a')(lambda: self.env.KV.get('a'))()"]
)
def test_function_used_as_a_step_is_not_plain_code(call: str) -> None:
    assert replay_findings(call, "SG303", methods="async def load(self):\n    return await self.env.KV.get('a')") == []


def test_effect_in_a_helper_is_reported_at_its_call() -> None:
    helper = "async def remember(self, key):\n    await self.env.KV.put(key, 1)"

    (finding,) = replay_findings("await step.sleep('a', 1)\nawait self.remember('b')", "SG303", methods=helper)

    assert finding.message == (
        "`KV.put` (line 14) is called outside of a step, by `self.remember`: at replay, after a sleep or restart, its"
        " effect is repeated, and its result may differ."
    )
    assert finding.advice == "Call `self.remember` in a step, and return the needed data from the step."
    assert [(related.span.line, related.message) for related in finding.related] == [(14, "`KV.put` is called here")]


_LOADING = """
async def load(url):
    return await fetch(url)

def send(url):
    return requests.post(url)

def open_later(url):
    return fetch(url)

async def load_all(urls):
    return [await load(url) for url in urls]

def once(function):
    async def wrapper(*args):
        return await function(*args)

    return wrapper

@once
async def load_once(url):
    return await fetch(url)

find = lambda url: fetch(url)

class Client:
    @property
    def status(self):
        return requests.get("u")
"""


@pytest.mark.parametrize(
    "call",
    [
        "await load('u')",
        "send('u')",
        "await open_later('u')",
        "await load_all(['u', 'v'])",
        "await load_once('u')",
        "await find('u')",
        "x = Client().status",
        "await asyncio.gather(*(load(url) for url in event['payload']['urls']))",
        "await asyncio.gather(*map(load, event['payload']['urls']))",
        "task = asyncio.create_task(load('u'))",
        "await asyncio.gather(*(fetch(url) for url in event['payload']['urls']))",
        "for url in event['payload']['urls']: await load(url)",
    ],
)
def test_place_of_an_effect(call: str) -> None:
    body = f"await step.sleep('a', 1)\n{call}\n\n@step.do('a')\nasync def a():\n    return await load('u')\n\nawait a()"

    assert replay_lines(body, "SG303", module=_LOADING) == [call]


_LOCAL = """
async def load_here():
    return await fetch("u")

await step.sleep("a", 1)
await load_here()
"""


def test_function_inside_of_run_is_flagged_at_the_effect() -> None:
    assert replay_lines(_LOCAL, "SG303") == ['return await fetch("u")']


def test_function_inside_of_run_that_steps_call_too() -> None:
    step = "@step.do('a')\nasync def a():\n    return await load_here()\n\nawait a()"

    assert replay_lines(_LOCAL + step, "SG303") == ["await load_here()"]


def test_each_call_of_a_helper_is_flagged() -> None:
    body = "await step.sleep('a', 1)\nawait load('u')\nawait load('v')\nawait self.copy(step)\nawait self.copy(step)"
    copy = """
    async def copy(self, step):
        await load("w")
        await step.sleep("b", 1)
    """

    flagged = replay_lines(body, "SG303", module=_LOADING, methods=copy)

    assert flagged == ["await load('u')", "await load('v')", 'await load("w")']


def test_effects_below_one_call_are_folded() -> None:
    module = "async def load():\n" + "\n".join(f"    await fetch('{n}')" for n in range(5))

    (finding,) = replay_findings("await step.sleep('a', 1)\nawait load()", "SG303", module=module)

    assert len(finding.related) == 3


def test_binding_is_tracked_through_objects() -> None:
    module = """
    class Store:
        def __init__(self, bindings):
            self.kv = bindings.KV

        async def save(self, key):
            await self.kv.put(key, 1)
    """
    initializer = "def __init__(self, ctx, env):\n    self.store = Store(env)"
    body = "await step.sleep('a', 1)\nawait self.store.save('a')"

    assert replay_lines(body, "SG303", methods=initializer, module=module) == ["await self.store.save('a')"]


def test_function_passed_on_is_not_assumed_to_run() -> None:
    body = """
    async def save():
        await self.env.KV.put("a", 1)

    somewhere.register(save)
    await step.sleep("a", 1)
    """

    assert replay_findings(body, "SG303", module="import somewhere") == []

"""What plain code does outside of the workflow, and what steps change in it."""

from __future__ import annotations

import pytest

from tests.checks.replaying import lines_of, of_run


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
def test_a_call_out_of_the_workflow_in_plain_code_is_flagged(line: str) -> None:
    assert len(of_run(f"await step.sleep('a', 1)\n{line}", "SG303")) == 1


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
def test_what_reaches_nobody_is_not_flagged(line: str) -> None:
    assert of_run(f"await step.sleep('a', 1)\n{line}", "SG303") == []


def test_the_methods_of_an_http_client_are_flagged_and_its_end_is_not() -> None:
    body = """
    async with httpx.AsyncClient() as client:
        answer = await client.get("https://example.com")
        answer.raise_for_status()
    other = httpx.AsyncClient()
    await other.aclose()
    await step.sleep("a", 1)
    """

    assert lines_of(body, "SG303") == ['answer = await client.get("https://example.com")']


def test_the_message_on_an_effect_names_the_binding() -> None:
    (found,) = of_run("await step.sleep('a', 1)\nawait self.env.KV.put('a', 'b')", "SG303")

    assert found.message == (
        "`KV.put` is called outside of a step, so whenever `run` runs again, after a sleep or restart, its effect"
        " is repeated, and its answer may differ."
    )


def test_a_helper_is_flagged_for_the_call_of_run_and_not_for_that_of_a_step() -> None:
    helper = "async def remember(self, key):\n    await self.env.KV.put(key, 1)"
    step = "@step.do('a')\nasync def a():\n    await self.remember('a')\n\nawait a()\n"

    assert lines_of(step, "SG303", methods=helper) == []
    assert lines_of(f"{step}await self.remember('b')", "SG303", methods=helper) == ["await self.env.KV.put(key, 1)"]


@pytest.mark.parametrize(
    "call", ["await step.do('a')(self.load)()", "await step.do('a')(lambda: self.env.KV.get('a'))()"]
)
def test_a_function_that_is_made_a_step_is_none_of_plain_code(call: str) -> None:
    assert of_run(call, "SG303", methods="async def load(self):\n    return await self.env.KV.get('a')") == []


def test_a_binding_is_followed_through_the_initializer_and_other_objects() -> None:
    module = """
    class Store:
        def __init__(self, bindings):
            self.kv = bindings.KV

        async def save(self, key):
            await self.kv.put(key, 1)
    """
    initializer = "def __init__(self, ctx, env):\n    self.store = Store(env)"
    body = "await step.sleep('a', 1)\nawait self.store.save('a')"

    assert lines_of(body, "SG303", methods=initializer, module=module) == ["await self.kv.put(key, 1)"]


def test_a_function_that_is_only_handed_on_is_not_taken_to_be_run() -> None:
    body = """
    async def save():
        await self.env.KV.put("a", 1)

    somewhere.register(save)
    await step.sleep("a", 1)
    """

    assert of_run(body, "SG303", module="import somewhere") == []


def _step(change: str, before: str = "", after: str = "") -> str:
    return f"{before}\n@step.do('a')\nasync def a():\n    {change}\n    return 1\n\nawait a()\n{after}"


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("found.append(1)", "found = []", "return found"),
        ("found.update(x=1)", "found = {}", "return found"),
        ("found['x'] = 1", "found = {}", "return found['x']"),
        ("found['x']['y'] = 1", "found = {'x': {}}", "return found"),
        ("found.add(1)", "found = set()", "return len(found)"),
        ("found['x'] = 1", "found = load()", "return found['x']"),
        ("self.found = 1", "", "return self.found"),
        ("self.found.append(1)", "self.found = []", "return self.found"),
        ("self.found += 1", "self.found = 0", "if self.found:\n    return"),
        ("del found['x']", "found = {'x': 1}", "return found"),
        ("found.rows['x'] = 1", "found = load()", "return found"),
        ("self.found.rows.all['x'] = 1", "self.found = load()", "return self.found"),
    ],
)
def test_a_change_by_a_step_that_is_read_after_it_is_flagged(change: str, before: str, after: str) -> None:
    assert lines_of(_step(change, before, after), "SG305", module="from other import load") == [change]


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("found.append(1)", "found = []", ""),
        ("found.append(1)", "found = []", "found = []\nreturn found"),
        ("found.append(1)", "found = []", "logger.info(len(found))"),
        ("found.append(1)", "found = []", "for one in found:\n    print(one)\n    logger.info(one)"),
        ("found = []; found.append(1)", "found = []", "return found"),
        ("self.cache = 1; print(self.cache)", "", "return 1"),
        ("SEEN.append(1)", "", "return SEEN"),
        ("global SEEN; SEEN.append(1)", "", "return SEEN"),
        ("nonlocal count; count += 1", "count = 0", "count = 0\nreturn count"),
        ("found = dict(found_before); found['x'] = 1", "found_before = {}", "return found_before"),
    ],
)
def test_a_change_that_nobody_misses_is_not_flagged(change: str, before: str, after: str) -> None:
    assert of_run(_step(change, before, after), "SG305", module="SEEN = []") == []


def test_the_message_on_state_says_where_it_is_used() -> None:
    (found,) = of_run(_step("found.append(1)", "found = []", "return found"), "SG305")

    assert found.message == (
        "this step changes `found`, which is used outside of it (line 17): when `run` runs again, a finished"
        " step's body does not, so the change is lost."
    )


def test_of_several_uses_of_what_a_step_changed_the_first_one_is_told() -> None:
    body = _step("found.append(1)", "found = []", "if found:\n    await step.sleep('b', 1)\nreturn found")
    (found,) = of_run(body, "SG305")

    assert "which is used outside of it (line 17)" in found.message


def test_a_loop_that_goes_on_until_a_step_says_otherwise_is_flagged() -> None:
    body = """
    done = False
    while not done:
        @step.do("poll")
        async def poll():
            nonlocal done
            done = True

        await poll()
    """

    assert lines_of(body, "SG305") == ["done = True"]


def test_a_loop_in_a_loop_that_goes_on_until_a_step_says_otherwise_is_flagged() -> None:
    body = """
    done = False
    for row in rows:
        while not done:
            @step.do("poll")
            async def poll():
                nonlocal done
                done = True

            await poll()
    """

    assert lines_of(body, "SG305") == ["done = True"]


def test_a_list_that_each_pass_makes_anew_is_not_missed_at_the_next_one() -> None:
    body = """
    for user in event["payload"]["users"]:
        batch = []
        size = len(batch)

        @step.do("load")
        async def load():
            batch.append(user)
            return batch

        await load()
    """

    assert of_run(body, "SG305") == []


def test_a_change_on_one_way_is_not_read_on_another() -> None:
    body = """
    found = []

    @step.do("load")
    async def load():
        found.append(1)

    if event["payload"]["again"]:
        await load()
    else:
        return found
    """

    assert of_run(body, "SG305") == []
    assert lines_of(f"{body}\n    return found", "SG305") == ["found.append(1)"]


def test_a_list_that_a_function_hands_to_its_step_is_the_one_of_run() -> None:
    body = """
    found = []
    await self.load(step, found)
    return found
    """
    load = """
    async def load(self, step, into):
        @step.do("load")
        async def loaded():
            into.append(1)

        await loaded()
    """

    assert lines_of(body, "SG305", methods=load) == ["into.append(1)"]


def test_what_each_step_sets_up_for_itself_is_not_flagged() -> None:
    body = """
    @step.do("first")
    async def first():
        await self.log_in()
        return await self.ask()

    @step.do("second")
    async def second():
        await self.log_in()
        return await self.ask()

    await first()
    await second()
    """
    methods = "async def log_in(self):\n    self.token = 1\n\nasync def ask(self):\n    return self.token\n"

    assert of_run(body, "SG305", methods=methods) == []


def test_a_function_that_remembers_what_it_made_is_not_flagged() -> None:
    client = """
    async def client(self):
        if self._client:
            return self._client
        self._client = 1
        return self._client
    """

    assert (
        of_run(_step("await self.client()", "self._client = None", "await self.client()"), "SG305", methods=client)
        == []
    )


@pytest.mark.parametrize(
    "change",
    [
        "event['payload']['x'] = 1",
        "event['payload'] = {}",
        "event['payload']['x'] += 1",
        "del event['payload']['x']",
        "event['payload'].pop('x')",
        "event['payload']['xs'].append(1)",
        "event['payload']['xs'][0]['y'] = 1",
        "payload = event['payload']; payload.setdefault('x', 1)",
        "payload = event.get('payload') or {}; payload['x'] = 1",
        "payload = event['payload']; payload |= {'x': 1}",
        "names = event['payload']['names']; names += ['x']",
        "self.payload = event['payload']; self.payload['x'] = 1",
    ],
)
def test_a_change_of_the_event_is_flagged(change: str) -> None:
    assert len(of_run(f"{change}\nawait step.sleep('a', 1)", "SG306")) == 1


def test_an_element_of_a_list_of_the_event_belongs_to_it() -> None:
    body = """
    for order in event["payload"]["orders"]:
        order["done"] = True
        for line in order["lines"]:
            line["done"] = True
    await step.sleep("a", 1)
    """

    assert lines_of(body, "SG306") == ['order["done"] = True', 'line["done"] = True']


@pytest.mark.parametrize(
    "change",
    [
        "payload = dict(event['payload']); payload['x'] = 1",
        "payload = {**event['payload']}; payload['x'] = 1",
        "payload = event['payload'].copy(); payload['x'] = 1",
        "payload = event['payload'] | {'x': 1}; payload['y'] = 1",
        "payload = json.loads(json.dumps(event['payload'])); payload['x'] = 1",
        "count = event['payload']['count']; count += 1",
        "xs = sorted(event['payload']['xs']); xs.append(1)",
        "xs = event['payload']['xs'] + [1]; xs.append(1)",
        "answer = await step.wait_for_event('w', 'e'); answer['payload']['x'] = 1",
        "payload = event['payload']; payload = {}; payload['x'] = 1",
    ],
)
def test_a_change_of_a_copy_is_not_flagged(change: str) -> None:
    assert of_run(f"{change}\nawait step.sleep('a', 1)", "SG306") == []


def test_the_message_on_the_event_says_what_a_replay_gets() -> None:
    (found,) = of_run("event['payload']['x'] = 1\nawait step.sleep('a', 1)", "SG306")

    assert found.message == (
        "this changes `event['payload']`, a part of the event: that is not kept, and whenever `run` runs again, it"
        " is given the event as it was sent."
    )
    assert found.advice == ("Change a copy, `copy.deepcopy(event['payload'])`, or return the new value from a step.")


def test_state_that_a_step_binds_anew_is_changed_too() -> None:
    change = "found = found + [1]"
    body = f"found = []\n\n@step.do('a')\nasync def a():\n    nonlocal found\n    {change}\n\nawait a()\nreturn found"

    assert lines_of(body, "SG305") == [change]


def test_an_attribute_that_is_bound_to_what_a_step_gave_is_not_lost() -> None:
    assert (
        of_run(
            _step("self.found = [1]", "", "").replace("await a()", "self.found = await a()\nreturn self.found"), "SG305"
        )
        == []
    )


@pytest.mark.parametrize("first", ["await api.login()", "await api.get()"])
def test_what_is_fetched_wherever_it_is_missing_is_not_lost(first: str) -> None:
    module = """
    class Api:
        def __init__(self):
            self.token = None

        async def login(self):
            self.token = await fetch("https://example.com/login")

        async def get(self):
            if self.token is None:
                await self.login()
            return [self.token]
    """
    body = f"""
    api = Api()

    @step.do("first")
    async def first():
        {first}

    @step.do("second")
    async def second():
        return await api.get()

    await first()
    await second()
    """

    assert of_run(body, "SG305", module=module) == []


def test_a_step_that_runs_where_state_is_missing_loses_it() -> None:
    body = """
    self.token = None

    @step.do("login")
    async def login():
        self.token = "x"

    if self.token is None:
        await login()
    return self.token
    """

    assert lines_of(body, "SG305") == ['self.token = "x"']

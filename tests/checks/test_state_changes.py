"""Test state that steps change, and that is lost when `run` is replayed."""

from __future__ import annotations

import pytest

from tests.checks.snippets import replay_findings, replay_lines


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
        ("add(1)", "found = []\nadd = found.append", "return found"),
        ("random.shuffle(found)", "found = [1, 2]", "return found"),
        ("heapq.heappush(found, 1)", "import heapq\nfound = []", "return found"),
        ("self.found.rows.all['x'] = 1", "self.found = load()", "return self.found"),
    ],
)
def test_state_changed_by_a_step_and_read_later(change: str, before: str, after: str) -> None:
    assert replay_lines(_step(change, before, after), "SG305", module="from other import load") == [change]


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("found.append(1)", "found = []", ""),
        ("found.append(1)", "found = []", "found = []\nreturn found"),
        ("found.append(1)", "found = []", "logger.info(len(found))"),
        ("found.append(1)", "found = []", "for one in found:\n    print(one)\n    logger.info(one)"),
        ("found = []; found.append(1)", "found = []", "return found"),
        ("self.cache = 1; print(self.cache)", "", "return 1"),
        ("nonlocal count; count += 1", "count = 0", "count = 0\nreturn count"),
        ("found = dict(found_before); found['x'] = 1", "found_before = {}", "return found_before"),
    ],
)
def test_state_changes_without_consequences(change: str, before: str, after: str) -> None:
    assert replay_findings(_step(change, before, after), "SG305", module="SEEN = []") == []


MODULE_STATE = """
import os

SEEN = []
COUNT = 0

class Registry:
    rows = {}

    def __init__(self):
        self.tools = {}

registry = Registry()

def note(value):
    SEEN.append(value)
"""


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("SEEN.append(1)", "return SEEN"),
        ("global SEEN; SEEN.append(1)", "return SEEN"),
        ("note(1)", "return SEEN"),
        ("global COUNT; COUNT += 1", "return COUNT"),
        ("global COUNT; COUNT = 1", "if COUNT:\n    return"),
        ("registry.tools['x'] = 1", "return registry.tools"),
    ],
)
def test_state_of_a_module_read_by_run(change: str, after: str) -> None:
    assert replay_lines(_step(change, after=after), "SG305", module=MODULE_STATE) == [change]


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("SEEN.append(1)", "SEEN.append(2)"),
        ("SEEN.append(1)", "logger.info(SEEN)"),
        ("SEEN = []; SEEN.append(1)", "return SEEN"),
        ("if not SEEN: SEEN.append(1)", "return SEEN"),
        ("SEEN.append(1)", "@step.do('b')\nasync def b():\n    return SEEN\nawait b()"),
        ("registry.tools['x'] = 1", "@step.do('b')\nasync def b():\n    return registry.tools\nawait b()"),
        ("global COUNT; COUNT += 1", "global COUNT\nCOUNT = 0\nreturn COUNT"),
        ("os.environ['MODE'] = 'test'", "return os.path.join('a', 'b')"),
        ("Registry.rows['x'] = 1", "return Registry().tools"),
    ],
)
def test_cache_of_a_module(change: str, after: str) -> None:
    assert replay_findings(_step(change, after=after), "SG305", module=MODULE_STATE) == []


def test_message_for_state_of_a_module() -> None:
    (finding,) = replay_findings(_step("SEEN.append(1)", after="return SEEN"), "SG305", module="SEEN = []")

    assert finding.message == (
        "this step changes `SEEN`, which is used outside of it (line 16): at replay, the body of a finished step"
        " does not run again, so the change is lost if the Worker has restarted."
    )


@pytest.mark.slow
def test_step_that_first_uses_the_state_of_a_module() -> None:
    module = "class Registry:\n    def __init__(self):\n        self.tools = {}\n\nregistry = Registry()"
    assert replay_findings(_step("print(registry.tools)", after="return registry.tools"), "SG305", module=module) == []


def test_state_message_locates_the_use() -> None:
    (finding,) = replay_findings(_step("found.append(1)", "found = []", "return found"), "SG305")

    assert finding.message == (
        "this step changes `found`, which is used outside of it (line 17): at replay, the body of a finished step"
        " does not run again, so the change is lost."
    )


def test_state_message_locates_the_first_use() -> None:
    body = _step("found.append(1)", "found = []", "if found:\n    await step.sleep('b', 1)\nreturn found")
    (finding,) = replay_findings(body, "SG305")

    assert "which is used outside of it (line 17)" in finding.message


def test_loop_condition_changed_by_a_step() -> None:
    body = """
    done = False
    while not done:
        @step.do("poll")
        async def poll():
            nonlocal done
            done = True

        await poll()
    """

    assert replay_lines(body, "SG305") == ["done = True"]


def test_nested_loop_condition_changed_by_a_step() -> None:
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

    assert replay_lines(body, "SG305") == ["done = True"]


def test_list_created_in_each_iteration() -> None:
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

    assert replay_findings(body, "SG305") == []


def test_change_and_use_on_different_branches() -> None:
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

    assert replay_findings(body, "SG305") == []
    assert replay_lines(f"{body}\n    return found", "SG305") == ["found.append(1)"]


def test_list_passed_to_the_function_with_the_step() -> None:
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

    assert replay_lines(body, "SG305", methods=load) == ["into.append(1)"]


def test_state_initialized_by_each_step() -> None:
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

    assert replay_findings(body, "SG305", methods=methods) == []


def test_lazily_initialized_state() -> None:
    client = """
    async def client(self):
        if self._client:
            return self._client
        self._client = 1
        return self._client
    """

    assert (
        replay_findings(
            _step("await self.client()", "self._client = None", "await self.client()"), "SG305", methods=client
        )
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
        "random.shuffle(event['payload']['xs'])",
        "import heapq; heapq.heapify(event['payload']['xs'])",
        "pop = event['payload'].pop; pop('x')",
    ],
)
def test_changes_of_the_event(change: str) -> None:
    assert len(replay_findings(f"{change}\nawait step.sleep('a', 1)", "SG306")) == 1


def test_elements_of_the_event() -> None:
    body = """
    for order in event["payload"]["orders"]:
        order["done"] = True
        for line in order["lines"]:
            line["done"] = True
    await step.sleep("a", 1)
    """

    assert replay_lines(body, "SG306") == ['order["done"] = True', 'line["done"] = True']


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
        "xs = list(event['payload']['xs']); random.shuffle(xs)",
        "random.sample(event['payload']['xs'], 2)",
    ],
)
def test_changes_of_copies(change: str) -> None:
    assert replay_findings(f"{change}\nawait step.sleep('a', 1)", "SG306") == []


def test_event_message_explains_the_replay() -> None:
    (finding,) = replay_findings("event['payload']['x'] = 1\nawait step.sleep('a', 1)", "SG306")

    assert finding.message == (
        "this changes `event['payload']`, a part of the event: the change is not stored, and at replay `run` gets the"
        " original event."
    )
    assert finding.advice == ("Change a copy, `copy.deepcopy(event['payload'])`, or return the new value from a step.")


def test_state_rebound_by_a_step() -> None:
    change = "found = found + [1]"
    body = f"found = []\n\n@step.do('a')\nasync def a():\n    nonlocal found\n    {change}\n\nawait a()\nreturn found"

    assert replay_lines(body, "SG305") == [change]


def test_attribute_assigned_from_a_step_result() -> None:
    assert (
        replay_findings(
            _step("self.found = [1]", "", "").replace("await a()", "self.found = await a()\nreturn self.found"), "SG305"
        )
        == []
    )


@pytest.mark.parametrize("first", ["await api.login()", "await api.get()"])
def test_state_fetched_wherever_missing(first: str) -> None:
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

    assert replay_findings(body, "SG305", module=module) == []


def test_state_lost_by_a_step_that_runs_if_missing() -> None:
    body = """
    self.token = None

    @step.do("login")
    async def login():
        self.token = "x"

    if self.token is None:
        await login()
    return self.token
    """

    assert replay_lines(body, "SG305") == ['self.token = "x"']


_CHANGING = """
def add(self, amount):
    self.total += amount

def remove(self, order):
    order.pop("card")

async def pay(self, step):
    @step.do("pay")
    async def paid():
        return 1

    await paid()
    await step.sleep("rest", 1)
"""


@pytest.mark.parametrize(
    ("code", "call", "related"),
    [
        ("SG305", "self.add(1)", ["`self.total` is changed here"]),
        ("SG306", "self.remove(event['payload'])", ["`order` is changed here"]),
        ("SG308", "await self.pay(step)", ["'pay' runs here", "'rest' runs here"]),
    ],
)
def test_helper_in_a_step_is_reported_at_its_call(code: str, call: str, related: list[str]) -> None:
    body = f"self.total = 0\nself.add(2)\n{_step(call)}return self.total"

    (finding,) = replay_findings(body, code, methods=_CHANGING)

    assert replay_lines(body, code, methods=_CHANGING) == [call]
    assert [location.message for location in finding.related] == related


def test_each_call_that_changes_the_event_is_flagged() -> None:
    calls = "self.remove(event['payload'])\nself.remove(event['payload'])\nself.remove({'card': 1})"

    flagged = replay_lines(f"{calls}\nawait step.sleep('a', 1)", "SG306", methods=_CHANGING)

    assert flagged == ["self.remove(event['payload'])", "self.remove(event['payload'])"]

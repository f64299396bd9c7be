"""Test values that are used before and after a step, and differ when `run` is replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, check_project
from tests.checks.snippets import replay_findings, replay_lines

_TWO_STEPS = """
@step.do("first")
async def first():
    return {value}

@step.do("second")
async def second():
    return {value}

await first()
await second()
"""


def test_value_used_before_and_after_a_step_is_flagged() -> None:
    body = "order_id = str(uuid.uuid4())" + _TWO_STEPS.format(value="order_id")

    (finding,) = replay_findings(body, "SG304")

    assert finding.span.line == 10
    assert finding.message == (
        "`uuid.uuid4()` returns another value at replay, so its use on line 17, after a step or sleep, may not match"
        " the value in earlier steps."
    )


def test_message_locates_the_first_use_after_a_step() -> None:
    body = "key = uuid.uuid4().hex" + _TWO_STEPS.format(value="key") + "await step.sleep('rest', 1)\nreturn key"
    (finding,) = replay_findings(body, "SG304")

    assert "so its use on line 17, after a step or sleep, may not match the value in earlier steps" in finding.message


def test_message_has_the_path_of_another_module(tmp_path: Path) -> None:
    project = {
        "entry.py": """\
import uuid

from storing import store
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        key = uuid.uuid4().hex
        await step.sleep("rest", "1 hour")
        await store(step, key)
""",
        "storing.py": """\
async def store(step, key):
    @step.do("store")
    async def stored():
        return key

    await stored()
""",
        "wrangler.toml": CONFIGURATION,
    }
    (finding,) = check_project(tmp_path, project, "SG304")

    assert finding.span.line == 9
    assert f"so its use on line 4 of {tmp_path.as_posix()}/storing.py, after a step or sleep" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "order = event['payload'].get('id') or str(uuid.uuid4())" + _TWO_STEPS.format(value="order"),
        "context = {'id': str(uuid.uuid4())}" + _TWO_STEPS.format(value="context"),
        "context = {'id': str(uuid.uuid4())}" + _TWO_STEPS.format(value="context['id']"),
        "context = {'id': str(uuid.uuid4())}" + _TWO_STEPS.format(value="context.get('id')"),
        "keys = [f'order {uuid.uuid4()}']" + _TWO_STEPS.format(value="keys"),
        "pair = uuid.uuid4() if event else uuid.uuid4().hex" + _TWO_STEPS.format(value="pair['id']"),
        "self.key = uuid.uuid4().hex" + _TWO_STEPS.format(value="self.key"),
        "variant = 'a' if random.random() < 0.5 else 'b'" + _TWO_STEPS.format(value="variant"),
        "started = time.time()\nawait step.sleep('a', 1)\nreturn {'took': time.time() - started}",
        "key = uuid.uuid4().hex\nawait step.sleep('a', 1)\nawait self.save(step, key)\nawait self.save(step, key)",
        "await asyncio.gather(step.sleep('a', 1))\nkey = uuid.uuid4().hex\nawait step.sleep('b', 1)\nreturn key",
        "key = uuid.uuid4().hex\nawait self.rest(step)\nreturn key",
        "await self.rest(step)\nkey = uuid.uuid4().hex\nawait self.rest(step)\nreturn key",
        "await asyncio.create_task(self.rest(step))\nkey = uuid.uuid4().hex\nawait self.rest(step)\nreturn key",
    ],
)
def test_values_used_after_a_step(body: str) -> None:
    save = """
    async def save(self, step, key):
        @step.do("save")
        async def saved():
            return key

        await saved()

    async def rest(self, step):
        await step.sleep("rest", 1)
    """

    assert len(replay_findings(body, "SG304", methods=save)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "context = {'id': str(uuid.uuid4()), 'n': 1}" + _TWO_STEPS.format(value="context['n']"),
        "started = time.time()\nawait step.sleep('a', 1)\nprint(time.time() - started)\nlogger.info('%s', started)",
        "until = datetime.now() + timedelta(hours=1)\nawait step.sleep('a', 1)\nawait step.sleep_until('b', until)",
        "await step.sleep('a', 1)\nreturn {'finished': datetime.now().isoformat()}",
        "first = self.now()\nawait step.sleep('a', 1)\nlast = self.now()\nreturn last",
        "if event:\n    await step.sleep('a', 1)\n    now = time.time()\nelse:\n    now = 0\nreturn now",
        "if event['payload']['x']:\n    await step.sleep('a', 1)\n    return 1\nnow = time.time()\nreturn now",
        "for row in rows:\n    key = uuid.uuid4().hex\n    await step.do('a')(lambda: key)()",
        "return await self.finish(step)",
        "await self.finish(step)\nreturn await self.finish(step)",
        "now = time.time()\nawait self.maybe(step, event['payload']['x'])\nreturn now",
    ],
)
def test_values_used_once_or_recreated(body: str) -> None:
    methods = """
    def now(self):
        return datetime.now().isoformat()

    async def finish(self, step):
        await step.sleep("rest", 1)
        return {"finished": datetime.now().isoformat()}

    async def maybe(self, step, waits):
        if waits:
            await step.sleep("rest", 1)
    """

    assert replay_findings(body, "SG304", methods=methods) == []


_DAYS = """
def day(event):
    if event["payload"].get("day"):
        return event["payload"]["day"]
    return datetime.now().date().isoformat()

def is_late():
    if datetime.now().hour > 20:
        return True
    return False

def window(event):
    try:
        return event["payload"]["start"], 7
    except KeyError:
        return datetime.now() - timedelta(days=7), 7

@dataclass
class Batch:
    size: int
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def name(self):
        return f"{self.key} of {self.size}"
"""


@pytest.mark.parametrize(
    ("setup", "use"),
    [
        ("value = day(event)", "value"),
        ("start, size = window(event)", "start"),
        ("value = event['payload'].get('day', time.time())", "value"),
        ("value = event['payload'].get('day')\nif value is None:\n    value = time.time()", "value"),
        ("value = 'x'\nif event:\n    value = f'{uuid.uuid4()}-a'", "value"),
        ("hour = 8\nif is_late():\n    hour = 20", "hour"),
        ("self.day = event['payload'].get('day')\nif not self.day:\n    self.day = datetime.now()", "self.day"),
        ("batch = Batch(3)", "batch.key"),
        ("batch = Batch(3)", "batch.name()"),
        ("batch = Batch(3)", "asdict(batch)"),
        ("parts = [uuid.uuid4().hex]\nseparator = '-'\nvalue = separator.join(parts)", "value"),
        ("match event:\n    case {}:\n        value = 0\n    case _:\n        value = time.time()", "value"),
        ("year, *rest = time.localtime()", "year"),
        ("value = 5 < time.time() < 9", "value"),
        ("value = [x['id'] for x in random.sample(event['payload']['xs'], 2)]", "value"),
    ],
)
def test_taint_of_one_of_several_paths(setup: str, use: str) -> None:
    module = "from dataclasses import asdict, dataclass, field\n" + _DAYS

    assert len(replay_findings(setup + _TWO_STEPS.format(value=use), "SG304", module=module)) == 1


@pytest.mark.parametrize(
    ("setup", "use"),
    [
        ("start, size = window(event)", "size"),
        ("batch = Batch(3)", "batch.size"),
        ("value = time.time() if event else None\nis_timed = value is not None", "is_timed"),
        ("value = day(event)\nawait step.sleep('a', 1)\nvalue = event['payload']['day']", "value"),
        ("value = day(event)\nlogger.info('day %s', value)", "event['payload']['day']"),
        ("@step.do('day')\nasync def get_day():\n    return day(event)\n\nvalue = await get_day()", "value"),
    ],
)
def test_values_without_taint_on_any_path(setup: str, use: str) -> None:
    module = "from dataclasses import asdict, dataclass, field\n" + _DAYS

    assert replay_findings(setup + _TWO_STEPS.format(value=use), "SG304", module=module) == []


def test_value_from_a_helper_is_reported_at_its_call() -> None:
    body = "value = day(event)" + _TWO_STEPS.format(value="value")

    (finding,) = replay_findings(body, "SG304", module=_DAYS)

    assert finding.span.line == 34
    assert finding.message == (
        "`day(event)` gets another value from `datetime.now()` (line 10) at replay, so its use on line 41, after a step"
        " or sleep, may not match the value in earlier steps."
    )
    assert [(related.span.line, related.message) for related in finding.related] == [
        (10, "`datetime.now()` is called here")
    ]


def test_each_call_of_a_clock_helper_is_flagged() -> None:
    body = "start = day(event)\nend = day(event)\nbatch = Batch(3)"
    use = _TWO_STEPS.format(value="[start, end, batch.key]")

    flagged = replay_lines(body + use, "SG304", module="from dataclasses import dataclass, field\n" + _DAYS)

    assert flagged == ["start = day(event)", "end = day(event)", "batch = Batch(3)"]


_TIMING = """
def report(value):
    logger.info("%s", value)

def elapsed(start):
    return time.time() - start

async def save(env, value):
    await env.KV.put("a", value)
"""


@pytest.mark.parametrize(
    "body",
    [
        "elapsed = time.time() - value\n    logger.info('took %s', elapsed)",
        "message = f'took {value}'\n    print(message)",
        "row = {'at': value}\n    print(row)",
        "if time.time() - value > 5:\n        logger.warning('slow')\n    else:\n        print('fast')",
        "elapsed = time.time() - value\n    if elapsed > 5:\n        logger.warning('slow: %s', elapsed)",
        "report(value)",
        "logger.info('%s', elapsed(value))",
    ],
)
def test_values_only_logged_in_a_step(body: str) -> None:
    step = f"\n\n@step.do('a')\nasync def a():\n    {body}\n    return 1\n\nawait a()"

    assert replay_findings(f"value = time.time()\nawait step.sleep('a', 1){step}", "SG304", module=_TIMING) == []


@pytest.mark.parametrize(
    "body",
    [
        "elapsed = time.time() - value\n    return elapsed",
        "answer = await self.env.KV.put('a', value)",
        "row = {'at': value}\n    await self.env.KV.put('a', row)",
        "if time.time() - value > 5:\n        return 2",
        "return elapsed(value)",
        "report(elapsed(value))\n    return elapsed(value)",
        "report(await save(self.env, value))",
    ],
)
def test_values_used_in_a_step(body: str) -> None:
    step = f"\n\n@step.do('a')\nasync def a():\n    {body}\n    return 1\n\nawait a()"

    assert len(replay_findings(f"value = time.time()\nawait step.sleep('a', 1){step}", "SG304", module=_TIMING)) == 1


@pytest.mark.parametrize(
    "load",
    [
        "if event['payload']['until'] < time.time():\n        raise ValueError\n    return event['payload']['id']",
        "if event['payload']['until'] < time.time():\n        return event['payload']['id']\n    raise ValueError",
        "if event['payload']['until'] < time.time():\n        print('late')\n    return event['payload']['id']",
    ],
)
def test_helper_with_a_single_result(load: str) -> None:
    body = "value = load(event)" + _TWO_STEPS.format(value="value")

    assert replay_findings(body, "SG304", module=f"def load(event):\n    {load}") == []


def test_value_of_a_pass_in_a_memoized_function() -> None:
    body = """
    def labeled(value):
        return f"at {value}"

    for number in range(3):
        now = time.time()

        @step.do(f"store {number}")
        async def store():
            return labeled(now)

        await store()
    """

    assert replay_findings(body, "SG304") == []


def test_dependency_runs_before_its_consumer() -> None:
    body = """
    key = uuid.uuid4().hex

    @step.do("first")
    async def first():
        return key

    @step.do("second")
    async def second(first):
        return key

    {end}
    """

    assert len(replay_findings(body.format(end="await second()"), "SG304")) == 1
    renewed = body.format(end="await first()\n    key = uuid.uuid4().hex\n    await second()")
    assert replay_findings(renewed, "SG304") == []


def test_concurrent_steps_share_a_value() -> None:
    body = """
    key = uuid.uuid4().hex

    @step.do("first")
    async def first():
        return key

    @step.do("second")
    async def second():
        return key

    await asyncio.gather(first(), second())
    """

    assert replay_findings(body, "SG304") == []


def test_value_shared_by_iterations() -> None:
    body = """
    key = uuid.uuid4().hex
    while True:
        @step.do("charge")
        async def charge():
            return key

        {end}
        await charge()
        {last}
    """

    assert len(replay_findings(body.format(end="pass", last="pass"), "SG304")) == 1
    assert replay_findings(body.format(end="pass", last="break"), "SG304") == []


def test_name_and_branch_relate_to_the_clock_of_a_helper() -> None:
    body = "if is_late():\n    await step.sleep('a', 1)\nawait step.sleep(day(event), 1)"

    names = replay_findings(body, "SG301", module=_DAYS)
    branches = replay_findings(body, "SG302", module=_DAYS)

    assert [[related.span.line for related in finding.related] for finding in (*names, *branches)] == [[10], [13]]


def test_module_code_is_not_replayed() -> None:
    body = _TWO_STEPS.format(value="STARTED")

    assert replay_findings(body, "SG304", module="STARTED = time.time()") == []


def test_values_of_a_clock_helper_are_reported_by_their_rules() -> None:
    body = "value = now()\nawait step.sleep(f'until {now()}', 1)" + _TWO_STEPS.format(value="value")
    module = "def now():\n    return time.time()\n"

    assert replay_lines(body, "SG301", module=module) == ["await step.sleep(f'until {now()}', 1)"]
    assert replay_lines(body, "SG304", module=module) == ["value = now()"]

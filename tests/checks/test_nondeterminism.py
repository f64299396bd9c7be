"""Test SG301, SG302, SG304 and SG310: values that differ when `run` is replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source
from stepgraph.checks.diagnostic import Severity
from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.projects import CONFIGURATION, check_project
from tests.checks.snippets import edits_of, replay_findings, replay_lines

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


@pytest.mark.parametrize(
    "name",
    [
        'f"sync {time.time()}"',
        'f"sync {int(time.time() * 1000)}"',
        '"sync " + str(uuid.uuid4())',
        '"sync-%s" % uuid.uuid4()',
        '"sync-{}".format(uuid.uuid4().hex)',
        '"-".join(["sync", str(random.random())])',
        "uuid.uuid4().hex[:8]",
        'f"sync {datetime.now(timezone.utc):%H:%M}"',
        'f"sync {(datetime.now() - timedelta(days=1)).date()}"',
        "hashlib.sha256(str(time.time_ns()).encode()).hexdigest()",
        'f"sync {id(event)}"',
        'time.strftime("%H")',
        '"a" if random.random() < 0.5 else "b"',
        'event["payload"].get("key") or str(uuid.uuid4())',
        'event["payload"].get("key", str(uuid.uuid4()))',
        "min([uuid.uuid4().hex for _ in range(3)])",
    ],
)
def test_nondeterministic_step_names(name: str) -> None:
    assert len(replay_findings(f"await step.sleep({name}, 1000)", "SG301")) == 1


@pytest.mark.parametrize(
    "name",
    [
        'f"sync {event["payload"]["id"]}"'.replace('["', "['").replace('"]', "']"),
        'f"sync {hash(str(event))}"',
        'f"sync {uuid.uuid5(uuid.NAMESPACE_URL, str(event))}"',
        'f"sync {len(str(uuid.uuid4()))}"',
        'time.strftime("%H", time.gmtime(0))',
        'f"sync {datetime.fromtimestamp(0)}"',
        'f"sync {random.Random(3).random()}"',
        'f"sync {type(time.time())}"',
    ],
)
def test_deterministic_step_names(name: str) -> None:
    assert replay_findings(f"await step.sleep({name}, 1000)", "SG301") == []


def test_numbers_of_a_nondeterministic_range_are_stable() -> None:
    body = "for number in range(random.randint(1, 3)):\n    await step.sleep(f'nap {number}', 1000)"

    assert replay_findings(body, "SG301") == []


def test_name_message_explains_source_and_effect() -> None:
    body = """
    run_id = uuid.uuid4()

    @step.do(f"store {run_id}")
    async def store():
        return 1

    await store()
    """

    (finding,) = replay_findings(body, "SG301")

    assert finding.message == (
        "the name of this step depends on `uuid.uuid4()` and changes at replay: the engine finds results by name, so"
        " the finished step runs again."
    )
    assert finding.span.column == 18


def test_graph_shows_nondeterministic_names() -> None:
    source = """
from uuid import uuid4
from workers import WorkflowEntrypoint

class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        key = str(uuid4())
        await step.sleep(f"a {key}", 1)
        await step.sleep(key, 1)
"""
    (workflow,) = analyze_source(source).workflows

    assert workflow.graph is not None
    names = [node["name"] for node in workflow.graph["workflow"]["nodes"] if node["type"] == "step_sleep"]
    assert names == ["a {key}", "{key}"]


def test_taint_is_propagated_through_functions() -> None:
    body = """
    await step.sleep(self.label(uuid.uuid4()), 1)
    await step.sleep(self.label("fixed"), 1)
    """

    flagged = replay_lines(body, "SG301", methods="def label(self, part):\n    return f'item {part}'")

    assert flagged == ["await step.sleep(self.label(uuid.uuid4()), 1)"]


def test_seeded_random_is_deterministic() -> None:
    assert replay_findings("random.seed(7)\nawait step.sleep(f'nap {random.random()}', 1)", "SG301") == []


def test_names_inside_of_steps_are_not_flagged() -> None:
    body = """
    @step.do("outer")
    async def outer():
        @step.do(f"inner {time.time()}")
        async def inner():
            return 1

        return await inner()

    await outer()
    """

    assert replay_findings(body, "SG301") == []


@pytest.mark.parametrize(
    "body",
    [
        "if random.random() < 0.5:\n    await step.sleep('a', 1)",
        "if event['payload']['late'] or datetime.now().hour > 20:\n    await step.sleep('a', 1)",
        "if event['payload']['x']:\n    pass\nelif time.time() > 1:\n    await step.sleep('a', 1)",
        "random.random() < 0.5 and await step.sleep('a', 1)",
        "x = (await step.sleep('a', 1)) if random.random() < 0.5 else None",
        "while time.time() < 100:\n    await step.sleep('a', 1)",
        "for x in random.sample(event['payload']['xs'], 2):\n    await step.sleep('a', 1)",
        "late = False\nif datetime.now().hour > 20:\n    late = True\nif late:\n    await step.sleep('a', 1)",
        "[await step.sleep('a', 1) for x in event['payload']['xs'] if random.random() < 0.5]",
        "match random.randint(1, 2):\n    case 1:\n        await step.sleep('a', 1)",
        "if time.time() > 100:\n    return\nawait step.sleep('a', 1)",
        "if time.time() > 100:\n    raise ValueError\nawait step.sleep('a', 1)",
        "while True:\n    if time.time() > 100:\n        break\n    await step.sleep('a', 1)",
        "for x in [1, 2]:\n    if random.random() < 0.5:\n        continue\n    await step.sleep('a', 1)",
        "if time.time() > 100:\n    if event['payload']['x']:\n        return\nawait step.sleep('a', 1)",
        "async def rest():\n    if time.time() > 100:\n        await step.sleep('a', 1)\n\nawait rest()\nawait rest()",
        "async def rest():\n    if time.time() > 100:\n        return\n    await step.sleep('a', 1)\n\nawait rest()",
    ],
)
def test_nondeterministic_condition_around_steps(body: str) -> None:
    assert len(replay_findings(body, "SG302")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "await step.sleep('a', 1)\nif time.time() > 100:\n    print('late')",
        "await step.sleep('a', 1)\nif time.time() > 100:\n    return",
        "await step.sleep('a', 1)\nif time.time() > 100:\n    raise ValueError",
        "started = time.time()\nif started:\n    await step.sleep('a', 1)",
        "started = time.time()\nif not started:\n    await step.sleep('a', 1)",
        "started = time.time()\nif started is not None:\n    await step.sleep('a', 1)",
        "started = time.time() if event['payload']['x'] else None\nif started:\n    await step.sleep('a', 1)",
        "if event['payload']['x']:\n    await step.sleep('a', 1)\nelif time.time() > 1:\n    print('late')",
        "for x in [1, 2]:\n    if random.random() < 0.5:\n        continue\n    print(x)\nawait step.sleep('a', 1)",
        "for x in event['payload']['xs']:\n    if random.random() < 0.5:\n        break\nawait step.sleep('a', 1)",
        "if time.time() > 100:\n    if event['payload']['x']:\n        print('late')\nawait step.sleep('a', 1)",
        "while True:\n    if time.time() > 9:\n        for x in [1]:\n            break\n    await step.sleep('a', 1)",
        "async def f():\n    if time.time() > 9:\n        return\n    print(1)\n\nawait f()\nawait step.sleep('a', 1)",
    ],
)
def test_nondeterministic_condition_without_steps(body: str) -> None:
    assert replay_findings(body, "SG302") == []


def test_condition_message_names_the_source() -> None:
    (finding,) = replay_findings("if random.random() < 0.5:\n    await step.sleep('a', 1)", "SG302")

    assert finding.message == (
        "this condition around steps depends on `random.random()`: at replay, after a sleep or restart, `run` may"
        " take another path."
    )


def test_loop_message_names_the_loop() -> None:
    (finding,) = replay_findings("for x in range(random.randint(1, 3)):\n    await step.sleep('a', 1)", "SG302")

    assert finding.message.startswith("this loop around steps depends on `random.randint(1, 3)`:")


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
    ],
)
def test_values_used_after_a_step(body: str) -> None:
    save = """
    async def save(self, step, key):
        @step.do("save")
        async def saved():
            return key

        await saved()
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
    ],
)
def test_values_used_once_or_recreated(body: str) -> None:
    methods = """
    def now(self):
        return datetime.now().isoformat()
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


def test_name_and_branch_relate_to_the_clock_of_a_helper() -> None:
    body = "if is_late():\n    await step.sleep('a', 1)\nawait step.sleep(day(event), 1)"

    names = replay_findings(body, "SG301", module=_DAYS)
    branches = replay_findings(body, "SG302", module=_DAYS)

    assert [[related.span.line for related in finding.related] for finding in (*names, *branches)] == [[10], [13]]


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


def test_module_code_is_not_replayed() -> None:
    body = _TWO_STEPS.format(value="STARTED")

    assert replay_findings(body, "SG304", module="STARTED = time.time()") == []


def test_nondeterministic_name_is_flagged_once() -> None:
    body = """
    key = uuid.uuid4().hex

    @step.do(f"reserve {key}")
    async def reserve():
        return key

    @step.do("confirm")
    async def confirm():
        return key

    await reserve()
    await confirm()
    """

    assert len(replay_findings(body, "SG301")) == 1
    assert replay_findings(body, "SG304") == []


def test_values_of_a_clock_helper_are_reported_by_their_rules() -> None:
    body = "value = now()\nawait step.sleep(f'until {now()}', 1)" + _TWO_STEPS.format(value="value")
    module = "def now():\n    return time.time()\n"

    assert replay_lines(body, "SG301", module=module) == ["await step.sleep(f'until {now()}', 1)"]
    assert replay_lines(body, "SG304", module=module) == ["value = now()"]


def test_nondeterministic_branch_is_flagged_once() -> None:
    body = """
    now = datetime.now()
    if now.hour > 8:
        await step.sleep("night", "8 hours")

    @step.do("store")
    async def store():
        return now.isoformat()

    await store()
    """

    assert len(replay_findings(body, "SG302")) == 1
    assert replay_findings(body, "SG304") == []


@pytest.mark.parametrize(
    "branch",
    [
        "return",
        "raise KeyError",
        "try:\n        return\n    finally:\n        pass",
        "for x in event:\n        return",
        "try:\n        raise KeyError\n    except ValueError:\n        pass",
    ],
)
def test_step_depends_on_a_branch_that_may_skip_it(branch: str) -> None:
    assert len(replay_findings(f"if random.random() < 0.5:\n    {branch}\nawait step.sleep('a', 1)", "SG302")) == 1


@pytest.mark.parametrize(
    "branch",
    [
        "for x in event:\n        break",
        "for x in event:\n        continue",
        "try:\n        raise KeyError\n    except KeyError:\n        pass",
        "while True:\n        try:\n            break\n        finally:\n            pass",
    ],
)
def test_step_does_not_depend_on_a_branch_that_continues(branch: str) -> None:
    assert replay_findings(f"if random.random() < 0.5:\n    {branch}\nawait step.sleep('a', 1)", "SG302") == []


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    if {}:\n        raise KeyError\nexcept KeyError:\n    await step.sleep('a', 1)",
        "try:\n    if {}:\n        raise KeyError\nexcept KeyError:\n    return\nawait step.sleep('a', 1)",
        "for x in event['payload']['xs']:\n    if {}:\n        break\nelse:\n    await step.sleep('a', 1)",
        "try:\n    if {}:\n        return\nfinally:\n    await fetch('u')\nawait step.sleep('a', 1)",
        "while True:\n    await step.sleep('a', 1)\n    if {}:\n        break",
        "while x:\n    while True:\n        await step.sleep('a', 1)\n        if {}:\n            break",
        "while True:\n    if {}:\n        break\n    if event:\n        return\nawait step.sleep('a', 1)",
    ],
)
def test_step_depends_on_a_test_that_decides_the_exit(body: str) -> None:
    assert len(replay_findings(body.format("random.random() < 0.5"), "SG302")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    if {}:\n        raise KeyError\nexcept KeyError:\n    pass\nawait step.sleep('a', 1)",
        "for x in event['payload']['xs']:\n    await step.sleep('a', 1)\n    if {}:\n        continue",
        "while True:\n    if {}:\n        break\nawait step.sleep('a', 1)",
        "while x:\n    while True:\n        if {}:\n            break\n    await step.sleep('a', 1)",
        "try:\n    if {}:\n        return\nfinally:\n    await step.sleep('a', 1)",
        "await step.sleep('a', 1)\nif {}:\n    return\nelse:\n    return\nawait step.sleep('b', 1)",
    ],
)
def test_step_does_not_depend_on_a_test_whose_paths_rejoin(body: str) -> None:
    assert replay_findings(body.format("random.random() < 0.5"), "SG302") == []


@pytest.mark.parametrize(
    "sleep",
    [
        'step.sleep("a", random.randint(1, 60) * 1000)',
        'step.sleep("a", f"{random.randint(1, 60)} seconds")',
        'step.sleep(*["a", int(time.time() % 60)])',
        'step.sleep_until("a", datetime.now(timezone.utc) + timedelta(days=1))',
        'step.sleep_until("a", timestamp=int(time.time() * 1000) + 5000)',
        'step.sleep_until("a", 0 if random.random() < 0.5 else 1)',
        'step.sleep("a", random.choice(["1 hour", "2 hours"]))',
        'step.sleep("a", 86_400_000 - int(time.time() * 1000) % 86_400_000)',
        'step.sleep("a", event["payload"]["due"] - int(time.time()) + random.randint(1, 60))',
    ],
)
def test_nondeterministic_durations(sleep: str) -> None:
    assert len(replay_findings(f"await {sleep}", "SG310")) == 1


@pytest.mark.parametrize(
    "sleep",
    [
        'step.sleep(f"a {time.time()}", "1 hour")',
        'step.sleep("a", event["payload"]["seconds"] * 1000)',
        'step.sleep_until("a", event["payload"]["due"])',
        'step.sleep_until("a", datetime.fromtimestamp(2_000_000_000))',
        'step.sleep_until("a", time.time() + 60)',
        'step.sleep("a", duration=random.randint(1, 60))',
    ],
)
def test_deterministic_and_failing_durations(sleep: str) -> None:
    assert replay_findings(f"await {sleep}", "SG310") == []


def test_a_duration_is_not_reported_as_a_use_after_a_step() -> None:
    body = """
    due = datetime.now(timezone.utc) + timedelta(days=1)

    @step.do("a")
    async def a():
        return 1

    await a()
    await step.sleep_until("due", due)
    await a()
    """

    assert (len(replay_findings(body, "SG304")), len(replay_findings(body, "SG310"))) == (0, 1)


@pytest.mark.parametrize(
    "sleep",
    [
        'step.sleep("a", event["payload"]["due"] - int(time.time() * 1000))',
        'step.sleep("a", max(0, int((datetime(2030, 1, 1) - datetime.now()).total_seconds() * 1000)))',
        'step.sleep_until("a", max(event["payload"]["due"], int(time.time() * 1000) + 1000))',
    ],
)
def test_time_that_remains_until_a_fixed_time_is_a_note(sleep: str) -> None:
    (finding,) = replay_findings(f"await {sleep}", "SG310")
    assert finding.severity is Severity.NOTE


@pytest.mark.parametrize(
    ("body", "methods"),
    [
        ("self.pause = random.randint(1, 60)\nawait step.sleep('a', self.pause * 1000)", ""),
        ("await self.nap(step, random.random())", "async def nap(self, step, ms):\n    await step.sleep('a', ms)"),
        ("for n in range(3):\n    await step.sleep(f'a {n}', (2 ** n + random.random()) * 1000)", ""),
    ],
)
def test_nondeterministic_duration_through_variables(body: str, methods: str) -> None:
    assert len(replay_findings(body, "SG310", methods=methods)) == 1


def test_duration_from_a_step_is_deterministic() -> None:
    body = """
    @step.do("pause")
    async def pause():
        return {"seconds": random.randint(1, 60)}

    result = await pause()
    await step.sleep("a", result["seconds"] * 1000)
    """

    assert replay_findings(body, "SG310") == []


@pytest.mark.parametrize(
    ("sleep", "fixed"),
    [
        ('step.sleep_until("a", datetime.now() + timedelta(days=1))', 'step.sleep("a", "1 day")'),
        (
            'step.sleep_until(f"a {event}", timestamp=timedelta(hours=1) + datetime.now() + timedelta(hours=2))',
            'step.sleep(f"a {event}", "3 hours")',
        ),
    ],
)
def test_sleep_until_the_current_time_plus_a_duration_is_a_sleep(sleep: str, fixed: str) -> None:
    (finding,) = replay_findings(f"await {sleep}", "SG310")
    (edit,) = edits_of(finding)

    assert isinstance(edit, Replacement)
    assert (edit.text, finding.advice) == (fixed, f"Write `{fixed}`.")


@pytest.mark.parametrize(
    "body",
    [
        'due = datetime.now() + timedelta(days=1)\nawait step.sleep_until("a", due)',
        'await step.sleep_until("a", datetime.now().replace(hour=9) + timedelta(days=1))',
        'await step.sleep_until("a", datetime.now() + event["payload"]["delay"] + timedelta(days=1))',
        'await step.sleep_until("a", datetime.now() - timedelta(days=1) + timedelta(days=2))',
        'await step.sleep_until("a", self.later(datetime.now(), event))',
    ],
)
def test_no_fix_for_a_time_without_a_constant_duration(body: str) -> None:
    methods = """
    def later(self, now, event):
        return now + timedelta(days=1) if event["payload"]["soon"] else now + timedelta(days=2)
    """
    (finding,) = replay_findings(body, "SG310", methods=methods)
    assert finding.fix is None

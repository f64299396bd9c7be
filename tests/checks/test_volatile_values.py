"""Values that are others when `run` is run again: in names, in conditions, and after steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source
from tests.checks.projects import CONFIGURATION, found
from tests.checks.replaying import lines_of, of_run

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
    ],
)
def test_a_name_that_is_made_of_the_time_of_chance_or_of_an_id_is_flagged(name: str) -> None:
    assert len(of_run(f"await step.sleep({name}, 1000)", "SG301")) == 1


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
def test_a_name_that_stays_the_same_is_not_flagged(name: str) -> None:
    assert of_run(f"await step.sleep({name}, 1000)", "SG301") == []


def test_the_message_on_a_name_says_where_it_comes_from_and_what_comes_of_it() -> None:
    body = """
    run_id = uuid.uuid4()

    @step.do(f"store {run_id}")
    async def store():
        return 1

    await store()
    """

    (found,) = of_run(body, "SG301")

    assert found.message == (
        "the name of this step comes from `uuid.uuid4()` and changes whenever `run` runs again: the engine finds"
        " results by name, so it repeats the finished step."
    )
    assert found.span.column == 18


def test_the_graph_shows_a_volatile_name_as_any_other() -> None:
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


def test_what_a_function_makes_of_a_volatile_value_is_one_and_of_another_value_is_not() -> None:
    body = """
    await step.sleep(self.label(uuid.uuid4()), 1)
    await step.sleep(self.label("fixed"), 1)
    """

    flagged = lines_of(body, "SG301", methods="def label(self, part):\n    return f'item {part}'")

    assert flagged == ["await step.sleep(self.label(uuid.uuid4()), 1)"]


def test_chance_with_a_seed_is_none() -> None:
    assert of_run("random.seed(7)\nawait step.sleep(f'nap {random.random()}', 1)", "SG301") == []


def test_a_name_in_the_body_of_a_step_is_not_flagged() -> None:
    body = """
    @step.do("outer")
    async def outer():
        @step.do(f"inner {time.time()}")
        async def inner():
            return 1

        return await inner()

    await outer()
    """

    assert of_run(body, "SG301") == []


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
def test_a_volatile_condition_that_steers_steps_is_flagged(body: str) -> None:
    assert len(of_run(body, "SG302")) == 1


@pytest.mark.parametrize(
    "body",
    [
        "await step.sleep('a', 1)\nif time.time() > 100:\n    print('late')",
        "await step.sleep('a', 1)\nif time.time() > 100:\n    return",
        "await step.sleep('a', 1)\nif time.time() > 100:\n    raise ValueError",
        "started = time.time()\nif started:\n    await step.sleep('a', 1)",
        "started = time.time()\nif not started:\n    await step.sleep('a', 1)",
        "started = time.time()\nif started is not None:\n    await step.sleep('a', 1)",
        "if event['payload']['x']:\n    await step.sleep('a', 1)\nelif time.time() > 1:\n    print('late')",
        "for x in [1, 2]:\n    if random.random() < 0.5:\n        continue\n    print(x)\nawait step.sleep('a', 1)",
        "for x in event['payload']['xs']:\n    if random.random() < 0.5:\n        break\nawait step.sleep('a', 1)",
        "if time.time() > 100:\n    if event['payload']['x']:\n        print('late')\nawait step.sleep('a', 1)",
        "while True:\n    if time.time() > 9:\n        for x in [1]:\n            break\n    await step.sleep('a', 1)",
        "async def f():\n    if time.time() > 9:\n        return\n    print(1)\n\nawait f()\nawait step.sleep('a', 1)",
    ],
)
def test_a_volatile_condition_on_plain_code_is_not_flagged(body: str) -> None:
    assert of_run(body, "SG302") == []


def test_the_message_on_a_condition_names_what_decides() -> None:
    (found,) = of_run("if random.random() < 0.5:\n    await step.sleep('a', 1)", "SG302")

    assert found.message == (
        "which steps run depends here on `random.random()`: when `run` runs again, after a sleep or restart, it"
        " may go another way than the first time."
    )


def test_a_value_used_by_steps_before_and_after_another_one_is_flagged_where_it_is_made() -> None:
    body = "order_id = str(uuid.uuid4())" + _TWO_STEPS.format(value="order_id")

    (found,) = of_run(body, "SG304")

    assert found.span.line == 10
    assert found.message == (
        "`uuid.uuid4()` gives another value whenever `run` runs again, so on line 17, after a step or sleep, it"
        " may not be what earlier steps saw."
    )


def test_of_several_uses_after_a_step_the_first_one_is_told() -> None:
    body = "key = uuid.uuid4().hex" + _TWO_STEPS.format(value="key") + "await step.sleep('rest', 1)\nreturn key"
    (found,) = of_run(body, "SG304")

    assert "so on line 17, after a step or sleep, it may not be what earlier steps saw" in found.message


def test_a_use_in_another_module_is_told_with_its_path(tmp_path: Path) -> None:
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
    (finding,) = found(tmp_path, project, "SG304")

    assert finding.span.line == 9
    assert f"so on line 4 of {tmp_path.as_posix()}/storing.py, after a step or sleep, it may not" in finding.message


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
def test_a_value_that_is_used_after_a_step_is_flagged(body: str) -> None:
    save = """
    async def save(self, step, key):
        @step.do("save")
        async def saved():
            return key

        await saved()
    """

    assert len(of_run(body, "SG304", methods=save)) == 1


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
        "day = self.day(event)\nawait step.sleep('a', 1)\nreturn day",
        "for row in rows:\n    key = uuid.uuid4().hex\n    await step.do('a')(lambda: key)()",
    ],
)
def test_a_value_that_is_not_kept_or_is_made_anew_is_not_flagged(body: str) -> None:
    methods = """
    def now(self):
        return datetime.now().isoformat()

    def day(self, event):
        if event["payload"]:
            return event["payload"]["day"]
        return datetime.now().date().isoformat()
    """

    assert of_run(body, "SG304", methods=methods) == []


def test_steps_that_run_at_the_same_time_share_a_value() -> None:
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

    assert of_run(body, "SG304") == []


def test_a_value_for_all_attempts_of_a_loop_is_flagged_but_not_if_the_loop_has_one_pass() -> None:
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

    assert len(of_run(body.format(end="pass", last="pass"), "SG304")) == 1
    assert of_run(body.format(end="pass", last="break"), "SG304") == []


def test_code_of_a_module_is_not_run_again() -> None:
    body = _TWO_STEPS.format(value="STARTED")

    assert of_run(body, "SG304", module="STARTED = time.time()") == []


def test_what_makes_a_name_vary_is_told_there_alone() -> None:
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

    assert len(of_run(body, "SG301")) == 1
    assert of_run(body, "SG304") == []


def test_what_makes_a_branch_vary_is_told_there_alone() -> None:
    body = """
    now = datetime.now()
    if now.hour > 8:
        await step.sleep("night", "8 hours")

    @step.do("store")
    async def store():
        return now.isoformat()

    await store()
    """

    assert len(of_run(body, "SG302")) == 1
    assert of_run(body, "SG304") == []


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
    assert len(of_run(f"if random.random() < 0.5:\n    {branch}\nawait step.sleep('a', 1)", "SG302")) == 1


@pytest.mark.parametrize(
    "branch",
    [
        "for x in event:\n        break",
        "for x in event:\n        continue",
        "try:\n        raise KeyError\n    except KeyError:\n        pass",
        "while True:\n        try:\n            break\n        finally:\n            pass",
    ],
)
def test_step_does_not_depend_on_a_branch_that_goes_on(branch: str) -> None:
    assert of_run(f"if random.random() < 0.5:\n    {branch}\nawait step.sleep('a', 1)", "SG302") == []


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
def test_step_depends_on_a_test_that_decides_how_a_body_is_left(body: str) -> None:
    assert len(of_run(body.format("random.random() < 0.5"), "SG302")) == 1


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
def test_step_does_not_depend_on_a_test_whose_paths_meet_again(body: str) -> None:
    assert of_run(body.format("random.random() < 0.5"), "SG302") == []

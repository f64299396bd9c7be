"""Test SG301, SG302, SG304 and SG310: values that differ when `run` is replayed."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source
from tests.checks.snippets import replay_findings, replay_lines


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


@pytest.mark.slow
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

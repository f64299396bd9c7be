"""Test SG311: timestamps of sleeps that have passed when the instance resumes."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from tests.checks.snippets import replay_findings

_BEFORE = """
@step.do("a")
async def a():
    return 1

@step.do("slow", config={"retries": {"limit": 2, "delay": "1 minute"}})
async def slow():
    return 1

due = event["payload"]["due"]
"""

_METHODS = """
async def until(self, step, due):
    await step.sleep_until("due", due)

async def pause(self, step):
    await step.sleep("pause", "1 hour")

def is_past(self, due):
    return due <= datetime.now(timezone.utc)

async def every_day(self, step, due):
    if due > 3:
        await step.sleep_until("due", due)
        await self.every_day(step, due - 1)
"""

_SLEEP = 'await step.sleep_until("due", due)\n'
_WAIT = 'await step.wait_for_event("approval", "approved")\n'


def timestamp_findings(body: str) -> list[tuple[Severity, str]]:
    """Return the severity and the rest of each finding in a body of `run`."""
    findings = replay_findings(_BEFORE + body, "SG311", methods=_METHODS)
    return [(f.severity, f.message.partition(" resumes at ")[2].partition(": `run`")[0]) for f in findings]


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (_SLEEP + _WAIT, "the wait 'approval'"),
        (_SLEEP + "await self.pause(step)", "the sleep 'pause'"),
        ("await self.every_day(step, due)\n" + _WAIT, "the wait 'approval'"),
        ("await self.until(step, due)\n" + _WAIT, "the wait 'approval'"),
        ("sleep = step.sleep_until('due', due)\nawait sleep\n" + _WAIT, "the wait 'approval'"),
        (f"if due:\n    {_SLEEP}await step.sleep('b', 5)", "the sleep 'b'"),
        (f"while True:\n    {_SLEEP}    await a()", "the sleep 'due'"),
        (f"try:\n    {_SLEEP}    {_WAIT}except Exception:\n    await a()\n    raise", "the wait 'approval'"),
        (f"try:\n    {_SLEEP}finally:\n    await step.sleep('b', 5)", "the sleep 'b'"),
    ],
)
def test_rest_on_every_path_is_an_error(body: str, rest: str) -> None:
    assert timestamp_findings(body) == [(Severity.ERROR, rest)]


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (_SLEEP + "if await a():\n    " + _WAIT, "the wait 'approval'"),
        (_SLEEP + "if await a():\n    return\n" + _WAIT, "the wait 'approval'"),
        (f"for due in event['payload']['dates']:\n    {_SLEEP}", "the sleep 'due'"),
        (_SLEEP + "await slow()", "a retry of the step 'slow'"),
        (_SLEEP + "@step.do()\nasync def last(slow):\n    return 1\nawait last()", "a retry of the step 'slow'"),
        ("await asyncio.gather(step.sleep_until('due', due), step.sleep('b', 5))", "the sleep 'b'"),
        ("task = asyncio.create_task(self.until(step, due))\nawait a()\nawait task\n" + _WAIT, "the wait 'approval'"),
        (f"try:\n    {_SLEEP}    {_WAIT}except ValueError:\n    await a()", "the wait 'approval'"),
        (
            f"try:\n    async with asyncio.timeout(5):\n        {_SLEEP}except TimeoutError:\n    pass\n{_WAIT}",
            "the wait 'approval'",
        ),
    ],
)
def test_possible_rest_is_a_warning(body: str, rest: str) -> None:
    assert timestamp_findings(body) == [(Severity.WARNING, rest)]


@pytest.mark.parametrize(
    "body",
    [
        _WAIT + _SLEEP,
        _SLEEP + "await a()",
        _SLEEP + "await step.sleep('b', 0)",
        f"if due:\n    {_SLEEP}else:\n    {_WAIT}",
        f"{_SLEEP}try:\n    await a()\nexcept Exception:\n    raise",
    ],
)
def test_sleep_without_a_later_rest(body: str) -> None:
    assert timestamp_findings(body) == []


@pytest.mark.parametrize(
    "body",
    [
        f"try:\n    {_SLEEP}except Exception:\n    pass\n" + _WAIT,
        "try:\n    await self.until(step, due)\nexcept Exception as error:\n    logger.info(error)\n" + _WAIT,
        "await asyncio.gather(step.sleep_until('due', due), a(), return_exceptions=True)\n" + _WAIT,
        f"if due > datetime.now(timezone.utc):\n    {_SLEEP}{_WAIT}",
        f"if self.is_past(due):\n    return\n{_SLEEP}{_WAIT}",
        f"for due in event['payload']['dates']:\n    if self.is_past(due):\n        continue\n    {_SLEEP}",
    ],
)
def test_guarded_sleep(body: str) -> None:
    assert timestamp_findings(body) == []


@pytest.mark.parametrize(
    "timestamp",
    [
        "datetime.now(timezone.utc) + timedelta(hours=1)",
        "max(due, int(time.time() * 1000) + 1000)",
        "datetime(2020, 1, 1)",
        "pendulum.now().add(days=1).naive",
        "croniter('0 9 * * *', datetime.now()).get_next(datetime)",
        "LOADED",
    ],
)
def test_timestamps_that_may_move_or_fail_at_once(timestamp: str) -> None:
    module = "import pendulum\nfrom croniter import croniter\nLOADED = datetime.now() + timedelta(days=1)\n"
    body = f"await step.sleep_until('due', {timestamp})\n{_WAIT}"
    assert replay_findings(_BEFORE + body, "SG311", module=module) == []


def test_message_states_the_reason_and_the_remedy() -> None:
    (finding,) = replay_findings(_BEFORE + _SLEEP + _WAIT, "SG311")

    assert finding.message == (
        "`due` has passed when the instance resumes at the wait 'approval': `run` starts again, and this sleep fails"
        " because its time is in the past."
    )
    assert finding.advice == "Compute the remaining milliseconds in a step, and pass its result to `step.sleep`."

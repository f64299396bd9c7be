"""Test nondeterministic durations and times in sleeps and timeouts."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import edits_of, replay_findings


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

"""Test waits for events."""

from __future__ import annotations

import pytest

from tests.execution.engine import UNANSWERED, EngineEvent
from tests.execution.run_body import run
from tests.execution.values import PyValue


def test_wait_returns_an_envelope() -> None:
    def answers(name: str, count: int, event_type: str) -> PyValue:
        return {"asked": [name, count, event_type]}

    execution = run('return await step.wait_for_event("approval", "approved")', answers=answers)
    assert execution.result.keys() == {"payload", "timestamp", "type"}
    assert execution.result["payload"] == {"asked": ["approval", 1, "approved"]}
    assert execution.result["type"] == "approved"


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("", 86400),
        (', timeout="1 hour"', 3600),
        (", timeout=1000", 1),
        (", timeout=0", 86400),
        (", timeout=None", 86400),
    ],
)
def test_wait_times_out_without_an_event(timeout: str, seconds: float) -> None:
    execution = run(f'await step.wait_for_event("approval", "approved"{timeout})', answers=lambda *_: UNANSWERED)
    assert str(execution.error) == f"Error: Execution timed out after {seconds * 1000}ms"
    assert execution.events == [
        EngineEvent("start", "step_wait_for_event", "approval-1", 0),
        EngineEvent("fail", "step_wait_for_event", "approval-1", seconds),
    ]


def test_late_event_does_not_count() -> None:
    body = 'await step.wait_for_event("approval", "approved", timeout="1 minute")'
    assert not run(body, takes=lambda *_: 59).failed
    assert run(body, takes=lambda *_: 61).failed


@pytest.mark.parametrize("timeout", ["'10s'", "999", "'366 days'", "'1 year'", "datetime.timedelta(hours=1)"])
def test_invalid_wait_timeouts(timeout: str) -> None:
    execution = run(f'await step.wait_for_event("approval", "approved", timeout={timeout})')
    assert execution.failed
    assert execution.started == []


@pytest.mark.parametrize("event_type", ["approved", "a-b_C9", "_", "x" * 100])
def test_valid_event_types(event_type: str) -> None:
    assert not run(f'await step.wait_for_event("approval", "{event_type}")').failed


@pytest.mark.parametrize("event_type", ["", "a b", "order.paid", "-a", "a\u00e4", "x" * 101])
def test_invalid_event_types(event_type: str) -> None:
    execution = run(f'await step.wait_for_event("approval", "{event_type}")')
    assert "is invalid" in str(execution.error)
    assert execution.started == []


def test_wait_arguments_are_positional() -> None:
    assert isinstance(run('await step.wait_for_event("approval", event_type="approved")').error, TypeError)
    assert isinstance(run('await step.wait_for_event(name="approval", event_type="approved")').error, TypeError)


def test_keys_of_the_start_event() -> None:
    execution = run("return event", payload={"amount": 1})
    assert execution.result.keys() == {"payload", "timestamp", "instanceId", "workflowName"}


def test_event_supports_keys_and_attributes() -> None:
    body = """
        same = event["payload"]["order"]["id"] == event.payload.order.id
        return [same, type(event["timestamp"]).__name__]
    """
    assert run(body, payload={"order": {"id": 1}}).result == [True, "datetime"]


def test_unspecified_payload_is_a_stub() -> None:
    assert not run("""
        for item in event["payload"]["items"]:
            if item.price > 3 and int(item["amount"]) == 1:
                total = item.price * item["amount"] + 1
                await step.do(f"item {item.name} {total:.2f}")(lambda: item)()
    """).failed


def test_wait_for_starts_work_in_the_current_task() -> None:
    """The step has started when a later task depends on it."""
    execution = run("""
        @step.do()
        async def load(): ...

        @step.do(concurrent=True)
        async def use(load): ...

        await asyncio.gather(use(), asyncio.wait_for(load(), 5))
    """)
    assert execution.started == ["load-1", "use-1"]

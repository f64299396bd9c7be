"""Test what flagged code actually does, by running the examples of rules on the published SDK."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path
from typing import Final

import pytest

from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.page import Example, read_page
from tests.checks.execution import execute_only, flagged_example, modules_of, parametrize_flagged
from tests.execution import wall_clock
from tests.execution.engine import UNANSWERED
from tests.execution.errors import NonRetryableError
from tests.execution.runner import Execution, Options
from tests.execution.triggers import run_fetch

MINUTE: Final = 60


def ended_steps(execution: Execution) -> list[str]:
    """Return the keys of the steps that ended."""
    return [event.key for event in execution.events if event.type == "end"]


def event_times(execution: Execution, event_type: str) -> dict[str, float]:
    """Return the times in seconds of events of a type, by step key."""
    return {event.key: round(event.at, 3) for event in execution.events if event.type == event_type}


def failing_call(step: str, count: int) -> Options:
    """Let one call of a step fail without retries."""
    return {"fails": lambda *of: NonRetryableError("no") if of[:2] == (step, count) else None}


# SG201, SG202, SG204: missing awaits


@parametrize_flagged("SG201")
def test_unawaited_coroutine_never_starts(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    started = {
        "Call to `wait_for_event` without `await`": ["publish-1"],
        "Response that is read without `await` in a step": ["load the rates-1"],
    }
    assert execution.started == started.get(example.title, [])
    assert any(warning.endswith("was never awaited") for warning in execution.warnings)


@parametrize_flagged("SG202")
def test_uncalled_step_never_starts(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, finish=True)
    assert (
        execution.started
        == {
            "Step without a call": [],
            "Forgotten call to one of two steps": ["reserve-1"],
            "Forgotten call to the dependent step": ["order-1"],
            "Declaration that looks like a call": ["settle-1"],
        }[example.title]
    )
    assert execution.error is None


@parametrize_flagged("SG204")
def test_run_ends_before_unawaited_work(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, takes=lambda name, *_: 0 if name == "charge" else 1)
    assert execution.error is None
    assert len(ended_steps(execution)) < len(execution.started)


# SG203, SG205, SG206: durations


@parametrize_flagged("SG203")
def test_unawaited_sleep_delays_nothing(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert execution.error is None
    assert set(event_times(execution, "start").values()) == {0}


@pytest.mark.parametrize(
    ("code", "title", "seconds"),
    [
        ("SG205", "Abbreviated unit", 0.005),
        ("SG205", "Capitalized unit", 0.001),
        ("SG206", "Small number as a duration", 0.03),
        ("SG206", "Constant whose name refers to seconds", 0.45),
        ("SG206", "Result of `timedelta.total_seconds`", 0.3),
    ],
)
def test_sleep_lasts_milliseconds(code: str, title: str, seconds: float, tmp_path: Path) -> None:
    execution = execute_only(flagged_example(code, title), tmp_path, payload={"minutes": 5})
    assert event_times(execution, "end") == {"cool down-1": seconds}


def test_retry_delay_is_in_milliseconds(tmp_path: Path) -> None:
    example = flagged_example("SG205", "Abbreviated unit in a retry delay")
    execution = execute_only(example, tmp_path, fails=lambda *of: KeyError() if of[-1] == 1 else None)
    assert event_times(execution, "retry") == {"charge-1": 0.03}


def test_wait_timeout_below_one_second_is_rejected(tmp_path: Path) -> None:
    execution = execute_only(
        flagged_example("SG205", "Abbreviated unit after a variable"), tmp_path, payload={"hours": 2}
    )
    assert "is not between 1 second and 365 days" in str(execution.error)


def test_wait_timeout_is_in_milliseconds(tmp_path: Path) -> None:
    execution = execute_only(
        flagged_example("SG206", "Number of seconds in an hour"), tmp_path, answers=lambda *_: UNANSWERED
    )
    assert event_times(execution, "fail") == {"approval-1": 3.6}


def test_step_timeout_is_in_milliseconds(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG206", "Timeout of a step"), tmp_path, takes=lambda *_: 1)
    assert str(execution.error) == "Error: Execution timed out after 300ms"


# SG215, SG216: triggers


@parametrize_flagged("SG215")
def test_instance_without_a_needed_key_fails(example: Example, tmp_path: Path) -> None:
    (payload,) = run_fetch(modules_of(example)).payloads
    execution = execute_only(example, tmp_path, payload=payload)
    assert str(execution.error).rstrip().endswith(("'order'", "KeyError: 'amount'"))
    assert ended_steps(execution) == []


@parametrize_flagged("SG216")
def test_loop_sends_a_request_for_each_item(example: Example) -> None:
    started = run_fetch(modules_of(example))
    assert started.requests == 2
    assert started.payloads == [{"order": 7}, {"order": 8}]


def test_batch_sends_one_request() -> None:
    batch = next(example for example in read_page(BY_CODE["SG216"]).clean if example.title == "Batch")
    started = run_fetch(modules_of(batch))
    assert started.requests == 1
    assert started.payloads == [{"order": 7}, {"order": 8}]


# SG207, SG208, SG209, SG214: names and dependencies


@parametrize_flagged("SG207")
def test_steps_with_equal_names_run_concurrently(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, takes=lambda *_: 1)
    first, second = [key for key in execution.started if not key.startswith("charge")]
    assert first.removesuffix("-1") == second.removesuffix("-2")
    assert event_times(execution, "start")[second] < event_times(execution, "end")[first]


@pytest.mark.parametrize(
    ("title", "result"),
    [
        ("Two steps with the same name, one called directly", [10]),
        ("Name declared again after the dependent step", 10),
        ("Ambiguous name in an indirect dependency", "Hello ada@example.com"),
    ],
)
def test_last_step_of_a_name_is_the_dependency(title: str, result: object, tmp_path: Path) -> None:
    assert execute_only(flagged_example("SG208", title), tmp_path).result == result


@parametrize_flagged("SG209")
def test_shared_dependency_runs_twice(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert execution.started.count("session-1") == execution.started.count("session-2") == 1


@parametrize_flagged("SG214")
def test_failed_or_skipped_dependency(example: Example, tmp_path: Path) -> None:
    skipped = example.title == "Step skipped by an earlier failure"
    execution = execute_only(example, tmp_path, **failing_call("reserve" if skipped else "charge", 1))
    if skipped:
        assert execution.started == ["reserve-1", "charge-1", "receipt-1"]
    elif example.title == "Failure discarded by `gather`":
        assert execution.started == ["charge-1"]
    else:
        assert execution.started == ["charge-1", "charge-2", "receipt-1"]


@parametrize_flagged("SG217")
def test_each_step_reads_the_last_value(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, payload={"orders": ["first", "last"]})
    assert execution.result == ["last", "last"]


# SG218: names with braces


def test_name_without_the_prefix_keeps_its_braces(tmp_path: Path) -> None:
    example = flagged_example("SG218", "Step named after the order")
    assert execute_only(example, tmp_path, payload={"order_id": 7}).started == ["charge {order_id}-1"]


# SG210, SG211, SG212, SG213: handlers, event keys and timeouts


_GROUP_EXAMPLE: Final = "Catching the error of a task in a group"


@parametrize_flagged("SG210", excluding=[_GROUP_EXAMPLE])
def test_handler_does_not_catch_the_step_error(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, payload={"total": 10}, answers=lambda *_: UNANSWERED)
    assert type(execution.error).__name__ == "JsException"
    assert execution.result is None


def test_handler_does_not_catch_the_error_of_a_task(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG210", _GROUP_EXAMPLE), tmp_path)
    assert isinstance(execution.error, ExceptionGroup)
    assert [type(error).__name__ for error in execution.error.exceptions] == ["JsException"]


@parametrize_flagged("SG211")
def test_handler_hides_that_the_step_never_runs(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert execution.error is None
    assert execution.started == []


def test_event_payload_is_nested_in_the_envelope(tmp_path: Path) -> None:
    execution = execute_only(
        flagged_example("SG212", "Key of an approval event"), tmp_path, answers=lambda *_: {"approved": True}
    )
    assert repr(execution.error) == "KeyError('approved')"


def test_default_hides_the_misplaced_key(tmp_path: Path) -> None:
    example = flagged_example("SG212", "Workflow parameter with a default value")
    assert execute_only(example, tmp_path, payload={"amount": 10}).result == 0


def test_payload_attribute_is_missing_from_the_event(tmp_path: Path) -> None:
    example = flagged_example("SG212", "Attribute instead of a key")
    execution = execute_only(example, tmp_path, answers=lambda *_: {"accepted": True})
    assert repr(execution.error) == "AttributeError('accepted')"


@parametrize_flagged("SG213", excluding=("Canceled task", "Cleanup in a task group"))
def test_timed_out_step_continues(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, takes=lambda name, *_: 7200 if name == "approval" else 300, finish=True)
    assert event_times(execution, "end")[execution.started[0]] == (7200 if "approval-1" in execution.started else 300)
    assert ("escalate-1" in execution.started) or isinstance(execution.error, TimeoutError)


def test_canceled_step_continues(tmp_path: Path) -> None:
    example = flagged_example("SG213", "Canceled task")
    ends = event_times(execute_only(example, tmp_path, takes=lambda *_: 300, finish=True), "end")
    assert ends == {"limit-1": 60, "render-1": 300}


def test_step_that_a_failing_group_cancels_continues(tmp_path: Path) -> None:
    example = flagged_example("SG213", "Cleanup in a task group")
    options = failing_call("charge", 1)
    options |= {"takes": lambda name, *_: 60 if name == "charge" else 300, "finish": True}
    execution = execute_only(example, tmp_path, **options)
    assert event_times(execution, "start")["release-1"] == 60
    assert event_times(execution, "end")["reserve-1"] == 300


# SG301, SG302: values that differ between runs. Other effects of nondeterminism appear only when a run resumes with
# saved results, which the fake engine does not support.


def started_steps_later(example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch, days: int) -> list[str]:
    """Return the started steps of a run that begins later, with other random values and slower steps."""
    monkeypatch.setattr(wall_clock, "START", dt.datetime(2026, 7, 1, tzinfo=dt.UTC) + dt.timedelta(days=days))
    random.seed(days)
    payload = {"job": 0, "force": True, "source": 1, "id": 1}
    return execute_only(example, folder, payload=payload, takes=lambda *_: 10 * days).started


@parametrize_flagged("SG301")
def test_step_name_differs_in_each_run(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = (started_steps_later(example, tmp_path, monkeypatch, days) for days in (1, 2))
    assert len(first) == len(again)
    assert first != again


# The virtual clock is the same to the millisecond in each run.
@parametrize_flagged("SG310", excluding=("Current time plus a duration",))
def test_sleep_is_of_another_length_in_each_run(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[float] = []
    for minute in (1, 2):
        begins = dt.datetime(2026, 7, 1, 8, minute, tzinfo=dt.UTC)
        monkeypatch.setattr(wall_clock, "START", begins)
        random.seed(minute)
        execution = execute_only(example, tmp_path)
        (started,), (ended,) = (
            [at for key, at in event_times(execution, kind).items() if key == execution.started[0]]
            for kind in ("start", "end")
        )
        lengths.append(ended - started)
    assert lengths[0] != lengths[1]


@parametrize_flagged("SG311")
def test_timestamp_has_passed_when_run_starts_again(example: Example, tmp_path: Path) -> None:
    due = wall_clock.START + dt.timedelta(hours=1)
    payload = {"due": due.timestamp() * 1000, "reminders": [due.timestamp() * 1000]}
    first = execute_only(example, tmp_path, payload=payload, created=wall_clock.START)
    again = execute_only(
        example, tmp_path, payload=payload, created=wall_clock.START, start=due + dt.timedelta(minutes=1)
    )
    assert first.error is None
    assert re.fullmatch("Error: The time that sleep '.*' ends is past", str(again.error))


@pytest.mark.slow
@parametrize_flagged("SG302")
def test_branch_differs_in_each_run(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {tuple(started_steps_later(example, tmp_path, monkeypatch, days)) for days in range(1, 50)}
    assert len(runs) > 1


# SG307, SG308, SG309: replays and retries


@pytest.mark.parametrize(
    "title", ["Race between two steps", "Sleep as the time limit of a step", "Race between promises"]
)
def test_race_has_another_winner_on_replay(title: str, tmp_path: Path) -> None:
    slow: dict[str, float] = {"ask the first": 60, "ask the second": 30, "render": 6 * MINUTE}
    first = execute_only(flagged_example("SG307", title), tmp_path, takes=lambda name, *_: slow[name])
    again = execute_only(flagged_example("SG307", title), tmp_path)
    assert first.result in (["second"], "second", "too late")
    assert again.result != first.result


def test_retry_repeats_the_nested_steps(tmp_path: Path) -> None:
    for title in ("Step declared in a step", "Method that runs a step, called in a step"):
        execution = execute_only(
            flagged_example("SG308", title), tmp_path, fails=lambda *of: KeyError() if of[:2] == ("charge", 1) else None
        )
        assert execution.started == ["order-1", "charge-1", "charge-2"]


def test_sleep_in_a_step_counts_toward_its_timeout(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG308", "Sleep in a step"), tmp_path)
    assert str(execution.error) == "Error: Execution timed out after 600000ms"
    assert execution.started == ["poll-1", *(f"a while-{attempt}" for attempt in range(1, 7))]


@parametrize_flagged("SG309")
def test_attempt_may_exceed_half_an_hour(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path, takes=lambda *_: 40 * MINUTE)
    assert execution.error is None
    assert ended_steps(execution) == execution.started


# SG312: sleeps outside of steps


def test_engine_receives_no_sleep(tmp_path: Path) -> None:
    example = flagged_example("SG312", "Sleep between attempts of a step")
    execution = execute_only(example, tmp_path, payload={"job": "done"})
    slept = execute_only(example, tmp_path, fails=failing_call("check", 3)["fails"], payload={"job": "running"})
    assert execution.started == ["check-1"]
    assert slept.started == ["check-1", "check-2", "check-3"]
    assert event_times(slept, "start") == {"check-1": 0, "check-2": 30, "check-3": 60}

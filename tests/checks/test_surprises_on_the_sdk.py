"""What rules say of code that does something else than it says, shown by what happens to their examples."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Final

import pytest

from stepgraph.checks.example import Example
from tests.checks.executing import each_flagged, flagged, only
from tests.execution import wall_clock
from tests.execution.engine import UNANSWERED
from tests.execution.errors import NonRetryableError
from tests.execution.runner import Execution, Options

MINUTE: Final = 60


def ended(execution: Execution) -> list[str]:
    """Return the keys of what has come to its end."""
    return [event.key for event in execution.events if event.type == "end"]


def times(execution: Execution, what: str) -> dict[str, float]:
    """Return when steps started or ended, by key: in seconds."""
    return {event.key: round(event.at, 3) for event in execution.events if event.type == what}


def failing(step: str, count: int) -> Options:
    """Let one call of a step fail for good."""
    return {"fails": lambda *of: NonRetryableError("no") if of[:2] == (step, count) else None}


# SG201, SG202, SG204: what never runs, and what nobody waits for.


@each_flagged("SG201")
def test_what_is_not_awaited_never_starts(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert execution.started == (["publish-1"] if example.title == "a wait for an approval" else [])
    assert any(warning.endswith("was never awaited") for warning in execution.warnings)


@each_flagged("SG202")
def test_a_step_that_is_declared_only_never_starts(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, finish=True)
    assert (
        execution.started
        == {
            "a step whose call was forgotten": ["reserve-1"],
            "a step that would need another": ["order-1"],
            "a declaration that looks like a call": ["settle-1"],
            "a step that another one names by its function": [],
        }[example.title]
    )
    # What needs it by a name that it has not is refused.
    refused = "a step that another one names by its function"
    assert (execution.error is not None) == (example.title == refused)


@each_flagged("SG204")
def test_a_run_is_over_before_what_nobody_waits_for(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, takes=lambda name, *_: 0 if name == "charge" else 1)
    assert execution.error is None
    assert len(ended(execution)) < len(execution.started)


# SG203, SG205, SG206: how long it takes.


@each_flagged("SG203")
def test_a_sleep_that_is_not_awaited_delays_nothing(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert execution.error is None
    assert set(times(execution, "start").values()) == {0}


@pytest.mark.parametrize(
    ("code", "title", "seconds"),
    [
        ("SG205", "an abbreviation", 0.005),
        ("SG205", "a capital letter", 0.001),
        ("SG206", "a small number", 0.03),
        ("SG206", "a name that says seconds", 0.45),
        ("SG206", "the seconds of a timedelta", 0.3),
    ],
)
def test_a_sleep_lasts_as_many_milliseconds(code: str, title: str, seconds: float, tmp_path: Path) -> None:
    execution = only(flagged(code, title), tmp_path, payload={"minutes": 5})
    assert times(execution, "end") == {"cool down-1": seconds}


def test_a_retry_comes_after_as_many_milliseconds(tmp_path: Path) -> None:
    example = flagged("SG205", "a letter, as a retry's delay")
    execution = only(example, tmp_path, fails=lambda *of: KeyError() if of[-1] == 1 else None)
    assert times(execution, "retry") == {"charge-1": 0.03}


def test_a_wait_of_as_many_milliseconds_is_refused(tmp_path: Path) -> None:
    execution = only(flagged("SG205", "a number that is not known"), tmp_path, payload={"hours": 2})
    assert "is not between 1 second and 365 days" in str(execution.error)


def test_a_wait_is_over_after_as_many_milliseconds(tmp_path: Path) -> None:
    execution = only(flagged("SG206", "an hour of seconds"), tmp_path, answers=lambda *_: UNANSWERED)
    assert times(execution, "fail") == {"approval-1": 3.6}


def test_a_step_has_as_many_milliseconds(tmp_path: Path) -> None:
    execution = only(flagged("SG206", "a step's timeout"), tmp_path, takes=lambda *_: 1)
    assert str(execution.error) == "Error: Execution timed out after 300ms"


# SG207, SG208, SG209, SG214: which steps run, and under which names.


@each_flagged("SG207")
def test_the_steps_of_one_name_run_at_the_same_time(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, takes=lambda *_: 1)
    first, second = [key for key in execution.started if not key.startswith("charge")]
    assert first.removesuffix("-1") == second.removesuffix("-2")
    assert times(execution, "start")[second] < times(execution, "end")[first]


@pytest.mark.parametrize(
    ("title", "result"),
    [
        ("a name that was copied", [10]),
        ("a step that another one hides before it is needed", 10),
        ("in a dependency of a dependency", "Hello ada@example.com"),
    ],
)
def test_of_two_steps_of_one_name_the_last_one_is_needed(title: str, result: object, tmp_path: Path) -> None:
    assert only(flagged("SG208", title), tmp_path).result == result


@each_flagged("SG209")
def test_what_several_steps_need_runs_twice(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert execution.started.count("session-1") == execution.started.count("session-2") == 1


@each_flagged("SG214")
def test_a_step_that_failed_or_was_skipped_runs_when_it_is_needed(example: Example, tmp_path: Path) -> None:
    skipped = example.title == "a failure before it that skips it"
    execution = only(example, tmp_path, **failing("reserve" if skipped else "charge", 1))
    assert execution.started == (
        ["reserve-1", "charge-1", "receipt-1"] if skipped else ["charge-1", "charge-2", "receipt-1"]
    )


# SG210, SG211, SG212, SG213: what handlers, readers and timeouts get.


@each_flagged("SG210")
def test_the_handler_does_not_catch_what_it_is_for(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, answers=lambda *_: UNANSWERED)
    assert type(execution.error).__name__ == "JsException"
    assert execution.result is None


@each_flagged("SG211")
def test_the_step_never_runs_and_no_error_comes_out(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert execution.error is None
    assert execution.started == []


def test_what_an_approver_answered_is_not_beside_the_payload(tmp_path: Path) -> None:
    execution = only(flagged("SG212", "the answer of an approver"), tmp_path, answers=lambda *_: {"approved": True})
    assert repr(execution.error) == "KeyError('approved')"


def test_a_default_hides_that_a_parameter_is_in_the_payload(tmp_path: Path) -> None:
    example = flagged("SG212", "a parameter of the workflow, with a default that hides it")
    assert only(example, tmp_path, payload={"amount": 10}).result == 0


def test_an_attribute_of_the_payload_is_none_of_the_event(tmp_path: Path) -> None:
    example = flagged("SG212", "an attribute of an event that a helper waits for")
    execution = only(example, tmp_path, answers=lambda *_: {"accepted": True})
    assert repr(execution.error) == "AttributeError('accepted')"


@each_flagged("SG213")
def test_what_has_timed_out_goes_on(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, takes=lambda name, *_: 7200 if name == "approval" else 300, finish=True)
    assert times(execution, "end")[execution.started[0]] == (7200 if "approval-1" in execution.started else 300)
    assert ("escalate-1" in execution.started) or isinstance(execution.error, TimeoutError)


# SG301, SG302: what is another one each time. What else breaks shows only where a run goes on with results that are
# kept, which the stand-in engine does not do.


def at_another_time(example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch, days: int) -> list[str]:
    """Return what starts in a run that begins so many days later, with other luck, and steps that take longer."""
    monkeypatch.setattr(wall_clock, "START", dt.datetime(2026, 7, 1, tzinfo=dt.UTC) + dt.timedelta(days=days))
    random.seed(days)
    payload = {"job": 0, "force": True, "source": 1, "id": 1}
    return only(example, folder, payload=payload, takes=lambda *_: 10 * days).started


@each_flagged("SG301")
def test_a_step_has_another_name_in_each_run(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = (at_another_time(example, tmp_path, monkeypatch, days) for days in (1, 2))
    assert len(first) == len(again)
    assert first != again


@pytest.mark.slow
@each_flagged("SG302")
def test_a_run_goes_another_way_each_time(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = {tuple(at_another_time(example, tmp_path, monkeypatch, days)) for days in range(1, 50)}
    assert len(ways) > 1


# SG307, SG308, SG309: what breaks when it is done again.


@pytest.mark.parametrize("title", ["the faster of two steps", "a sleep as a time limit", "a race of promises"])
def test_another_one_wins_when_all_results_are_there(title: str, tmp_path: Path) -> None:
    slow: dict[str, float] = {"ask the first": 60, "ask the second": 30, "render": 6 * MINUTE}
    first = only(flagged("SG307", title), tmp_path, takes=lambda name, *_: slow[name])
    again = only(flagged("SG307", title), tmp_path)
    assert first.result in (["second"], "second", "too late")
    assert again.result != first.result


def test_a_retry_of_a_step_runs_the_steps_in_it_again(tmp_path: Path) -> None:
    for title in ("a step that is declared in a step", "a method with steps that a step calls"):
        execution = only(
            flagged("SG308", title), tmp_path, fails=lambda *of: KeyError() if of[:2] == ("charge", 1) else None
        )
        assert execution.started == ["order-1", "charge-1", "charge-2"]


def test_a_sleep_in_a_step_uses_up_its_time(tmp_path: Path) -> None:
    execution = only(flagged("SG308", "a sleep in a step"), tmp_path)
    assert str(execution.error) == "Error: Execution timed out after 600000ms"
    assert execution.started == ["poll-1", *(f"a while-{attempt}" for attempt in range(1, 7))]


@each_flagged("SG309")
def test_an_attempt_may_go_on_for_longer_than_half_an_hour(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path, takes=lambda *_: 40 * MINUTE)
    assert execution.error is None
    assert ended(execution) == execution.started

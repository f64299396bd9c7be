"""The reasons of failures: the failed step, the handlers around it, and the restart points."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest

from stepgraph import analyze_source
from stepgraph.execution.failures.errors import InstanceError, catches, summary_of, traceback_lines, type_in_program
from stepgraph.execution.failures.failure import Failure, failure_of
from stepgraph.execution.instance import instance_of
from stepgraph.execution.log import read_log
from stepgraph.execution.open_entries import next_attempt
from stepgraph.report.failure.report import InstanceAddress
from stepgraph.report.failure.restarting import curl_command, wrangler_command
from tests.instances.instance_logs import JSON, START, errored, instant, retrying, running, sleep, step, wait

DECLARATIONS = """
import asyncio
from workers import WorkflowEntrypoint


class OutOfStock(Exception):
    pass


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("a")
        async def a(): ...

        @step.do("b")
        async def b(): ...

        @step.do("c")
        async def c(): ...
"""

START_MILLISECONDS = round(START.timestamp() * 1000)
TRACEBACK = """PythonError: Traceback (most recent call last):
  File "/session/metadata/entry.py", line 15, in charge
    raise OutOfStock("none left")
OutOfStock: none left
"""


def failure_in(body: str, log: Mapping[str, object]) -> Failure:
    """Return the failure of an instance whose `run` has this body after the declarations of `a`, `b` and `c`."""
    source = DECLARATIONS + textwrap.indent(textwrap.dedent(body), " " * 8)
    (workflow,) = analyze_source(source).workflows
    assert workflow.graph is not None
    instance = instance_of(read_log(log), workflow.graph)
    reason = failure_of(instance, workflow.graph, workflow.comparable_details)
    assert reason is not None
    return reason


def failed_step(reason: Failure) -> str:
    assert reason.entry is not None
    return reason.entry.log.log_name


def reasons(reason: Failure) -> list[str]:
    return [passed.reason for passed in reason.passed]


ONE_STEP = "await a()"
A_FAILS = errored("Error: no", 20, step("a-1", 0, 10, "Error: no"))


# The cause


def test_failed_step() -> None:
    reason = failure_in(
        "await a()\nawait b()", errored("Error: no", 40, step("a-1", 0, 10), step("b-1", 20, 30, "Error: no"))
    )
    assert (reason.cause, failed_step(reason), [each.log.log_name for each in reason.before]) == (
        "step_failed",
        "b-1",
        ["a-1"],
    )


def test_timed_out_wait() -> None:
    log = errored("Error: WorkflowTimeoutError: Execution timed out", 40, wait("ok-1", 0, 30, "WorkflowTimeoutError: "))
    reason = failure_in('await step.wait_for_event("ok", "ok")', log)
    assert (reason.cause, failed_step(reason), reason.type_name) == ("wait_timed_out", "ok-1", "JsException")


def test_error_of_the_program() -> None:
    body = 'await a()\nif event["x"]:\n    raise OutOfStock("none")\nawait b()'
    reason = failure_in(body, errored("PythonError: OutOfStock: none", 40, step("a-1", 0, 10)))
    assert (reason.cause, reason.entry, reason.expected) == ("program_raised", None, ("nodes[2]",))
    assert reason.last is not None
    assert reason.last.log.log_name == "a-1"
    assert len(reason.raises) == 1


def test_handled_failure_is_not_the_cause() -> None:
    log = errored("Error: late", 40, step("a-1", 0, 10, "Error: no"))
    reason = failure_in("try:\n    await a()\nexcept Exception:\n    pass\nraise OutOfStock", log)
    assert reason.cause == "program_raised"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ('Error: WorkflowFatalError: Step config for "a" is in a invalid format. See x', "config_rejected"),
        ('Error: WorkflowFatalError: Step name "a" exceeds max length (256 chars) or invalid', "name_rejected"),
        ("Error: WorkflowFatalError: The limit of 1024 steps has been reached. This limit", "step_limit"),
        ("Error: You can't sleep until a time in the past, time-traveler", "time_has_passed"),
    ],
)
def test_errors_of_the_engine(error: str, cause: str) -> None:
    assert failure_in(ONE_STEP, errored(error, 10)).cause == cause


def test_rejected_step() -> None:
    log = errored('Error: WorkflowFatalError: Step config for "b" is in a invalid format.', 40, step("a-1", 0, 10))
    assert failure_in("await a()\nawait b()", log).rejected == ("nodes[1]",)


def test_rejected_result_skips_the_handlers() -> None:
    text = 'The execution of the Workflow instance was terminated, as the step "a" returned a value which is not'
    log = errored(f"WorkflowFatalError: {text} serialisable", 20, step("a-1", 0, 10, "WorkflowFatalError: not stored"))
    reason = failure_in("try:\n    await a()\nexcept Exception:\n    pass", log)
    assert (reason.cause, failed_step(reason), reason.passed) == ("result_rejected", "a-1", ())


def test_sleep_whose_time_has_passed() -> None:
    body = 'await step.sleep_until("opening", event["opening"])\nawait step.wait_for_event("go", "go")'
    error = "Error: You can't sleep until a time in the past, time-traveler"
    reason = failure_in(body, errored(error, 40, sleep("opening-1", 0, 10), wait("go-1", 20, None)))
    assert reason.rejected == ("nodes[0]",)
    assert [each.log.log_name for each in reason.expired_sleeps] == ["opening-1"]


def test_first_error_of_a_group_counts() -> None:
    log = errored("Error: no", 30, step("a-1", 0, 50, "Error: no"), step("b-1", 5, 20, "Error: no"))
    assert failed_step(failure_in("await asyncio.gather(a(), b())", log)) == "b-1"


def test_equal_errors_of_a_group_are_candidates() -> None:
    log = errored("Error: no", 30, step("a-1", 0, 20, "Error: no"), step("b-1", 5, 20, "Error: no"))
    reason = failure_in("await asyncio.gather(a(), b())", log)
    assert [each.log.log_name for each in reason.candidates] == ["a-1", "b-1"]
    assert [point.name for point in reason.restarts] == ["a"]


def test_failure_in_the_body_of_a_step() -> None:
    body = """
    @step.do("outer")
    async def outer():
        await a()
    await outer()
    """
    log = errored("Error: no", 30, step("outer-1", 0, 25, "Error: no"), step("a-1", 5, 20, "Error: no"))
    reason = failure_in(body, log)
    assert failed_step(reason) == "outer-1"
    assert reason.inner is not None
    assert reason.inner.log.log_name == "a-1"
    assert [point.name for point in reason.restarts] == ["outer"]


def test_ambiguous_call() -> None:
    body = """
    async def helper():
        await a()
    if event["x"]:
        await helper()
    else:
        try:
            await helper()
        except OutOfStock:
            pass
    """
    reason = failure_in(body, A_FAILS)
    assert (failed_step(reason), reason.is_path_known, reason.passed) == ("a-1", False, ())


def test_missing_error_of_the_instance() -> None:
    log = {**A_FAILS, "error": None}
    assert failed_step(failure_in(ONE_STEP, log)) == "a-1"


def test_retrying_step() -> None:
    reason = failure_in(ONE_STEP, running(retrying("a-1", 0, "Error: no", "Error: again")))
    assert (reason.cause, reason.error, reason.restarts) == ("retrying", "Error: again", ())


@pytest.mark.parametrize(
    "log", [running(wait("ok-1", 0, None)), {**running(wait("ok-1", 0, 10)), "status": "complete", "end": None}]
)
def test_instance_without_failure(log: JSON) -> None:
    (workflow,) = analyze_source(DECLARATIONS + '        await step.wait_for_event("ok", "ok")').workflows
    assert workflow.graph is not None
    assert failure_of(instance_of(read_log(log), workflow.graph), workflow.graph) is None


# Handlers


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("except OutOfStock:\n    pass", ["other_type"]),
        ("except (KeyError, ValueError) as error:\n    pass", ["other_type"]),
        ("except OutOfStock:\n    pass\nexcept KeyError:\n    await b()", ["other_type"]),
        ("except Exception:\n    raise", ["raised_again"]),
        ("except ERRORS:\n    await b()", ["unknown"]),
        ("finally:\n    await b()", ["no_handler"]),
        ("finally:\n    print()", ["no_handler"]),
    ],
)
def test_each_handler_has_the_reason_why_it_did_not_catch(clauses: str, expected: list[str]) -> None:
    assert reasons(failure_in(f"try:\n    await a()\n{clauses}", A_FAILS)) == expected


def test_failure_in_a_handler() -> None:
    log = errored("Error: b", 40, step("a-1", 0, 10, "Error: a"), step("b-1", 20, 30, "Error: b"))
    reason = failure_in("try:\n    await a()\nexcept Exception:\n    await b()", log)
    (passed,) = reason.passed
    assert passed.reason == "in_handler"
    assert passed.earlier is not None
    assert passed.earlier.log_name == "a-1"


@pytest.mark.slow
def test_failure_in_the_else() -> None:
    log = errored("Error: b", 40, step("a-1", 0, 10), step("b-1", 20, 30, "Error: b"))
    assert reasons(failure_in("try:\n    await a()\nexcept Exception:\n    pass\nelse:\n    await b()", log)) == [
        "in_else"
    ]


def test_handlers_around_a_call_come_last() -> None:
    body = """
    async def helper():
        try:
            await a()
        except KeyError:
            await b()
    try:
        await helper()
    finally:
        await c()
    """
    log = errored("Error: no", 40, step("a-1", 0, 10, "Error: no"), step("c-1", 20, 30))
    assert reasons(failure_in(body, log)) == ["other_type", "no_handler"]


def test_group_around_the_step() -> None:
    log = errored("Error: no", 30, step("a-1", 0, 20, "Error: no"), step("b-1", 5, 25))
    (passed,) = failure_in("await asyncio.gather(a(), b())", log).passed
    assert (passed.reason, passed.name, passed.members) == ("group", "gather", ("nodes[0].nodes[1]",))


# Restarts


def test_restart_points() -> None:
    body = 'while event["x"]:\n    await a()\n    await step.sleep("a", "1 hour")\nawait b()'
    log = errored(
        "Error: no",
        90,
        step("a-1", 0, 10),
        sleep("a-1", 20, 30),
        step("a-2", 40, 50),
        sleep("a-2", 60, 70),
        step("b-1", 80, 90, "Error: no"),
    )
    points = failure_in(body, log).restarts
    assert [(point.name, point.count, point.type) for point in points] == [
        ("b", 1, "do"),
        ("a", 2, "sleep"),
        ("a", 2, "do"),
        ("a", 1, "sleep"),
        ("a", 1, "do"),
    ]
    assert [entry.log_name for entry in points[1].reruns] == ["a-2", "b-1"]
    assert [entry.log_name for entry in points[1].retained] == ["a-1", "a-1", "a-2"]


def test_restart_counts_sleeps_of_all_durations() -> None:
    body = 'await step.sleep("nap", 30)\nawait step.sleep("nap", 40)\nawait a()'
    log = errored("Error: no", 90, sleep("nap-1", 0, 30), sleep("nap-1", 40, 80), step("a-1", 85, 90, "Error: no"))
    assert [(point.name, point.count) for point in failure_in(body, log).restarts] == [("a", 1), ("nap", 2), ("nap", 1)]


def test_restart_runs_open_steps_again() -> None:
    log = errored(
        "Error: no", 30, {**step("a-1", 0, 20), "end": None, "success": None}, step("b-1", 5, 20, "Error: no")
    )
    (point, _) = failure_in("await asyncio.gather(a(), b())", log).restarts
    assert [entry.log_name for entry in point.reruns] == ["a-1", "b-1"]


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ("", "npx wrangler workflows instances restart 'my orders' 1a --from-step-name=a"),
        (
            "http://localhost:8787",
            "npx wrangler workflows instances restart 'my orders' 1a --from-step-name=a --local",
        ),
        (
            "http://localhost:8788",
            "npx wrangler workflows instances restart 'my orders' 1a --from-step-name=a --local --port=8788",
        ),
    ],
)
def test_restart_command(url: str, command: str) -> None:
    (point,) = failure_in(ONE_STEP, A_FAILS).restarts
    assert wrangler_command(point, InstanceAddress("my orders", "1a", url)) == command


def test_restart_request_of_wrangler_dev() -> None:
    (point,) = failure_in(ONE_STEP, A_FAILS).restarts
    assert curl_command(point, InstanceAddress("my orders", "1a", "http://localhost:8788")) == (
        "curl -X PATCH http://localhost:8788/cdn-cgi/local/explorer/api/workflows/my%20orders/instances/1a/status"
        " -H 'Content-Type: application/json'"
        """ -d '{"status": "restart", "from": {"name": "a", "count": 1, "type": "do"}}'"""
    )


# Retries


@pytest.mark.parametrize(
    ("delay", "due"),
    [(1000, 3500), ("2 seconds", 5500), ("soon", None), ("[dynamic]", None), (-1, None), (1e300, None)],
)
def test_next_attempt(delay: object, due: int | None) -> None:
    """The second attempt ended after 1,500 milliseconds, and the second delay is twice as long as the first."""
    (entry,) = read_log(running(retrying("a-1", 0, "Error: 1", "Error: 2", delay=delay))).entries
    following = next_attempt(entry)
    assert instant(due) == (None if following is None else instant(following - START_MILLISECONDS))


# Errors


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("RangeError: no", "RangeError: no", True),
        ("Error: WorkflowTimeoutError: late", "WorkflowTimeoutError: late", True),
        (f"PythonError: Traceback (most recent call last):\n  File\nJsException: {TRACEBACK}", TRACEBACK, True),
        (
            "Error: NonRetryableError: stop",
            'WorkflowFatalError: Step threw a NonRetryableError with message "NonRetryableError: stop"',
            True,
        ),
        (
            "WorkflowFatalError: terminated, as a step threw an NonRetryableError and it was not handled",
            'WorkflowFatalError: Step threw a NonRetryableError with message "stop"',
            True,
        ),
        ("Error: nothing to say no", "no", False),
        ("Error: no", "", False),
    ],
)
def test_same_error(outer: str, inner: str, *, expected: bool) -> None:
    assert InstanceError.of(outer).is_same(inner) is expected


def test_a_traceback_names_the_raising_line() -> None:
    assert summary_of(TRACEBACK) == "OutOfStock: none left"
    (line,) = traceback_lines(TRACEBACK)
    assert (line.path, line.line, line.function) == ("/session/metadata/entry.py", 15, "charge")
    assert line.source == 'raise OutOfStock("none left")'


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Error: no", "JsException"),
        ("RangeError: no", "ValueError"),
        ("TypeError: no", "TypeError"),
        (TRACEBACK, "JsException"),
        (TRACEBACK.replace("OutOfStock: none left\n", "ValueError: none left\n"), "ValueError"),
        (TRACEBACK.replace("OutOfStock: none left\n", "ValueError: none\nleft\n"), "JsException"),
        ('WorkflowFatalError: Step threw a NonRetryableError with message "stop"', "NonRetryableError"),
    ],
)
def test_type_in_the_program(error: str, expected: str) -> None:
    (entry,) = read_log(running(step("a-1", 0, 10, error))).entries
    assert type_in_program(entry) == expected


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("except", True),
        ("except Exception as error", True),
        ("except (KeyError, ffi.JsException)", True),
        ("KeyError", False),
        ("except stock.OutOfStock", False),
        ("except ERRORS", None),
        ("except errors()", None),
        ("with suppress(KeyError)", None),
    ],
)
def test_catching_clauses(clause: str, *, expected: bool | None) -> None:
    assert catches(clause, "JsException") is expected

"""The reader of logs: names, counters, times and outcomes, and what is not a log."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from stepgraph.execution.log import InstanceLog, LogEntry, read_instance_log, read_log
from stepgraph.limits import LOG_ATTEMPTS, LOG_ENTRIES
from stepgraph.model.note import InputError

SECOND = "2026-03-01T12:00:01.000Z"


def entry(**fields: object) -> LogEntry:
    (only,) = read_log({"steps": [{"name": "a-1", **fields}]}).entries
    return only


def refusal(data: object) -> str:
    with pytest.raises(InputError) as raised:
        read_log(data, "log.json")
    return raised.value.problem.message


@pytest.mark.parametrize(
    ("log_name", "name", "count"),
    [
        ("charge-1", "charge", 1),
        ("page-1-2", "page-1", 2),
        ("-1", "", 1),
        ("order-20261127123456-3", "order-20261127123456", 3),
        ("charge", "charge", 1),
        ("a-\u0661", "a-\u0661", 1),
        ("a-1\n", "a-1\n", 1),
        ("a-" + "9" * 4000, "a-" + "9" * 4000, 1),
    ],
)
def test_one_counter_is_removed(log_name: str, name: str, count: int) -> None:
    read = entry(name=log_name)
    assert (read.log_name, read.name, read.count) == (log_name, name, count)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"type": "step", "success": True, "end": SECOND}, "done"),
        ({"type": "step", "success": False, "end": SECOND}, "failed"),
        ({"type": "step", "success": None, "end": None}, "open"),
        ({"type": "step", "end": SECOND, "attempts": [{"success": False}]}, "failed"),
        ({"type": "step", "end": SECOND}, "done"),
        ({"type": "sleep", "finished": True, "end": SECOND, "error": None}, "done"),
        ({"type": "sleep", "finished": False, "end": SECOND}, "open"),
        ({"type": "sleep", "end": SECOND}, "done"),
        (
            {"type": "waitForEvent", "finished": True, "error": {"name": "WorkflowTimeoutError", "message": ""}},
            "failed",
        ),
        ({"type": "waitForEvent", "finished": "yes", "end": None}, "open"),
    ],
)
def test_outcome(fields: dict[str, object], outcome: str) -> None:
    assert entry(**fields).outcome == outcome


@pytest.mark.parametrize(
    ("time", "milliseconds"),
    [
        ("1970-01-01T00:00:01.234Z", 1234),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:02", 2000),
        (datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC), 3000),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("99999-01-01T00:00:00Z", None),
        (12, None),
        (None, None),
    ],
)
def test_times_are_milliseconds(time: object, milliseconds: int | None) -> None:
    assert entry(start=time).start == milliseconds


def test_start_of_first_attempt_replaces_missing_start() -> None:
    assert entry(attempts=[{"start": "1970-01-01T00:00:01Z"}]).start == 1000


def test_open_entry_has_no_end() -> None:
    assert entry(type="sleep", finished=False, end=SECOND).end is None


def test_error_of_last_attempt_is_the_error_of_a_step() -> None:
    attempts = [{"success": False, "error": {"name": "Error", "message": "a"}}, {"success": False, "error": "b"}]
    read = entry(success=False, attempts=attempts)
    assert (read.error, [attempt.error for attempt in read.attempts]) == ("b", ["Error: a", "b"])


def test_entries_keep_their_positions() -> None:
    steps = [
        {"name": "a-1"},
        {"type": "termination", "trigger": {}},
        {"type": "rollback", "name": "x"},
        7,
        {"name": "b-1"},
    ]
    log = read_log({"steps": steps})
    assert ([each.index for each in log.entries], log.ignored_entries) == ([0, 4], 2)


@pytest.mark.parametrize(
    "data",
    [
        {"steps": [], "id": "i", "status": "complete"},
        {"success": True, "errors": [], "result": {"steps": [], "instanceId": "i", "status": "complete"}},
        {"steps": [], "id": "i", "status": "complete", "success": True, "trigger": {"source": "api"}, "versionId": "v"},
    ],
    ids=["bare", "envelope", "client"],
)
def test_forms_of_responses(data: object) -> None:
    assert read_instance_log(json.dumps(data)) == InstanceLog("complete", (), id="i")


def test_values_of_wrong_types_are_unknown() -> None:
    wrong = {
        "status": 3,
        "id": [],
        "error": 1,
        "start": {},
        "end": [],
        "steps": [{"name": "a", "type": [], "attempts": 1}],
    }
    assert read_log(wrong) == InstanceLog("unknown", (), ignored_entries=1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "not the log of an instance: it has no `steps`."),
        ({"steps": "abc"}, "not the log of an instance: its `steps` are not an array."),
        ([{"steps": []}], "a list, not the log of one instance."),
        ({"success": True, "result": [{"id": "i"}]}, "a list, not the log of one instance."),
        (3, "not the log of an instance."),
        ({"graph": None}, "the graph of a workflow, not the log of an instance."),
        ({"version": 1, "workflow": {}}, "the graph of a workflow, not the log of an instance."),
        ({"success": True, "result": None}, "the API response has no result."),
        (
            {"success": False, "errors": [{"code": 10200, "message": "instance not found"}]},
            "the API returned an error: instance not found (10200).",
        ),
        ({"steps": [{}] * (LOG_ENTRIES + 1)}, "too many entries: at most 25,000 are read."),
        ({"steps": [{"attempts": [{}] * (LOG_ATTEMPTS + 1)}]}, "too many attempts: at most 250,000 are read."),
    ],
)
def test_data_that_is_not_a_log(data: object, message: str) -> None:
    assert refusal(data) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "log.json: not JSON: the file is empty. Save the output of `npx wrangler workflows instances describe"),
        (b"Workflow Name: orders", "log.json:1:1: not JSON: expecting value. Save the output of `npx wrangler"),
        (b"\x1f\x8b\x08\x00", "log.json: not JSON: the file is compressed with gzip. Decompress it first."),
        (b"\xff\xff\xff\xff", "log.json: not JSON: byte"),
        (b"[" * 100_000, "log.json: nested too deeply."),
        (b"9" * 5000, "log.json: a number has too many digits."),
    ],
)
def test_content_that_is_not_json(content: bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read_instance_log(content, "log.json")
    assert str(raised.value).startswith(message)

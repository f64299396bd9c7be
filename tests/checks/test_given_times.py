"""Times to sleep until, event types, and sleeps with keywords."""

from __future__ import annotations

import pytest

from stepgraph.syntax.edits import Replacement
from tests.checks.bodies import codes_in, only

_BEFORE = "import time\nfrom datetime import date, datetime, timedelta, timezone\nfrom elsewhere import due"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('"2099-01-01"', "'2099-01-01' is text, and "),
        ('"tomorrow"', "'tomorrow' is text, and "),
        ('f"{due}Z"', '`f"{due}Z"` is text, and '),
        ("datetime.now().isoformat()", "`datetime.now().isoformat()` is text, and "),
        ("timedelta(days=1)", "`timedelta(days=1)` is a timedelta, and "),
        ("date(2099, 1, 1)", "`date(2099, 1, 1)` is a date, and "),
        ("None", "`None` is given, and "),
        ("[2099, 1, 1]", "`[2099, 1, 1]` is a list, and "),
        ("(day for day in [1])", "`(day for day in [1])` is a generator, and "),
        ("True", "`True` is no time: "),
    ],
)
def test_what_is_no_time(source: str, message: str) -> None:
    found = only(f'await step.sleep_until("due", {source})', _BEFORE)

    assert found.code == "SG120"
    assert found.message == f"{message}`step.sleep_until` takes a datetime or epoch milliseconds, so it fails."


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("datetime(2024, 12, 31)", "2024-12-31T00:00:00 is in the past, so it fails."),
        ("datetime(2024, 12, 31, tzinfo=timezone.utc)", "2024-12-31T00:00:00+00:00 is in the past, so it fails."),
        ("1735689599999", "`1735689599999` in epoch milliseconds is in the past, so it fails."),
        ("0", "`0` in epoch milliseconds is in the past, so it fails."),
        (
            "4070908800",
            (
                "`4070908800` looks like epoch seconds, and `step.sleep_until` takes a datetime or epoch milliseconds:"
                " this is in 1970, so it fails."
            ),
        ),
        (
            "time.time()",
            (
                "`time.time()` is seconds, and `step.sleep_until` takes a datetime or epoch milliseconds: this is in"
                " 1970, so it fails."
            ),
        ),
    ],
)
def test_what_is_certainly_past(source: str, message: str) -> None:
    found = only(f'await step.sleep_until("due", {source})', _BEFORE)

    assert (found.code, found.message) == ("SG120", message)


@pytest.mark.parametrize(
    "source",
    [
        "datetime(2025, 1, 1)",
        "1735689600000",
        '"4070908800000"',
        "due",
        "due.timestamp()",
        "datetime.now(timezone.utc) + timedelta(hours=1)",
        "time.time() * 1000 + 5000",
        'datetime.fromisoformat("2099-01-01")',
        'event["payload"]["due"]',
    ],
)
def test_what_may_be_a_time_in_the_future(source: str) -> None:
    assert codes_in(f'await step.sleep_until("due", timestamp={source})', _BEFORE) == []


def test_a_text_that_is_a_time_can_be_read_as_one() -> None:
    found = only('await step.sleep_until("due", "2099-01-01T00:00:00+00:00")')

    assert found.advice == 'Give the datetime itself: `datetime.fromisoformat("2099-01-01T00:00:00+00:00")`.'


def test_a_time_is_needed() -> None:
    assert codes_in('await step.sleep_until("due")') == ["SG120"]
    assert codes_in('await step.sleep_until("due", **event["payload"]["due"])') == []


_SEND = "and send the event under the same type."
_CHARACTERS = f"Write letters, digits, hyphens and underscores, {_SEND}"
_SHORTER = "Write a shorter one, and send the event under it."
_TYPE = "Write the type under which the event is sent."


@pytest.mark.parametrize(
    ("source", "message", "advice"),
    [
        ('"a b"', "the event type 'a b' has a space in it", f'Write "a-b", {_SEND}'),
        ('"order.paid"', "the event type 'order.paid' has '.' in it", f'Write "order-paid", {_SEND}'),
        ('"-paid"', "the event type '-paid' begins with a hyphen", f'Write "paid", {_SEND}'),
        ('"!"', "the event type '!' has '!' in it", _CHARACTERS),
        ('""', "the event type is empty", _TYPE),
        ("None", "the event type is None, not text", _TYPE),
        ('"x" * 101', "the event type has 101 characters, more than 100", _SHORTER),
        ('f"paid/{event}"', "the event type has '/' in it", _CHARACTERS),
    ],
)
def test_an_event_type_is_refused(source: str, message: str, advice: str) -> None:
    found = only(f'await step.wait_for_event("approval", {source})')

    assert found.code == "SG112"
    assert found.message == f"{message}, so the engine refuses it and the wait fails."
    assert found.advice == advice


@pytest.mark.parametrize("source", ['"x" * 100', '"0-_"', 'f"{event}"', 'f"{event:>4}-paid"', "PAID", "event"])
def test_an_event_type_may_be_right(source: str) -> None:
    assert codes_in(f'await step.wait_for_event("approval", {source})', 'PAID = "paid"') == []


def test_an_event_type_stands_in_the_second_place() -> None:
    found = only('await step.wait_for_event("approval", type="paid")')

    assert found.message == "`type=` fails with a TypeError: a wait takes its name and event type by position only."
    assert (
        only('await step.wait_for_event("approval")').message
        == "this wait has no event type, so it fails with a TypeError."
    )
    assert codes_in('await step.wait_for_event(*event["payload"]["wait"])') == []


@pytest.mark.parametrize(
    ("source", "edited"),
    [
        ('step.sleep(name="a", duration="1 hour")', ['step.sleep("a", "1 hour")']),
        ('step.sleep(duration="1 hour", name="a")', ['step.sleep("a", "1 hour")']),
        ('step.sleep("a", duration=event["payload"]["x"])', ['step.sleep("a", event["payload"]["x"])']),
        ('step.sleep("a", seconds=5)', []),
        ('step.sleep(**{"name": "a", "duration": "1 hour"})', []),
        ('self.step.sleep(name="a", duration="1 hour")', ['self.step.sleep("a", "1 hour")']),
    ],
)
def test_keywords_of_a_sleep_are_dropped_where_it_is_plain_how(source: str, edited: list[str]) -> None:
    found = only(f"self.step = step\nawait {source}")

    assert found.code == "SG119"
    assert [edit.text for edit in found.edits if isinstance(edit, Replacement)] == edited


def test_keywords_of_a_sleep_on_several_lines_are_left_to_the_author() -> None:
    found = only('await step.sleep(\n    name="a",  # why\n    duration="1 hour",\n)')

    assert (found.code, found.edits) == ("SG119", ())


def test_keywords_that_are_not_known_are_no_fault() -> None:
    assert codes_in('await step.sleep("a", "1 hour", **event["payload"]["others"])') == []


@pytest.mark.parametrize(
    "source",
    [
        "time.time() + 60",
        "int(time.time()) + 60",
        "round(time.time() + delay)",
        "time.time() + delay",
        "(datetime.now() + timedelta(hours=1)).timestamp()",
        "int((datetime.now(timezone.utc) + timedelta(hours=delay)).timestamp())",
    ],
)
def test_seconds_are_seconds_however_they_are_added_to(source: str) -> None:
    body = f'delay = event["payload"]["delay"]\nawait step.sleep_until("due", {source})'

    assert codes_in(body, _BEFORE) == ["SG120"]


@pytest.mark.parametrize(
    "source",
    [
        "int(time.time() * 1000)",
        "(time.time() + 60) * 1000",
        "int((time.time() + delay) * 1000)",
        "1000 * (datetime.now() + timedelta(hours=1)).timestamp()",
        "datetime.now() + timedelta(hours=1)",
        "datetime.fromtimestamp(time.time() + 60)",
        "time.time_ns() // 1_000_000 + 5000",
        "timedelta(hours=delay) + datetime.now()",
    ],
)
def test_what_is_made_of_seconds_may_be_none(source: str) -> None:
    body = f'delay = event["payload"]["delay"]\nawait step.sleep_until("due", {source})'

    assert codes_in(body, _BEFORE) == []

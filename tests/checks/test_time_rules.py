"""Test rules on `sleep_until`, event types and keyword arguments of sleeps."""

from __future__ import annotations

import pytest

from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import codes_in, edits_of, only_finding

_BEFORE = "import time\nfrom datetime import date, datetime, timedelta, timezone\nfrom elsewhere import due"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('"2099-01-01"', "'2099-01-01' is a string, but "),
        ('"tomorrow"', "'tomorrow' is a string, but "),
        ('f"{due}Z"', '`f"{due}Z"` is a string, but '),
        ("datetime.now().isoformat()", "`datetime.now().isoformat()` is a string, but "),
        ("timedelta(days=1)", "`timedelta(days=1)` is a timedelta, but "),
        ("date(2099, 1, 1)", "`date(2099, 1, 1)` is a date, but "),
        ("None", "got `None`, but "),
        ("[2099, 1, 1]", "`[2099, 1, 1]` is a list, but "),
        ("(day for day in [1])", "`(day for day in [1])` is a generator, but "),
        ("True", "`True` is a bool, but "),
    ],
)
def test_values_that_are_not_times(source: str, message: str) -> None:
    finding = only_finding(f'await step.sleep_until("due", {source})', _BEFORE)

    assert finding.code == "SG120"
    assert finding.message == f"{message}`step.sleep_until` takes a datetime or epoch milliseconds, so it fails."


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("datetime(2024, 12, 31)", "`2024-12-31T00:00:00` is in the past, so the sleep fails."),
        (
            "datetime(2024, 12, 31, tzinfo=timezone.utc)",
            "`2024-12-31T00:00:00+00:00` is in the past, so the sleep fails.",
        ),
        ("1735689599999", "the epoch milliseconds `1735689599999` are in the past, so the sleep fails."),
        ("0", "the epoch milliseconds `0` are in the past, so the sleep fails."),
        (
            "4070908800",
            (
                "`4070908800` looks like epoch seconds, but `step.sleep_until` takes a datetime or epoch milliseconds:"
                " the time is in 1970, so it fails."
            ),
        ),
        (
            "time.time()",
            (
                "`time.time()` is in seconds, but `step.sleep_until` takes a datetime or epoch milliseconds: the time"
                " is in 1970, so it fails."
            ),
        ),
    ],
)
def test_times_in_the_past(source: str, message: str) -> None:
    finding = only_finding(f'await step.sleep_until("due", {source})', _BEFORE)

    assert (finding.code, finding.message) == ("SG120", message)


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
def test_times_that_may_be_in_the_future(source: str) -> None:
    assert "SG120" not in codes_in(f'await step.sleep_until("due", timestamp={source})', _BEFORE)


def test_text_of_a_time_is_parsed_in_the_advice() -> None:
    finding = only_finding('await step.sleep_until("due", "2099-01-01T00:00:00+00:00")')

    assert finding.advice == 'Pass the datetime itself: `datetime.fromisoformat("2099-01-01T00:00:00+00:00")`.'


def test_missing_time() -> None:
    assert codes_in('await step.sleep_until("due")') == ["SG120"]
    assert codes_in('await step.sleep_until("due", **event["payload"]["due"])') == []


_SEND = "and send the event with the same type."
_CHARACTERS = f"Write letters, digits, hyphens and underscores, {_SEND}"
_SHORTER = f"Shorten it, {_SEND}"
_TYPE = "Write the event type that the sender uses."


@pytest.mark.parametrize(
    ("source", "message", "advice"),
    [
        ('"a b"', "the event type 'a b' contains a space", f'Write "a-b", {_SEND}'),
        ('"order.paid"', "the event type 'order.paid' contains '.'", f'Write "order-paid", {_SEND}'),
        ('"-paid"', "the event type '-paid' starts with a hyphen", f'Write "paid", {_SEND}'),
        ('"!"', "the event type '!' contains '!'", _CHARACTERS),
        ('""', "the event type is empty", _TYPE),
        ("None", "the event type is `None`, not a string", _TYPE),
        ('"x" * 101', "the event type has 101 characters, more than 100", _SHORTER),
        ('f"paid/{event}"', "the event type contains '/'", _CHARACTERS),
    ],
)
def test_invalid_event_types(source: str, message: str, advice: str) -> None:
    finding = only_finding(f'await step.wait_for_event("approval", {source})')

    assert finding.code == "SG112"
    assert finding.message == f"{message}: Cloudflare rejects it, and the wait fails."
    assert finding.advice == advice


@pytest.mark.slow
def test_javascript_options_of_a_wait() -> None:
    finding = only_finding('await step.wait_for_event("approval", {"type": "paid", "timeout": "1 hour"})')

    assert (finding.code, finding.advice) == ("SG112", 'Write `"paid", timeout="1 hour"` instead.')
    (edit,) = edits_of(finding)
    assert isinstance(edit, Replacement)
    assert edit.text == 'step.wait_for_event("approval", "paid", timeout="1 hour")'


@pytest.mark.parametrize("source", ['"x" * 100', '"0-_"', 'f"{event}"', 'f"{event:>4}-paid"', "PAID", "event"])
def test_valid_event_types(source: str) -> None:
    assert codes_in(f'await step.wait_for_event("approval", {source})', 'PAID = "paid"') == []


def test_event_type_is_the_second_argument() -> None:
    finding = only_finding('await step.wait_for_event("approval", type="paid")')

    assert finding.message == (
        "unsupported keyword `type=`: a wait takes its name and event type by position only, so it fails with a"
        " TypeError."
    )
    assert (
        only_finding('await step.wait_for_event("approval")').message
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
def test_keywords_of_a_sleep_have_a_fix(source: str, edited: list[str]) -> None:
    finding = only_finding(f"self.step = step\nawait {source}")

    assert finding.code == "SG119"
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == edited


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ('step.sleep("a", duration="1 hour")', 'Write `step.sleep("a", "1 hour")`.'),
        ('step.sleep("a", seconds=5)', 'Pass both by position, as in `step.sleep("cool down", "10 minutes")`.'),
    ],
)
def test_advice_on_keywords_of_a_sleep(source: str, advice: str) -> None:
    assert only_finding(f"await {source}").advice == advice


def test_advice_on_keywords_of_a_wait() -> None:
    finding = only_finding('await step.wait_for_event("go", event_type="go", timeout="1 day")')
    assert finding.advice == 'Write `step.wait_for_event("go", "go", timeout="1 day")`.'


def test_multiline_sleep_has_no_fix() -> None:
    finding = only_finding('await step.sleep(\n    name="a",  # why\n    duration="1 hour",\n)')

    assert (finding.code, finding.fix) == ("SG119", None)


def test_keywords_after_both_arguments_are_not_flagged() -> None:
    assert codes_in('await step.sleep("a", "1 hour", note="why")') == []


def test_unknown_keywords_are_not_flagged() -> None:
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
def test_seconds_after_arithmetic(source: str) -> None:
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
def test_arithmetic_that_may_not_yield_seconds(source: str) -> None:
    body = f'delay = event["payload"]["delay"]\nawait step.sleep_until("due", {source})'

    assert "SG120" not in codes_in(body, _BEFORE)

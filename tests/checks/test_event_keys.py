from __future__ import annotations

import pytest

from tests.checks.snippets import findings_in_run, flagged_in_run

_WAIT = 'answer = await step.wait_for_event("w", "t")\n'


@pytest.mark.parametrize(
    ("use", "place"),
    [
        ('print(answer["approved"])', 'answer["approved"]'),
        ('print(answer.get("approved", False))', 'answer.get("approved", False)'),
        ("print(answer.approved)", "answer.approved"),
        ('print(event["order_id"])', 'event["order_id"]'),
        ('print(event.get("order_id"))', 'event.get("order_id")'),
        ("print(event.order_id)", "event.order_id"),
        ('print(event["type"])', 'event["type"]'),
        ('print(answer["instanceId"])', 'answer["instanceId"]'),
        ('KEY = "order_id"\nprint(event[KEY])', "event[KEY]"),
        ('def read(e):\n    return e["order_id"]\nread(event)', 'e["order_id"]'),
        ('match event:\n    case {"order_id": order}:\n        print(order)', '"order_id"'),
        ('one, _ = await asyncio.gather(step.wait_for_event("v", "t"), a())\nprint(one["x"])', 'one["x"]'),
    ],
)
def test_unknown_envelope_keys(use: str, place: str) -> None:
    assert flagged_in_run("SG212", _WAIT + use) == [place]


@pytest.mark.parametrize(
    "use",
    [
        'print(answer["payload"]["approved"], answer["type"], answer["timestamp"])',
        'one, two = await asyncio.gather(step.wait_for_event("v", "t"), a())\nprint(one["payload"]["x"], two["x"])',
        'one, _ = await asyncio.gather(step.wait_for_event("v", "t"), a(), return_exceptions=True)\nprint(one.args)',
        "print(answer.payload.approved, answer.type)",
        'print(event["payload"]["order_id"], event["instanceId"], event["workflowName"], event.get("schedule"))',
        "print(event.payload, event.instanceId, event.to_py(), event.keys(), event.__class__)",
        'data = event if "order_id" in event else event["payload"]\nprint(data["order_id"])',
        'data = event.get("payload") or event\nprint(data["order_id"])',
        'data = getattr(event, "payload", event)\nprint(data["order_id"])',
        'if "order_id" in event:\n    print(event["order_id"])',
        'event["attempt"] = 1\nprint(event["attempt"])',
        'print(event.get("order_id") or event["payload"]["order_id"])',
        "print(event[unknown])",
        'event = {"order_id": 1}\nprint(event["order_id"])',
        'print(answer["payload"].get("approved"))',
        'match event["payload"]:\n    case {"order_id": order}:\n        print(order)',
        'match event:\n    case {"payload": {"order_id": order}} | {"instanceId": order}:\n        print(order)',
        'match event:\n    case {"payload": data}:\n        pass\n    case {"order_id": order}:\n        pass',
        'result = await a()\nprint(result["approved"])',
    ],
)
def test_valid_keys_and_other_objects(use: str) -> None:
    assert flagged_in_run("SG212", _WAIT + use) == []


def test_message_and_advice_for_an_unknown_key() -> None:
    (finding,) = findings_in_run("SG212", _WAIT + 'print(answer["approved"])')

    assert finding.message == (
        "`answer[\"approved\"]` fails with a KeyError: the result of `wait_for_event` has the keys 'payload',"
        " 'timestamp' and 'type', and the sent data is in 'payload'."
    )
    assert finding.advice == 'Write `answer["payload"]["approved"]`.'


@pytest.mark.parametrize(
    ("read", "advice"),
    [
        ('event["city"]', 'Write `event["payload"]["city"]`.'),
        ('event.get("city", "Lisbon")', 'Write `event["payload"].get("city", ...)`.'),
        ('event["instance_id"]', 'Write `event["instanceId"]`.'),
        ("event.workflow_name", 'Write `event["workflowName"]`.'),
    ],
)
def test_advice_uses_the_same_expression(read: str, advice: str) -> None:
    (finding,) = findings_in_run("SG212", f"print({read})")

    assert finding.advice == advice


@pytest.mark.parametrize("use", ['print(event["params"])', 'print(event.get("params"))'])
def test_params_are_the_payload(use: str) -> None:
    (finding,) = findings_in_run("SG212", use)
    assert finding.advice == 'Write `event["payload"]`.'

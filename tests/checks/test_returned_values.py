"""Values that functions, methods, properties and steps return, and that reach the engine."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_module, flagged_in_run

_USE = "\n\nclass W(WorkflowEntrypoint):\n    async def run(self, event, step):\n        "


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("def pause():\n    return '1h'", "pause()"),
        ("async def pause():\n    return '1h'", "await pause()"),
        ("def pause(kind):\n    if kind:\n        return '1h'\n    return '1 hour'", "pause(rows)"),
        ("def inner():\n    return '1h'\n\ndef pause():\n    return inner()", "pause()"),
        ("def pause(length):\n    return length", "pause('1h')"),
        ("pause = lambda: '1h'", "pause()"),
        ("import functools\n\n@functools.cache\ndef pause():\n    return '1h'", "pause()"),
        ("@step.do('pick')\nasync def pick():\n    return '1h'\n", "await pick()"),
        ("def options():\n    return {'pause': '1h'}", "options().get('pause')"),
        ("table = {'a': '1h', 'b': '1 hour'}\n\ndef pause(tier):\n    return table[tier]", "pause(rows)"),
    ],
)
def test_returned_duration(function: str, call: str) -> None:
    body = f"rows = event['payload']\n{function}\n\nlength = {call}\nawait step.sleep('wait', length)"
    assert flagged_in_run("SG109", body) == ["'1h'"]


def test_returned_choice() -> None:
    body = "def pause(kind):\n    return '1h' if kind else '1 hour'\n\nawait step.sleep('wait', pause(event))"
    assert flagged_in_run("SG109", body) == ["'1h' if kind else '1 hour'"]


@pytest.mark.parametrize(
    ("function", "flagged"),
    [
        ("@property\n    def pause(self):\n        return '1h'", "self.pause"),
        ("@staticmethod\n    def pause():\n        return '1h'", "self.pause()"),
        ("@classmethod\n    def pause(cls):\n        return '1h'", "self.pause()"),
    ],
)
def test_duration_from_a_method(function: str, flagged: str) -> None:
    module = f"class W(WorkflowEntrypoint):\n    {function}\n\n    async def run(self, event, step):\n"
    assert flagged_in_module("SG109", f"{module}        await step.sleep('wait', {flagged})") == ["'1h'"]


def test_unit_in_a_returned_f_string() -> None:
    module = f"def minutes(count):\n    return f'{{count}} min'{_USE}await step.sleep('wait', minutes(5))"
    assert flagged_in_module("SG205", module) == ["f'{count} min'"]


def test_returned_event_type() -> None:
    module = f"def kind(name):\n    return f'order.{{name}}'{_USE}await step.wait_for_event('wait', kind('paid'))"
    assert flagged_in_module("SG112", module) == ["f'order.{name}'"]


def test_returned_timestamp() -> None:
    module = f"def due():\n    return '2030-01-01'{_USE}await step.sleep_until('wait', due())"
    assert flagged_in_module("SG120", module) == ["'2030-01-01'"]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("def pause(length):\n    return length", "pause('1h').replace('h', ' hours')"),
        ("def pause(kind):\n    if kind == 'none':\n        return None\n    return '1 hour'", "pause(rows)"),
        ("def pause(kind):\n    if kind == 'bad':\n        return '1h'\n    return '1 hour'", "pause('good')"),
        ("def setting(name, default):\n    return default\n\nsetting('title', 'hello')", "setting('pause', '1 hour')"),
        (
            "table = {'title': 'hello', 'pause': '1 hour'}\n\ndef setting(name):\n    return table[name]\n",
            "setting('pause')",
        ),
        ("@acme.converted\ndef pause():\n    return '1h'", "pause()"),
        ("def pause():\n    return pause()", "pause()"),
    ],
)
def test_returned_values_that_do_not_reach_the_engine(function: str, call: str) -> None:
    body = f"rows = event['payload']\n{function}\n\nawait step.sleep('wait', {call})"
    assert flagged_in_run("SG109", body, imports="import acme") == []


def test_tested_result() -> None:
    body = (
        "def pause(kind):\n    return 30 if kind else '1 hour'\n\nlength = pause(event)\n"
        "if isinstance(length, str):\n    await step.sleep('wait', length)"
    )
    assert flagged_in_run("SG206", body) == []

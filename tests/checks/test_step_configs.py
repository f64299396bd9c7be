"""Test SG108: invalid configurations of steps."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.model.note import Note
from stepgraph.syntax.edits.source_edits import Replacement
from tests.checks.snippets import codes_in, edits_of, findings_in, module_source, only_finding, step_with_config


@pytest.mark.parametrize(
    ("source", "message", "advice"),
    [
        (
            '{"retries": {"limit": 3}}',
            "`retries` lacks `delay`",
            'Write both keys, as in `{"limit": 3, "delay": "10 seconds"}`. The defaults are 5 retries and 1000 ms.',
        ),
        (
            '{"retries": {}}',
            "`retries` lacks `limit` and `delay`",
            'Write both keys, as in `{"limit": 3, "delay": "10 seconds"}`. The defaults are 5 retries and 1000 ms.',
        ),
        ('{"timeOut": "1 minute"}', "unknown key `timeOut` in the config", 'Write "timeout".'),
        ('{"retry": None}', "unknown key `retry` in the config", 'Write "retries".'),
        (
            '{"backoff": "linear"}',
            "unknown key `backoff` in the config",
            "Move `backoff` to the dictionary `retries`.",
        ),
        (
            '{"color": "red"}',
            "unknown key `color` in the config",
            "Remove it. Available: `retries`, `timeout`, `sensitive`.",
        ),
        (
            '{"retries": {"limit": 3, "delay": 0, "timeout": 500}}',
            "unknown key `timeout` in `retries`",
            "Move `timeout` out of `retries`, to the config itself.",
        ),
        ('{"retries": {"max_attempts": 3, "delay": 0}}', "unknown key `max_attempts` in `retries`", 'Write "limit".'),
        (
            '{"retries": {"limit": 3, "delay": 0, "backoff": "Linear"}}',
            'unknown backoff `"Linear"`',
            'Write "linear".',
        ),
        (
            '{"sensitive": True}',
            '`sensitive` must be "output", not `True`',
            'Write "output" to hide the step\'s result, or remove the key.',
        ),
    ],
)
def test_invalid_configs(source: str, message: str, advice: str) -> None:
    finding = only_finding(step_with_config(source))

    assert finding.code == "SG108"
    assert finding.message == f"{message}: the engine rejects the config, and the step never runs."
    assert finding.advice == advice


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("-1", "`limit` is negative (`-1`)"),
        ("10_001", "`limit` is 10,001, above the maximum of 10,000"),
        ("True", "`limit` is a bool (`True`), not a number"),
        ('"3"', '`limit` is a string (`"3"`), not a number'),
        ("None", "`limit` is None, not a number"),
        ("math.inf", "`limit` must be finite, not `math.inf`"),
        ("1e999", "`limit` must be finite, not `1e999`"),
        ("timedelta(1)", "`limit` is a timedelta (`timedelta(1)`), not a number"),
    ],
)
def test_retry_limits(limit: str, message: str) -> None:
    before = "import math\nfrom datetime import timedelta"
    finding = only_finding(step_with_config(f'{{"retries": {{"limit": {limit}, "delay": 500}}}}'), before)

    assert finding.message == f"{message}: the engine rejects the config, and the step never runs."


@pytest.mark.parametrize(
    "source", ['"5 minutes"', "5", "True", '["retries"]', "timedelta(minutes=5)", "Config()", '{"retries": 3}']
)
def test_configs_that_are_not_dictionaries(source: str) -> None:
    before = """
    from dataclasses import dataclass
    from datetime import timedelta

    @dataclass
    class Config:
        timeout: str = "5 minutes"
    """

    assert codes_in(step_with_config(source), before) == ["SG108"]


@pytest.mark.parametrize(
    "source",
    [
        "{}",
        "None",
        '{"retries": None}',
        '{"retries": {"limit": 2.5, "delay": "1 second"}}',
        '{"retries": {"limit": 10_000, "delay": 100, "backoff": "constant"}}',
        '{"retries": {"limit": limit(), **others}}',
        '{"retries": others}',
        '{name: "5 minutes"}',
        '{**others, "timeout": "5 minutes"}',
        'dict(retries=dict(limit=3, delay="1 second"))',
        'Config(timeout="5 minutes")',
        'others | {"timeout": "5 minutes"}',
    ],
)
def test_valid_or_unknown_configs(source: str) -> None:
    before = """
    from typing import TypedDict

    from elsewhere import limit, name, others

    class Config(TypedDict):
        timeout: str
    """

    assert codes_in(step_with_config(source), before) == []


def test_misspelled_key_has_a_fix() -> None:
    finding = only_finding(step_with_config("{'retires': {'limit': 1, 'delay': 500}}"))

    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ["'retries'"]
    assert finding.span.line == 7


def test_misspelled_key_is_not_also_missing() -> None:
    assert codes_in(step_with_config('{"retries": {"limits": 3, "dealy": 500}}')) == ["SG108", "SG108"]


def test_config_completed_later() -> None:
    body = 'retries = {"limit": 3}\nretries["delay"] = 500\n' + step_with_config('{"retries": retries}')

    assert codes_in(body) == []


_MERGED = """
from copy import deepcopy

from elsewhere import complete

DEFAULTS = {"retries": {"limit": 3, "delay": 500}}

def updated(base, extra):
    config = dict(base)
    config.update(extra)
    return config

def limited(limit):
    config = deepcopy(DEFAULTS)
    config["retries"]["limit"] = limit
    return config

def misspelled():
    config = DEFAULTS.copy()
    config["tmeout"] = "5 minutes"
    return config

def cleaned():
    config = misspelled()
    config.pop("tmeout")
    return config

def bare():
    return {"retries": {"limit": 3}}

def completed():
    incomplete = bare()
    complete(incomplete)
    return incomplete
"""


@pytest.mark.parametrize(
    ("config", "messages"),
    [
        ('updated(DEFAULTS, {"retry": 3})', ["unknown key `retry` in the config"]),
        ("limited(-1)", ["`limit` is negative (`-1`)"]),
        ("misspelled()", ["unknown key `tmeout` in the config"]),
        ("bare()", ["`retries` lacks `delay`"]),
        ('updated(DEFAULTS, {"timeout": "5 minutes"})', []),
        ("limited(5)", []),
        ("cleaned()", []),
        ("completed()", []),
    ],
)
def test_config_from_a_function(config: str, messages: list[str]) -> None:
    findings = findings_in(step_with_config(config), _MERGED)
    assert [each.message.split(":")[0] for each in findings if each.code == "SG108"] == messages


def test_shared_config_is_flagged_once() -> None:
    before = 'CONFIG = {"retries": {"limit": 3}}'
    body = """
    for name in ("charge", "refund"):
        @step.do(name, config=CONFIG)
        async def charge():
            return 1

        await charge()

    @step.do("notify", config=CONFIG)
    async def notify():
        return 1

    await notify()
    """

    assert [(f.code, f.span.line) for f in findings_in(body, before)] == [("SG108", 1)]


def test_rejected_value_is_not_also_unresolved() -> None:
    source = """
from workers import WorkflowEntrypoint

class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge", config={"retries": {"limit": "3", "delay": 500, "backoff": event["payload"]["backoff"]}})
        async def charge():
            return 1

        await charge()
"""

    findings = check_analysis(analyze_source(source))

    assert [f.code for f in findings] == ["SG108", "SG005"]
    assert findings[1].message == 'the step\'s backoff `event["payload"]["backoff"]` is not statically known.'
    assert findings[1].advice == "The graph shows the default, exponential."


@pytest.mark.slow
def test_message_on_unknown_retries() -> None:
    source = """
from workers import WorkflowEntrypoint

class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("charge", config={"retries": event["payload"]["retries"]})
        async def charge():
            return 1

        await charge()
"""

    (finding,) = check_analysis(analyze_source(source))

    assert finding.message == 'the step\'s retries `event["payload"]["retries"]` are not statically known.'


def notes_on_config(config: str) -> Sequence[Note]:
    (workflow,) = analyze_source(module_source(step_with_config(config))).workflows
    return workflow.notes


@pytest.mark.parametrize("retries", ["3", "[1]", '"3"'])
def test_note_on_retries_that_are_no_dictionary(retries: str) -> None:
    (note,) = notes_on_config(f'{{"retries": {retries}}}')
    assert note.label == "error[SG108]"
    assert note.message == f"the step's retries `{retries}` are invalid, so the engine rejects the config."


def test_no_note_on_retries_without_a_value() -> None:
    assert notes_on_config('{"retries": None}') == ()


@pytest.mark.parametrize("delay", ["lambda: 500", "lambda attempt, error: 500", "fixed_delay"])
def test_delay_functions_that_do_not_accept_one_argument(delay: str) -> None:
    before = "def fixed_delay():\n    return 500"
    finding = only_finding(step_with_config(f'{{"retries": {{"limit": 1, "delay": {delay}}}}}'), before)

    assert finding.code == "SG108"
    assert finding.message == (
        f"the retry delay `{delay}` does not accept one argument: the engine calls it with one after a failed attempt,"
        " so the step fails without a retry."
    )


@pytest.mark.parametrize(
    "delay", ["lambda failure: 500", "lambda failure, base=5: base", "lambda *failures: 500", "partial(scaled, 2)"]
)
def test_delay_functions_are_notes(delay: str) -> None:
    body = step_with_config(f'{{"retries": {{"limit": 1, "delay": {delay}}}}}')
    before = "from functools import partial\n\ndef scaled(factor, failure):\n    return factor"
    (finding,) = check_analysis(analyze_source(module_source(body, before)))

    assert (finding.code, finding.severity) == ("SG005", Severity.NOTE)
    assert (
        finding.message
        == f"the step's delay `{delay}` is a function, which the engine calls after each failed attempt."
    )


def test_lambda_without_parameters_gets_one() -> None:
    finding = only_finding(step_with_config('{"retries": {"limit": 1, "delay": lambda: 500}}'))

    assert finding.advice == "Write `lambda failure: 500`."
    assert [edit.text for edit in edits_of(finding) if isinstance(edit, Replacement)] == ["lambda failure: 500"]

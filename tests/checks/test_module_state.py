"""Test branches that depend on variables of modules."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.checks.snippets import replay_findings, replay_lines

_STEP = "\n@step.do('send')\nasync def send():\n    return 1\n\n"
_MODULE = "STATE = {}\nITEMS = []\ncount = 0\n"


def flagged(body: str, module: str = _MODULE, methods: str = "") -> list[str]:
    """Return the lines that the rule reports in a body of `run` after the declaration of a step."""
    return replay_lines(_STEP + dedent(body), "SG313", module=module, methods=methods)


@pytest.mark.parametrize(
    "change",
    [
        "STATE['a'] = 1",
        "STATE['a']['b'] = 1",
        "STATE.update(a=1)",
        "STATE.setdefault('a', []).append(1)",
        "del STATE['a']",
        "state = STATE\nSTATE |= state",
    ],
)
def test_change_of_a_dictionary(change: str) -> None:
    prefix = "global STATE\n" if "|=" in change else ""
    assert flagged(f"{prefix}if 'a' in STATE:\n    await send()\n{change}") == ["if 'a' in STATE:"]


@pytest.mark.parametrize("change", ["count += 1", "count = count + 1", "count = 5"])
def test_change_of_a_number(change: str) -> None:
    assert flagged(f"global count\nif count > 3:\n    await send()\n{change}") == ["if count > 3:"]


@pytest.mark.parametrize(
    ("test", "line"),
    [
        ("while len(ITEMS) < 3:\n    await send()", "while len(ITEMS) < 3:"),
        ("for item in ITEMS:\n    await send()", "for item in ITEMS:"),
        ("if ITEMS:\n    return\nawait send()", "if ITEMS:"),
        ("await send() if ITEMS else None", "await send() if ITEMS else None"),
    ],
)
def test_forms_of_a_condition(test: str, line: str) -> None:
    assert flagged(f"{test}\nITEMS.append(1)") == [line]


def test_change_in_a_method() -> None:
    methods = "def remember(self):\n    STATE['a'] = 1\n"
    assert flagged("if STATE:\n    await send()\nself.remember()", methods=methods) == ["if STATE:"]


def test_change_in_a_step_after_the_test() -> None:
    body = """
    if STATE:
        await send()

    @step.do("remember")
    async def remember():
        STATE["a"] = 1

    await remember()
    """
    assert flagged(body) == ["if STATE:"]


@pytest.mark.parametrize(
    "body",
    [
        "if STATE:\n    await send()",
        "if STATE:\n    print('again')\nSTATE['a'] = 1\nawait send()",
        "ITEMS.clear()\nITEMS.append(1)\nif ITEMS:\n    await send()",
        "ITEMS[:] = []\nITEMS.append(1)\nif ITEMS:\n    await send()",
        "ITEMS[:] = event['payload']\nif ITEMS:\n    await send()",
        "del ITEMS[:]\nITEMS.append(1)\nif ITEMS:\n    await send()",
        "global count\ncount = event['payload']\nif count > 3:\n    await send()",
        "ITEMS = []\nif ITEMS:\n    await send()\nITEMS.append(1)",
        "global count\nif count is None:\n    count = 5\nawait send()",
        "if event['payload']['ITEMS']:\n    await send()\nITEMS.append(1)",
        "global count\nif self.env.count:\n    await send()\ncount += 1",
        "global count\nif any(count > 3 for count in event['payload']):\n    await send()\ncount += 1",
        "global count\nif max(event['payload'], key=lambda count: -count):\n    await send()\ncount += 1",
    ],
)
def test_conditions_that_do_not_depend_on_earlier_runs(body: str) -> None:
    assert flagged(body) == []


@pytest.mark.parametrize(
    "change",
    ["ITEMS[1:] = []", "ITEMS[:] = ITEMS[1:]", "ITEMS[:] += [1]", "del ITEMS[::2]", "ITEMS[0][:] = []"],
)
def test_change_that_keeps_elements_of_earlier_runs(change: str) -> None:
    assert flagged(f"{change}\nif ITEMS:\n    await send()") == ["if ITEMS:"]


@pytest.mark.parametrize(
    "fill",
    [
        "if not STATE:\n    STATE['a'] = 1",
        "if not STATE:\n    self.load()",
        "self.load_once()",
    ],
)
def test_variable_that_is_filled_once(fill: str) -> None:
    methods = """
    def load(self):
        STATE.update(self.env.SETTINGS)

    def load_once(self):
        if STATE:
            return
        STATE.update(self.env.SETTINGS)
    """
    assert flagged(f"{fill}\nif STATE['a']:\n    await send()", methods=methods) == []


def test_step_before_a_variable_is_filled() -> None:
    body = """
    if not STATE:
        await send()
        STATE["a"] = 1
    if STATE["a"]:
        await send()
    """
    assert flagged(body) == ["if not STATE:"]


@pytest.mark.parametrize("test", ["len(ITEMS) < 9", "event['payload'] not in ITEMS"])
def test_collection_that_several_runs_extend(test: str) -> None:
    body = f"""
    if {test}:
        ITEMS.append(event["payload"])
    for item in ITEMS:
        await send()
    """
    assert flagged(body) == ["for item in ITEMS:"]


def test_change_while_the_module_is_imported() -> None:
    module = "STATE = {}\ndef register(key):\n    STATE[key] = 1\nregister('a')"
    assert flagged("if 'a' in STATE:\n    await send()", module) == []


def test_state_that_a_step_changes_before_the_test_has_another_finding() -> None:
    body = """
    @step.do("remember")
    async def remember():
        STATE["a"] = 1

    await remember()
    if STATE:
        await step.sleep("pause", "1 day")
    """
    assert replay_lines(body, "SG305", module=_MODULE) == ['STATE["a"] = 1']
    assert replay_lines(body, "SG313", module=_MODULE) == []


def test_message() -> None:
    (finding,) = replay_findings(_STEP + "if ITEMS:\n    await send()\nITEMS.append(1)", "SG313", module=_MODULE)
    assert finding.message == (
        "this condition around steps depends on `ITEMS`, a module variable that the workflow changes (line 19):"
        " instances in one Worker share it, and a restart resets it, so `run` may take another path."
    )
    assert finding.advice == (
        "Use a variable of `run`, or store `ITEMS` outside of the Worker, as in KV, and read it in a step."
    )
    assert [str(related) for related in finding.related] == ["<string>:19:9: `ITEMS` is changed here"]

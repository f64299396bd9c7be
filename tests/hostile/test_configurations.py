"""Malformed configurations and settings are read, or refused with one line each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hostile.conftest import Command

ORDERS = """from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", 1)
"""

# Values of every type, each in a field of a different type.
WRONG: list[object] = [
    None,
    True,
    -1,
    10**400,
    1.5,
    "",
    "x" * 100_000,
    "\0",
    "../../../etc/passwd",
    [],
    [[]],
    {},
    {"": {}},
    [None],
]
FIELDS = ["name", "main", "compatibility_date", "compatibility_flags", "workflows", "env", "rules", "limits"]
ENTRY_FIELDS = ["name", "binding", "class_name", "script_name", "limits", "schedule"]

JSON_TEXTS = {
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep arrays": '{"workflows":' + "[" * 100_000 + "]" * 100_000 + "}",
    "deep and not closed": "[{" * 100_000,
    "comments without end": "/*" * 100_000,
    "comments in comments": "/* /* */ " * 50_000,
    "slashes": "/" * 200_000,
    "quotes": '"' * 100_001,
    "backslashes": '{"' + "\\" * 200_001 + '"}',
    "commas": "{" + "," * 200_000 + "}",
    "digits": '{"a":' + "9" * 100_000 + "}",
    "exponents": '{"a": 1e999999999}',
    "no numbers": '{"a": NaN, "b": -Infinity}',
    "one field, often": '{"main": "a.py",' + '"main": "b.py",' * 500 + "}",
    "surrogates": '{"main": "\\ud800.py", "\\udfff": 1}',
    "spaces": "{" + " " * 2_000_000 + "}",
    "a byte order mark": "\ufeff{}",
}
TOML_TEXTS = {
    "deep arrays": "a = " + "[" * 100_000 + "]" * 100_000,
    "deep tables": "[" + ".".join(["a"] * 3_000) + "]\nb = 1",
    "deep keys": ".".join(["a"] * 3_000) + " = 1",
    "inline tables": "a = " + "{b = " * 100_000 + "1" + "}" * 100_000,
    "tables of tables": "[[workflows]]\n" * 1_000,
    "one field, often": 'main = "a.py"\n' * 2,
    "text without end": 'a = """' + "a\n" * 100_000,
    "digits": "a = " + "9" * 100_000,
    "dates that are none": "a = 9999-99-99",
    "dates": "compatibility_date = 2026-01-01T00:00:00+23:59",
    "no numbers": "a = nan\nb = -inf",
    "keys of all kinds": '"" = 1\n"\\u0000" = 2\n\'a.b\'.c = 3',
}


def write_orders() -> None:
    Path("orders.py").write_text(ORDERS, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wrangler.json", "wrangler.jsonc"])
@pytest.mark.parametrize("text", JSON_TEXTS.values(), ids=JSON_TEXTS.keys())
def test_json_may_be_anything(stepgraph: Command, name: str, text: str) -> None:
    write_orders()
    Path(name).write_text(text, encoding="utf-8")
    for command in ("graph", "check", "list"):
        assert stepgraph(command, ".").is_graceful


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wrangler.toml", "pyproject.toml"])
@pytest.mark.parametrize("text", TOML_TEXTS.values(), ids=TOML_TEXTS.keys())
def test_toml_may_be_anything(stepgraph: Command, name: str, text: str) -> None:
    write_orders()
    Path(name).write_text(f"# stepgraph\n{text}\n", encoding="utf-8")
    for command in ("check", "list"):
        assert stepgraph(command, ".").is_graceful


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_may_hold_any_value(stepgraph: Command, field: str) -> None:
    write_orders()
    workflows = [{"name": "orders", "binding": "ORDERS", "class_name": "Orders"}]
    for wrong in WRONG:
        whole = {"name": "shop", "main": "orders.py", "workflows": workflows, field: wrong}
        Path("wrangler.json").write_text(json.dumps(whole), encoding="utf-8")
        assert stepgraph("check", ".").is_graceful, wrong


@pytest.mark.slow
@pytest.mark.parametrize("field", ENTRY_FIELDS)
def test_each_field_of_a_workflow_may_hold_any_value(stepgraph: Command, field: str) -> None:
    write_orders()
    for wrong in WRONG:
        entry = {"name": "orders", "binding": "ORDERS", "class_name": "Orders", field: wrong}
        whole = {"name": "shop", "main": "orders.py", "workflows": [entry]}
        Path("wrangler.json").write_text(json.dumps(whole), encoding="utf-8")
        assert stepgraph("graph", ".").is_graceful, wrong


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["select", "ignore", "strict", "fail-on", "baseline", "severity", "snapshot", "x"])
@pytest.mark.parametrize(
    "value",
    ["1", "-1.5e300", "nan", "true", '""', '"\\u0000"', '"/dev/zero"', "[]", "[[[]]]", "[1]", "{}", "2026-01-01"],
)
def test_each_setting_may_hold_any_value(stepgraph: Command, setting: str, value: str) -> None:
    write_orders()
    Path("pyproject.toml").write_text(f"[tool.stepgraph]\n{setting} = {value}\n", encoding="utf-8")
    assert stepgraph("check", ".").is_graceful


@pytest.mark.parametrize("text", [TOML_TEXTS["deep tables"], TOML_TEXTS["deep keys"], TOML_TEXTS["deep arrays"]])
def test_toml_that_is_nested_too_deeply_is_refused(stepgraph: Command, text: str) -> None:
    write_orders()
    Path("wrangler.toml").write_text(text, encoding="utf-8")
    assert stepgraph("graph", ".").err == "wrangler.toml:1:1: nested too deeply.\n"

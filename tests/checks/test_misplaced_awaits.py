"""Test SG002: asynchronous code in functions without `async`, which Python does not compile."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks.projects import ENTRY
from tests.checks.snippets import codes_in, only_finding


def test_run_without_async() -> None:
    (finding,) = check_analysis(analyze_source(ENTRY.replace("async def", "def")))
    assert str(finding) == (
        "<string>:6:9: error: syntax error: `await` in the function `run`, which is not `async`."
        " Write `async def run`, or move the code to an async function. [SG002]"
    )


def test_step_without_async() -> None:
    body = '@step.do("read")\ndef read():\n    return await self.env.KV.get("a")\n\nawait read()'
    assert only_finding(body).message == "syntax error: `await` in the function `read`, which is not `async`."


def test_each_function_is_reported_once() -> None:
    body = '@step.do("read")\ndef read():\n    await self.env.A.get("a")\n    await self.env.B.get("b")\n\nawait read()'
    assert codes_in(body) == ["SG002"]


@pytest.mark.parametrize(
    ("statement", "keyword"),
    [
        ("async for key in self.env.KV.list(): pass", "async for"),
        ("async with self.lock: pass", "async with"),
        ("return [await self.env.KV.get(key) for key in 'ab']", "await"),
    ],
)
def test_other_asynchronous_code(statement: str, keyword: str) -> None:
    body = f'@step.do("read")\ndef read():\n    {statement}\n\nawait read()'
    assert only_finding(body).message == f"syntax error: `{keyword}` in the function `read`, which is not `async`."


@pytest.mark.parametrize(
    "function",
    [
        "def make():\n    async def read():\n        await self.env.KV.get('a')\n    return read\n\nread = make()",
        "def make():\n    return (await self.env.KV.get(key) for key in 'ab')\n\nasync def read():\n    make()",
    ],
)
def test_plain_functions_may_contain_async_code(function: str) -> None:
    assert "SG002" not in codes_in(
        f'{function}\n\n@step.do("read")\nasync def step_read():\n    await read()\n\nawait step_read()'
    )

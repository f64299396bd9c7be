"""Test functions with external decorators, whose effect is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.snippets import LEGACY, project_codes

_IMPORTS = """
from dataclasses import dataclass
from functools import lru_cache, singledispatch, wraps

import framework

@dataclass
class Item:
    id: int

@framework.as_json
def load():
    return Item(1)

@framework.as_json
def pair():
    return 1, 2

@singledispatch
def plain(value):
    return value

@plain.register
def _(value: tuple):
    return list(value)

@lru_cache
def cached():
    return Item(1)
"""


@pytest.mark.parametrize("returned", ["load()", "pair()", '{"item": load(), "pair": pair()}', "plain((1, 2))"])
def test_result_of_a_decorated_helper_is_unknown(returned: str, tmp_path: Path) -> None:
    body = f"""
        @step.do("a")
        async def a():
            return {returned}

        await a()
        """
    assert project_codes(tmp_path, body, imports=_IMPORTS) == []


def test_cache_decorator_keeps_the_result(tmp_path: Path) -> None:
    body = """
        @step.do("a")
        async def a():
            return cached()

        await a()
        """
    assert project_codes(tmp_path, body, imports=_IMPORTS) == ["SG121"]


@pytest.mark.parametrize(
    "function",
    [
        "async def a():\n    return 1, 2",
        "async def a():\n    yield 1",
        "async def a(client, *more, **options):\n    return 1",
    ],
)
def test_decorated_step_function_is_unknown(function: str, tmp_path: Path) -> None:
    body = f'@step.do("a")\n@framework.adapted\n{function}\n\nawait a()'

    assert project_codes(tmp_path, body, imports=_IMPORTS) == []
    assert project_codes(tmp_path, body, imports=_IMPORTS, mode=LEGACY) == []


def test_dependency_count_of_a_decorated_function_is_unknown(tmp_path: Path) -> None:
    body = """
        @step.do("a")
        async def a():
            return 1

        @step.do("b", depends=[a])
        @framework.injected
        async def b(client, value):
            return value

        await b()
        """
    assert project_codes(tmp_path, body, imports=_IMPORTS, mode=LEGACY) == []


def test_arguments_of_a_decorated_step_are_unknown(tmp_path: Path) -> None:
    body = """
        @framework.taking_arguments
        @step.do("a")
        async def a():
            return 1

        await a(3)
        """
    assert project_codes(tmp_path, body, imports=_IMPORTS) == []


def test_decorator_of_the_project_is_analyzed(tmp_path: Path) -> None:
    imports = """
def adapted(function):
    async def around():
        return list(await function(1))

    return around
"""
    body = """
        @step.do("a")
        @adapted
        async def a(number):
            return number, 2

        await a()
        """
    assert project_codes(tmp_path, body, imports=imports) == []

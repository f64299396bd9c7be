"""Decorators from outside the project: what they make of a function is not known, so nothing is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.run_bodies import LEGACY, codes_in

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
def test_what_a_decorated_helper_returns_is_not_known(returned: str, tmp_path: Path) -> None:
    body = f"""
        @step.do("a")
        async def a():
            return {returned}

        await a()
        """
    assert codes_in(tmp_path, body, imports=_IMPORTS) == []


def test_a_cache_changes_nothing_of_what_a_helper_returns(tmp_path: Path) -> None:
    body = """
        @step.do("a")
        async def a():
            return cached()

        await a()
        """
    assert codes_in(tmp_path, body, imports=_IMPORTS) == ["SG121"]


@pytest.mark.parametrize(
    "function",
    [
        "async def a():\n    return 1, 2",
        "async def a():\n    yield 1",
        "async def a(client, *more, **options):\n    return 1",
    ],
)
def test_what_a_decorated_function_of_a_step_takes_and_returns_is_not_known(function: str, tmp_path: Path) -> None:
    body = f'@step.do("a")\n@framework.adapted\n{function}\n\nawait a()'

    assert codes_in(tmp_path, body, imports=_IMPORTS) == []
    assert codes_in(tmp_path, body, imports=_IMPORTS, mode=LEGACY) == []


def test_how_many_steps_a_decorated_function_takes_is_not_known(tmp_path: Path) -> None:
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
    assert codes_in(tmp_path, body, imports=_IMPORTS, mode=LEGACY) == []


def test_what_a_step_may_be_called_with_through_a_decorator_is_not_known(tmp_path: Path) -> None:
    body = """
        @framework.taking_arguments
        @step.do("a")
        async def a():
            return 1

        await a(3)
        """
    assert codes_in(tmp_path, body, imports=_IMPORTS) == []


def test_a_decorator_of_the_project_is_read(tmp_path: Path) -> None:
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
    assert codes_in(tmp_path, body, imports=imports) == []

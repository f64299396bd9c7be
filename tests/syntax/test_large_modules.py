"""Modules that the parser would take too much memory for are refused before it is asked."""

from __future__ import annotations

import pytest

from stepgraph.limits import PARSED_TOKENS
from stepgraph.model.note import InputError
from stepgraph.syntax.deep import run_deep
from stepgraph.syntax.modules import Modules
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.shallow import glance


@pytest.mark.parametrize(
    "source",
    [
        "x = [" + "0," * 400_000 + "]\n",
        "a\n" * 250_000,
        "\n" * 400_000,
        "#\n" * 250_000,
        "x = [" + "''," * 400_000 + "]",
        "x = f'" + "{a}" * 250_000 + "'",
        "x = f'" + "{a:>10}" * 125_000 + "'",
        "x = [0 if 1 else' ', " + "a(0)," * 150_000 + "]",
        "x = [0 if 1 else''' ''', " + "a(0),\n" * 100_000 + "]",
        'x = [f"{a["b"]}", " ", ' + "a(0)," * 150_000 + '"]"]',
    ],
)
def test_a_module_of_too_many_tokens_is_refused(source: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_module(source.encode(), "shop.py")

    assert str(refusal.value) == "shop.py: not parsed: it has more than 600,000 tokens. Split the module."


def test_twenty_thousand_steps_are_not_too_large() -> None:
    steps = "".join(f"        await step.sleep('rest {number}', '5 minutes')\n" for number in range(20_000))

    assert glance(steps).tokens == 220_000


def test_modules_are_refused_by_their_tokens_together() -> None:
    modules = Modules(_tokens=PARSED_TOKENS - 10)
    run_deep(lambda: modules.parse("a.py", b"a = 1"))

    with pytest.raises(InputError, match="it and the modules before it have more than 3,000,000 tokens"):
        modules.parse("b.py", b"b = [1, 2, 3, 4]")


@pytest.mark.parametrize(
    ("source", "tokens"), [("", 0), ("a = 1\n", 5), ("x = 'a b c'", 3), ("f'{a}'", 4), ("# a b c\n", 3), ("a\r\nb", 4)]
)
def test_tokens(source: str, tokens: int) -> None:
    assert glance(source).tokens == tokens

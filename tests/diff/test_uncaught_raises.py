"""Exits that become a `raise` which no handler of their function catches, or that no longer are one."""

from __future__ import annotations

import pytest

from tests.diff.test_raising_functions import changes

RUN = """
async def run(self, event, step):
    order = event["payload"]
    await step.do("book")(self.work)()
    await step.sleep("nap", 1000)
    if order["paid"]:
        {}
    await step.do("pay")(self.work)()
"""
LAST_BRANCH = """
async def run(self, event, step):
    order = await step.do("book")(self.work)()
    if order["paid"]:
        {}
    else:
        await step.do("pay")(self.work)()
"""
HANDLER = """
async def run(self, event, step):
    try:
        await step.do("book")(self.work)()
        await step.sleep("nap", 1000)
    except {}:
        {}
"""
FUNCTION = """
async def run(self, event, step):
    await self.pay(step, event["payload"])
    await step.sleep("nap", 1000)

async def pay(self, step, order):
    if order["paid"]:
        {}
    await step.do("pay")(self.work)()
"""
CALLED_IN_TRY = FUNCTION.replace(
    '    await self.pay(step, event["payload"])\n',
    '    try:\n        await self.pay(step, event["payload"])\n    except ValueError:\n        pass\n',
)
RAISE = 'raise ValueError("paid")'


@pytest.mark.parametrize("error", [RAISE, 'raise NonRetryableError("paid")'])
def test_return_to_raise(error: str) -> None:
    old, new = RUN.format("return"), RUN.format(error)
    assert changes(old, new) == [("`return` changed to `raise`", "safe")]
    assert changes(new, old) == [("`raise` changed to `return`", "safe")]
    assert changes(new, new) == []


def test_raise_at_the_end_of_a_branch() -> None:
    old, new = LAST_BRANCH.format("return"), LAST_BRANCH.format(RAISE)
    assert changes(old, new) == [('branch `order["paid"]` now ends with `raise`', "safe")]
    assert changes(new, old) == [('branch `order["paid"]` no longer ends with `raise`', "safe")]


@pytest.mark.parametrize(("errors", "name"), [("ValueError", "`except ValueError`"), ("Exception", "`except` block")])
@pytest.mark.parametrize("end", ["return", "print(order)"])
def test_raise_at_the_end_of_a_handler(errors: str, name: str, end: str) -> None:
    old, new = HANDLER.format(errors, end), HANDLER.format(errors, "raise")
    assert changes(old, new) == [(f"{name} now ends with `raise`", "safe")]
    assert changes(new, old) == [(f"{name} no longer ends with `raise`", "safe")]


def test_raise_in_a_function_before_a_wait() -> None:
    """Instances in the wait may have returned from the function. After a `raise`, they have failed."""
    old, new = FUNCTION.format("return"), FUNCTION.format(RAISE)
    assert changes(old, new) == [("`return` changed to `raise`", "breaking")]
    assert changes(new, old) == [("`raise` changed to `return`", "safe")]


def test_raise_in_a_function_that_a_try_calls() -> None:
    old, new = CALLED_IN_TRY.format("return"), CALLED_IN_TRY.format(RAISE)
    assert ("`return` changed to `raise`", "breaking") in changes(old, new)
    assert ("`raise` changed to `return`", "breaking") in changes(new, old)


@pytest.mark.parametrize("code", [RUN, LAST_BRANCH])
def test_another_error(code: str) -> None:
    assert changes(code.format(RAISE), code.format('raise KeyError("paid")')) == []


FINALLY = """
async def run(self, event, step):
    try:
        await step.do("book")(self.work)()
        await step.sleep("nap", 1000)
    finally:
        {}
"""
FINALLY_IN_FUNCTION = """
async def run(self, event, step):
    try:
        await self.book(step)
    except ValueError:
        print("failed")
    await step.sleep("nap", 1000)

async def book(self, step):
    try:
        await step.do("book")(self.work)()
    finally:
        {}
"""
NO_LONGER = "`try` around 'book': its `finally` block no longer discards errors"
NOW = "`try` around 'book': its `finally` block now discards errors"


def test_return_in_finally() -> None:
    """A `return` in a `finally` block ends the instance without its error."""
    old, new = FINALLY.format("return"), FINALLY.format("print(event)")
    assert changes(old, new) == [(NO_LONGER, "safe")]
    assert changes(new, old) == [(NOW, "safe")]
    assert changes(old, old) == []


def test_return_in_finally_before_a_wait() -> None:
    old, new = FINALLY_IN_FUNCTION.format("return"), FINALLY_IN_FUNCTION.format("print(step)")
    assert (NO_LONGER, "breaking") in changes(old, new)
    assert (NOW, "breaking") in changes(new, old)

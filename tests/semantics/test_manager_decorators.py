"""Context managers as decorators, which are ignored if they neither run steps nor suppress errors."""

from __future__ import annotations

import pytest

from tests.semantics.notation import graph_of, text, workflow_of

OBJECT = """
class Timed(contextlib.AsyncContextDecorator):
    async def __aenter__(self):
        {enter}
    async def __aexit__(self, *error):
        {leave}
"""
GENERATOR = """
@contextlib.{kind}contextmanager
{a}def Timed():
    {enter}
    {around}
"""
USE = """
@Timed()
async def go():
    await a()

await go()
"""
TRY = "try:\n        yield\n    except ValueError:\n        pass"


@pytest.mark.parametrize(
    "manager",
    [
        OBJECT.format(enter="log()", leave="return False"),
        GENERATOR.format(kind="async", a="async ", enter="log()", around="yield"),
        GENERATOR.format(kind="", a="", enter="log()", around="yield"),
        GENERATOR.format(kind="", a="", enter="log()", around=TRY),
    ],
    ids=["object", "async generator", "generator", "generator left before the coroutine begins"],
)
def test_a_manager_without_steps_leaves_the_function_as_it_is(manager: str) -> None:
    assert workflow_of(manager + USE).complete
    assert graph_of(manager + USE) == text("""
        call go
        def go
          a
    """)


@pytest.mark.parametrize(
    "manager",
    [
        OBJECT.format(enter="await b()", leave="return False"),
        OBJECT.format(enter="log()", leave="await b()"),
        OBJECT.format(enter="log()", leave="return True"),
        GENERATOR.format(kind="async", a="async ", enter="await b()", around="yield"),
        GENERATOR.format(kind="async", a="async ", enter="log()", around=TRY),
        GENERATOR.format(kind="", a="", enter="step.sleep('nap', 1)", around="yield"),
    ],
)
def test_a_manager_with_steps_or_suppression_is_reported(manager: str) -> None:
    assert "unknown-decorator" in [note.code for note in workflow_of(manager + USE).notes]

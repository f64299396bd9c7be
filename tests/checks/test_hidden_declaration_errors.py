"""Handlers that hide errors of the declarations of steps."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from tests.checks.snippets import findings_in_run, flagged_in_run

_INVALID_STEP = '@step.do("c")\nasync def c(nothing):\n    return nothing\n\n'


@pytest.mark.parametrize("types", ["TypeError", "(ValueError, TypeError)", "Exception"])
def test_handler_hides_an_invalid_declaration(types: str) -> None:
    (finding,) = findings_in_run("SG211", f"{_INVALID_STEP}try:\n    await c()\nexcept {types}:\n    pass")

    assert finding.severity is Severity.WARNING
    assert finding.message == (f"`except {types}` hides the SDK's TypeError: the step 'c' never runs.")


def test_handler_hides_an_invalid_dependency() -> None:
    more = '@step.do("d")\nasync def d(c):\n    return c\n\n'
    (finding,) = findings_in_run("SG211", f"{_INVALID_STEP}{more}try:\n    await d()\nexcept TypeError:\n    pass")

    assert "the step 'c' never runs" in finding.message


def test_handler_hides_an_invalid_dependency_among_several() -> None:
    more = "".join(
        f"@step.do()\nasync def {name}({needs}):\n    return 1\n\n"
        for name, needs in (("e", ""), ("f", "e"), ("g", "e"), ("h", "f, g, c"))
    )
    (finding,) = findings_in_run("SG211", f"{_INVALID_STEP}{more}try:\n    await h()\nexcept TypeError:\n    pass")

    assert "the step 'c' never runs" in finding.message


def test_handler_hides_an_invalid_declaration_on_one_path() -> None:
    either = "if event:\n    @step.do()\n    async def c(): ...\nelse:\n    @step.do()\n    async def c(nothing): ...\n"
    more = '@step.do("d")\nasync def d(c):\n    return c\n\n'
    (finding,) = findings_in_run("SG211", f"{either}{more}try:\n    await d()\nexcept TypeError:\n    pass")

    assert "the step 'c' never runs" in finding.message


@pytest.mark.parametrize(
    "handler",
    [
        "except TypeError:\n    raise",
        "except TypeError as error:\n    print(error)\n    raise RuntimeError from error",
        "except ValueError:\n    pass",
    ],
)
def test_handler_that_reraises_or_matches_other_types(handler: str) -> None:
    assert flagged_in_run("SG211", f"{_INVALID_STEP}try:\n    await c()\n{handler}") == []


def test_handler_for_type_errors_of_steps_is_a_note() -> None:
    (finding,) = findings_in_run("SG211", "try:\n    await a()\nexcept TypeError:\n    pass")

    assert finding.severity is Severity.NOTE


def test_handler_without_steps_hides_nothing() -> None:
    assert flagged_in_run("SG211", "x = await a()\ntry:\n    x + 1\nexcept TypeError:\n    pass") == []


@pytest.mark.parametrize(
    "handler",
    [
        "if event:\n        pass\n    raise",
        "try:\n        raise\n    finally:\n        await a()",
        "while True:\n        raise KeyError",
        "try:\n        raise KeyError\n    except ValueError:\n        pass",
    ],
)
def test_handlers_that_may_raise_hide_nothing(handler: str) -> None:
    assert flagged_in_run("SG211", f"{_INVALID_STEP}try:\n    await c()\nexcept TypeError:\n    {handler}") == []


@pytest.mark.parametrize(
    "handler",
    [
        "try:\n        raise\n    except Exception:\n        pass",
        "try:\n        raise KeyError\n    except KeyError:\n        pass",
        "return\n    raise",
        "while True:\n        pass\n    raise",
    ],
)
def test_raise_that_does_not_leave_the_handler(handler: str) -> None:
    (finding,) = findings_in_run("SG211", f"{_INVALID_STEP}try:\n    await c()\nexcept TypeError:\n    {handler}")
    assert "hides" in finding.message


@pytest.mark.parametrize(
    "body", ["return\n    await c()", "try:\n        pass\n    finally:\n        return\n    await c()"]
)
def test_unreachable_steps_have_no_errors_to_hide(body: str) -> None:
    assert flagged_in_run("SG211", f"{_INVALID_STEP}try:\n    {body}\nexcept TypeError:\n    pass") == []


def test_inner_handlers_catch_first() -> None:
    inner = "    try:\n        await c()\n    except Exception:\n        pass\n"
    assert flagged_in_run("SG211", f"{_INVALID_STEP}try:\n{inner}except TypeError:\n    pass") == ["Exception"]

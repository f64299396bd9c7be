"""Names of steps that the engine refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.run_bodies import codes_in, found_in


def _named(name: str) -> str:
    return f"""
        @step.do({name})
        async def work():
            return 1

        await work()
    """


@pytest.mark.parametrize(
    "name",
    [
        '"a" * 257',
        r'"a\tb"',
        r'"a\x1fb"',
        r'f"{event}\n{step}"',
        "f\"{event}{'a' * 300}\" + 'b' * 257",
        '"\N{PARTY POPPER}" * 129',
    ],
)
def test_a_name_that_is_too_long_or_has_control_characters_is_flagged(name: str, tmp_path: Path) -> None:
    assert codes_in(tmp_path, _named(name)) == ["SG111"]


@pytest.mark.parametrize(
    "name",
    [
        '"a" * 256',
        r'"a\x7fb"',
        '"\N{PARTY POPPER}" * 128',
        'event["payload"]["name"]',
        "\"\\n\".join(event['payload']['names'])",
        "f\"all of {', '.join(sorted(str(name) for name in event['payload']['names'] if "
        + " and ".join(["name"] * 60)
        + '))}"',
        '""',
        "None",
        "7",
    ],
)
def test_other_names_are_not(name: str, tmp_path: Path) -> None:
    assert codes_in(tmp_path, _named(name)) == []


def test_the_name_of_the_function_counts_where_there_is_no_other(tmp_path: Path) -> None:
    name = "a" * 257
    body = f"""
        @step.do()
        async def {name}():
            return 1

        await {name}()
    """
    assert codes_in(tmp_path, body) == ["SG111"]


def test_the_engine_looks_at_the_names_of_steps_that_do_work_alone(tmp_path: Path) -> None:
    body = r"""
        await step.sleep("a\nb", "1 hour")
        await step.wait_for_event("a\nb", "approved")

        @step.do("work")
        async def work():
            return 1

        await work()
    """
    assert codes_in(tmp_path, body) == []


def test_a_long_name_is_cut_in_the_message(tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, _named('"charge " * 100'))

    assert found.message == (
        "the step's name 'charge charge charge charge charge charg...' has 700 characters, and the engine refuses"
        " more than 256, so the step fails for good."
    )

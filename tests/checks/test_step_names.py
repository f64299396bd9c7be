"""Test SG111: invalid names of steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.snippets import project_codes, project_findings


def _step_named(name: str) -> str:
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
def test_invalid_names(name: str, tmp_path: Path) -> None:
    assert project_codes(tmp_path, _step_named(name)) == ["SG111"]


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
def test_valid_names(name: str, tmp_path: Path) -> None:
    assert project_codes(tmp_path, _step_named(name)) == []


@pytest.mark.parametrize(
    ("base", "expected"), [("Enum", ["SG111"]), ("StrEnum", []), ("str, Enum", []), ("IntEnum", [])]
)
def test_members_of_enumerations(base: str, expected: list[str], tmp_path: Path) -> None:
    imports = f"from enum import Enum, IntEnum, StrEnum\n\nclass Names({base}):\n    WORK = '1'"
    assert project_codes(tmp_path, _step_named("Names.WORK"), imports=imports) == expected


def test_function_name_is_the_default_name(tmp_path: Path) -> None:
    name = "a" * 257
    body = f"""
        @step.do()
        async def {name}():
            return 1

        await {name}()
    """
    assert project_codes(tmp_path, body) == ["SG111"]


def test_only_names_of_do_are_checked(tmp_path: Path) -> None:
    body = r"""
        await step.sleep("a\nb", "1 hour")
        await step.wait_for_event("a\nb", "approved")

        @step.do("work")
        async def work():
            return 1

        await work()
    """
    assert project_codes(tmp_path, body) == []


def test_long_name_is_shortened_in_the_message(tmp_path: Path) -> None:
    (finding,) = project_findings(tmp_path, _step_named('"charge " * 100'))

    assert finding.message == (
        "the step name 'charge charge charge charge charge charg...' has 700 characters, but the engine allows 256: the"
        " step never runs."
    )

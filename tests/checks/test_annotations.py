"""Test SG130 in annotations, which Python before 3.14 evaluates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, check_project

_FLAGS = 'compatibility_flags = ["python_workers"'
_QUOTES = "Add `from __future__ import annotations`, or write the annotation in quotes."


def advice(statements: str, folder: Path, configuration: str = CONFIGURATION) -> list[str]:
    """Return the advice of the findings in a module that ends in statements."""
    files = {"entry.py": f"{ENTRY}\n\n{statements}\n", "wrangler.toml": configuration}
    return [finding.advice for finding in check_project(folder, files, "SG130")]


def test_message(tmp_path: Path) -> None:
    files = {"entry.py": ENTRY.replace("event", "event: Any"), "wrangler.toml": CONFIGURATION}
    assert [finding.message for finding in check_project(tmp_path, files, "SG130")] == [
        (
            "undefined name `Any`: Python before 3.14 evaluates the annotation, which raises a NameError, and the"
            " Worker never starts."
        )
    ]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("def total(prices: list[Decimal]) -> int: ...", "Add `from decimal import Decimal`."),
        ("def start(event: WorkflowEvent): ...", "The SDK for Python has no `WorkflowEvent`: remove the annotation."),
        ("class Order:\n    total: Money", "Define or import `Money`, or correct the name."),
        ("class Order:\n    def copy(self) -> Order: ...", _QUOTES),
        ("def pay(order: Invoice): ...\n\n\nclass Invoice: ...", _QUOTES),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bank import Card\nCARDS: list[Card]", _QUOTES),
    ],
)
def test_undefined_names(statements: str, expected: str, tmp_path: Path) -> None:
    assert advice(statements, tmp_path) == [expected]


@pytest.mark.parametrize(
    "statements",
    [
        "def total(prices: 'list[Decimal]') -> int: ...",
        "def total(order: Orders) -> list[int]: ...",
        "class Order:\n    Money = int\n    total: Money\n    def add(self, money: Money): ...",
        "try:\n    from bank import Card\nexcept ImportError:\n    Card = object\ndef pay(card: Card): ...",
        "def total():\n    price: Decimal = 1\n    return price",
    ],
)
def test_names_that_are_defined_or_never_evaluated(statements: str, tmp_path: Path) -> None:
    assert advice(statements, tmp_path) == []


def test_annotations_that_are_never_evaluated(tmp_path: Path) -> None:
    future = "from __future__ import generators, annotations\n"
    files = {"entry.py": future + ENTRY.replace("event", "event: Any"), "wrangler.toml": CONFIGURATION}
    assert check_project(tmp_path, files, "SG130") == []


def test_step_function(tmp_path: Path) -> None:
    body = '@step.do("charge")\n        async def charge() -> Receipt:\n            return 1\n\n        await charge()'
    files = {"entry.py": ENTRY.replace('await step.sleep("rest", "1 hour")', body), "wrangler.toml": CONFIGURATION}
    assert [finding.message for finding in check_project(tmp_path, files, "SG130")] == [
        (
            "undefined name `Receipt`: Python before 3.14 evaluates the annotation, which raises a NameError, and this"
            " code fails whenever it runs."
        )
    ]


@pytest.mark.parametrize(
    ("configuration", "count"),
    [
        (CONFIGURATION.replace("2026-03-01", "2026-09-07"), 1),
        (CONFIGURATION.replace("2026-03-01", "2026-09-08"), 0),
        (CONFIGURATION.replace(_FLAGS, f'{_FLAGS}, "python_workers_314"'), 0),
        (CONFIGURATION.replace("2026-03-01", "2026-09-08").replace(_FLAGS, f'{_FLAGS}, "no_python_workers_314"'), 1),
        (CONFIGURATION.replace('compatibility_date = "2026-03-01"\n', ""), 0),
    ],
)
def test_version_of_python(configuration: str, count: int, tmp_path: Path) -> None:
    assert len(advice("def total(price: Money): ...", tmp_path, configuration)) == count


@pytest.mark.slow
def test_class_of_a_long_module(tmp_path: Path) -> None:
    classes = "\n\n\n".join(
        f"class Order{number}:\n    total: {kind}\n\n    def add(self, cents: int) -> int:\n        return cents * 100"
        for number, kind in enumerate([*["int"] * 300, "Money", "int"])
    )
    assert advice(classes, tmp_path) == ["Define or import `Money`, or correct the name."]

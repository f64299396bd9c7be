"""Configured classes that a module makes, names or exports in ways that cannot be followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, found, shown


def test_a_class_that_is_given_another_name_may_be_the_configured_one(tmp_path: Path) -> None:
    entry = """
from workers import WorkflowEntrypoint


def workflow(name):
    class Made(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep("rest", "1 hour")

    Made.__name__ = name
    return Made


Orders = workflow("Orders")
"""
    files = {"wrangler.toml": CONFIGURATION, "entry.py": entry}

    assert found(tmp_path, files, "SG115") == []
    (told,) = shown(found(tmp_path, files, "SG004"), tmp_path)
    assert told.startswith(
        "wrangler.toml:9:14: information: `Orders` in entry.py is the class `Made`, which is given another name."
    )


_UNSEEN = """
from workers import WorkflowEntrypoint


def made(wait):
    class Orders(WorkflowEntrypoint):
        async def run(self, event, step):
            await step.sleep("rest", wait)

    return Orders


"""


@pytest.mark.parametrize(
    "binding",
    [
        'globals()["Orders"] = made("1 hour")',
        'exec("Orders = made(1000)")',
        'import sys\nsetattr(sys.modules[__name__], "Orders", made(1000))',
    ],
)
def test_a_class_that_code_binds_when_it_runs_is_not_missing(binding: str, tmp_path: Path) -> None:
    files = {"wrangler.toml": CONFIGURATION, "entry.py": _UNSEEN + binding}

    assert found(tmp_path, files, "SG114") == []
    (told,) = shown(found(tmp_path, files, "SG004"), tmp_path)
    assert "no statement in entry.py binds `Orders`, but what it runs may." in told


def test_a_method_called_exec_binds_nothing(tmp_path: Path) -> None:
    entry = _UNSEEN + "async def migrate(database):\n    await database.exec('select 1')\n"

    assert len(found(tmp_path, {"wrangler.toml": CONFIGURATION, "entry.py": entry}, "SG114")) == 1


def test_a_class_may_be_exported_by_what_a_function_adds(tmp_path: Path) -> None:
    head = '__all__ = ["Default"]\n\n\ndef export(cls):\n    __all__.append(cls.__name__)\n    return cls\n\n\n'
    files = {"wrangler.toml": CONFIGURATION, "entry.py": head + ENTRY.replace("class Orders", "@export\nclass Orders")}

    assert found(tmp_path, files, "SG115") == []
    assert len(found(tmp_path, files, "SG004")) == 1

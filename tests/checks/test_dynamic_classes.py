"""Test configured classes that a module creates, names or exports dynamically."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.projects import CONFIGURATION, ENTRY, check_project, format_findings


def test_renamed_class_may_be_the_configured_one(tmp_path: Path) -> None:
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

    assert check_project(tmp_path, files, "SG115") == []
    (line,) = format_findings(check_project(tmp_path, files, "SG004"), tmp_path)
    assert line.startswith(
        "wrangler.toml:9:14: note: `Orders` in entry.py is the class `Made`, whose `__name__` is changed."
    )


_CLASS_FACTORY = """
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
def test_class_bound_at_run_time_is_not_missing(binding: str, tmp_path: Path) -> None:
    files = {"wrangler.toml": CONFIGURATION, "entry.py": _CLASS_FACTORY + binding}

    assert check_project(tmp_path, files, "SG114") == []
    (line,) = format_findings(check_project(tmp_path, files, "SG004"), tmp_path)
    assert "no statement in entry.py binds `Orders`, but code that it runs may." in line


def test_method_named_exec_binds_no_names(tmp_path: Path) -> None:
    entry = _CLASS_FACTORY + "async def migrate(database):\n    await database.exec('select 1')\n"

    assert len(check_project(tmp_path, {"wrangler.toml": CONFIGURATION, "entry.py": entry}, "SG114")) == 1


def test_class_exported_by_a_function(tmp_path: Path) -> None:
    head = '__all__ = ["Default"]\n\n\ndef export(cls):\n    __all__.append(cls.__name__)\n    return cls\n\n\n'
    files = {"wrangler.toml": CONFIGURATION, "entry.py": head + ENTRY.replace("class Orders", "@export\nclass Orders")}

    assert check_project(tmp_path, files, "SG115") == []
    assert len(check_project(tmp_path, files, "SG004")) == 1

"""Modules that the command analyzes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

IMPORT = "from workers import WorkflowEntrypoint\n"

SYNTAX_ERROR = "x = 1\ndef (:\n"


def workflow(name: str, *steps: str) -> str:
    """Return a class that sleeps an hour in each of its steps."""
    body = "".join(f'        await step.sleep("{step}", "1 hour")\n' for step in steps) or "        pass\n"
    return f"\n\nclass {name}(WorkflowEntrypoint):\n    async def run(self, event, step):\n{body}"


def module(*classes: str) -> str:
    """Return a module of workflow classes."""
    return IMPORT + "".join(classes)


def write(path: str, text: str) -> None:
    """Write a module to a path below the working directory."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def write_steps(*steps: str, path: str = "orders.py", name: str = "Orders") -> None:
    """Write a module with a workflow that sleeps in each of the steps."""
    write(path, module(workflow(name, *steps)))


def write_orders() -> None:
    """Write `orders.py` with the workflow `Orders` of one step."""
    write_steps("rest")


def refuse_to_open(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail to open a path, as without permission."""
    opened = os.open

    def refuse(path: str, *rest: int) -> int:
        if path == refused:
            raise PermissionError
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", refuse)


def write_shop() -> None:
    """Write `shop.py` with the workflows `Orders` and `Returns` of one step each."""
    write("shop.py", module(workflow("Orders", "rest"), workflow("Returns", "rest")))


def write_unresolved() -> None:
    """Write `orders.py` with the workflow `Orders`, which passes its steps to an unresolved function."""
    text = workflow("Orders", "rest") + "        await mystery(step)\n"
    write("orders.py", f"from elsewhere import mystery\n{module(text)}")

"""A project with a configuration, and the table of its workflows."""

from __future__ import annotations

import json
from typing import Final

from tests.cli.conftest import Run
from tests.cli.sources import module, workflow, write

ORDERS: Final = {"binding": "ORDERS", "name": "orders", "class_name": "Orders"}
REFUNDS: Final = {"binding": "REFUNDS", "name": "refunds", "class_name": "Refunds"}
BILLING: Final = {"binding": "BILLING", "name": "billing", "class_name": "Billing", "script_name": "accounts"}
ORDERS_ALONE: Final = module(workflow("Orders", "rest"))
ENTRY: Final = module(workflow("Orders", "rest"), workflow("Refunds", "rest"))
HEADINGS: Final = ["NAME", "CLASS", "WHERE", "STEPS", "GRAPH", "COMPLETE"]


def configure(*workflows: object, **fields: object) -> None:
    """Write `wrangler.jsonc` with workflows, one per line from line 6 on, each in column 3."""
    lines = ["{"]
    top = {"name": "shop", "main": "src/entry.py", "compatibility_date": "2026-03-01", **fields}
    lines += [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in top.items()]
    lines.append('"workflows": [')
    lines += [f"{json.dumps(entry)}," for entry in workflows]
    write("wrangler.jsonc", "\n".join([*lines, "]}"]))


def rows(run: Run) -> list[list[str]]:
    """Return the cells of the printed table, without its headings."""
    first, *others = (line.split() for line in run.out.splitlines())
    assert first == HEADINGS
    return others


def names(run: Run) -> list[str]:
    return [row[0] for row in rows(run)]

"""The classes that the main module of a Worker exports, and modules that are broken."""

from __future__ import annotations

import json

import pytest

from tests.cli.configurations import ENTRY, ORDERS, REFUNDS, configure, names, rows
from tests.cli.conftest import Command, Run
from tests.cli.sources import SYNTAX_ERROR, module, workflow, write

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ordres", "no class `Ordres` in src/entry.py. Did you mean `Orders`?"),
        ("Zebra", "no class `Zebra` in src/entry.py. src/entry.py exports `Orders`, `Refunds`."),
        (
            "_Hidden",
            "the class `_Hidden` in src/entry.py is private, so it is not exported. Rename it, as in `Hidden`.",
        ),
        (
            "Plain",
            (
                "the class `Plain` in src/entry.py does not derive from `WorkflowEntrypoint`. Derive it from"
                " `WorkflowEntrypoint`. {exports}"
            ),
        ),
        ("Idle", "the class `Idle` in src/entry.py has no method `run`. {exports}"),
        ("Again", "`Again` in src/entry.py is the class `Orders`, and is exported as `Orders`. {exports}"),
        ("make", "no class `make` in src/entry.py. {exports}"),
        (
            "Either",
            "the class `Either` in src/entry.py has several definitions, and which one is used is unknown. {exports}",
        ),
        (
            "Far",
            (
                "the class `Far` is imported as `elsewhere.Far`, which is outside the project. If this repository"
                " contains `elsewhere`, declare it in `[tool.uv.sources]` in `pyproject.toml`."
            ),
        ),
    ],
)
def test_a_class_that_is_not_exported_is_an_error(stepgraph: Command, name: str, text: str) -> None:
    more = "class Plain: ...\nclass Idle(WorkflowEntrypoint): ...\nAgain = Orders\ndef make(): ...\n"
    more += "if x:\n    Either = Orders\nelse:\n    Either = Refunds\n"
    write("src/entry.py", ENTRY + workflow("_Hidden", "rest") + more + "from elsewhere import Far\n")
    configure({**ORDERS, "class_name": name}, {**ORDERS, "binding": "KEPT", "name": "kept"})
    run = stepgraph("list")
    assert (run.code, names(run)) == (2, ["kept"])
    exports = "src/entry.py exports `Orders`, `Refunds`."
    assert run.messages == [f"wrangler.jsonc:6:55: {text.format(exports=exports)}"]


def test_a_class_that_is_not_in_all_is_not_exported(stepgraph: Command) -> None:
    write("src/entry.py", f'{ENTRY}__all__ = ["Orders"]\n')
    configure(ORDERS, REFUNDS)
    run = stepgraph("list")
    assert (run.code, names(run)) == (2, ["orders"])
    (stderr,) = run.messages
    assert stderr == (
        "wrangler.jsonc:7:57: the class `Refunds` is not in `__all__` of src/entry.py, so it is not exported. "
        "Add it to `__all__`."
    )


def test_a_private_class_counts_if_it_is_in_all(stepgraph: Command) -> None:
    write("src/entry.py", f'{module(workflow("_Orders", "rest"))}__all__ = ["_Orders"]\n')
    configure({**ORDERS, "class_name": "_Orders"})
    assert stepgraph("list").code == 0


def test_a_main_module_without_workflows_is_an_error(stepgraph: Command) -> None:
    write("src/entry.py", "x = 1\n")
    configure(ORDERS)
    assert stepgraph("list") == Run(
        2,
        "",
        ["wrangler.jsonc:6:55: no class `Orders` in src/entry.py. src/entry.py exports no workflow class."],
    )


def test_classes_are_exported_from_where_they_are_imported(stepgraph: Command) -> None:
    write("src/entry.py", "from shop.orders import Orders\nfrom shop import refunds\nRefunds = refunds.Refunds\n")
    write("src/shop/orders.py", module(workflow("Orders", "rest")))
    write("src/shop/refunds.py", module(workflow("Refunds", "rest")))
    configure(ORDERS, REFUNDS)
    run = stepgraph("list")
    assert [row[2] for row in rows(run)] == ["src/shop/orders.py:4", "src/shop/refunds.py:4"]
    assert run.code == 0


def test_import_aliases_do_not_change_exported_names(stepgraph: Command) -> None:
    write("src/entry.py", "from orders import Orders as Renamed\n")
    write("src/orders.py", module(workflow("Orders", "rest")))
    configure(ORDERS, {**REFUNDS, "class_name": "Renamed"})
    run = stepgraph("list")
    assert names(run) == ["orders"]
    (stderr,) = run.messages
    assert stderr == (
        "wrangler.jsonc:7:57: `Renamed` in src/entry.py is the class `Orders`, and is exported as `Orders`. "
        "src/entry.py exports `Orders`."
    )


def test_a_class_from_a_broken_module_is_an_error(stepgraph: Command) -> None:
    write("src/entry.py", f"from orders import Orders\n{module(workflow('Refunds', 'rest'))}")
    write("src/orders.py", SYNTAX_ERROR)
    configure(ORDERS, REFUNDS)
    run = stepgraph("list")
    assert (run.code, names(run)) == (2, ["refunds"])
    assert run.messages[0] == (
        "wrangler.jsonc:6:55: the class `Orders` cannot be resolved: src/orders.py:2:5 cannot be read. "
        "src/entry.py exports `Refunds`."
    )
    assert run.messages[1].startswith("src/orders.py:2:5: syntax error")


def test_a_base_class_from_a_broken_module_is_an_error(stepgraph: Command) -> None:
    write("src/entry.py", "from base import Base\n\nclass Orders(Base):\n    async def run(self, event, step): ...\n")
    write("src/base.py", SYNTAX_ERROR)
    configure(ORDERS)
    assert stepgraph("list").messages[0] == (
        "wrangler.jsonc:6:55: a base of the class `Orders` in src/entry.py cannot be resolved: "
        "src/base.py:2:5 cannot be read. src/entry.py exports no workflow class."
    )


def test_a_broken_helper_does_not_stop_other_workflows(stepgraph: Command) -> None:
    head = "from helpers import rest\nfrom broken import pay\n"
    body = "        await rest(step)\n        await pay(step)\n"
    write("src/entry.py", head + module(workflow("Refunds", "rest"), workflow("Orders", "first") + body))
    write("src/helpers.py", 'async def rest(step):\n    await step.sleep("second", 1)\n')
    write("src/broken.py", SYNTAX_ERROR)
    configure(ORDERS, REFUNDS)
    run = stepgraph("list")
    assert run.code == 2
    assert [[row[0], *row[3:]] for row in rows(run)] == [["orders", "2", "yes", "no"], ["refunds", "1", "yes", "yes"]]
    (stderr,) = run.messages
    assert stderr.startswith("src/broken.py:2:5: syntax error: ")


def test_notes_on_a_broken_helper_have_locations(stepgraph: Command) -> None:
    write(
        "src/entry.py", "from broken import pay\n" + module(workflow("Orders", "first") + "        await pay(step)\n")
    )
    write("src/broken.py", SYNTAX_ERROR)
    configure(ORDERS)
    run = stepgraph("graph", "-f", "json")
    assert run.code == 2
    assert json.loads(run.out)["class_name"] == "Orders"
    assert [line.split(": ")[0] for line in run.messages] == [
        "src/broken.py:2:5",
        "src/entry.py:1:1",
        "src/entry.py:8:15",
    ]
    assert all(": note[SG004]: " in line for line in run.messages[1:])

"""Modules that `importlib.import_module` imports."""

from __future__ import annotations

import pytest

from tests.semantics.notation import text
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

REST = 'async def rest(step):\n    await step.sleep("n", 1)\n'
GRAPH = text("""
    call rest
    def rest
      sleep 'n' 1
""")
CLIENT = "class Client:\n    async def rest(self, step):\n        await step.sleep('first', 1)\n"
PATCH = "from client import Client\n\nasync def rest(self, step):\n    await step.sleep('n', 1)\n\nClient.rest = rest\n"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("import importlib", 'await importlib.import_module("helpers").rest(step)'),
        ("from importlib import import_module\nhelpers = import_module('helpers')", "await helpers.rest(step)"),
        ("from importlib import import_module", "name = 'helpers'\nawait import_module(name).rest(step)"),
    ],
)
def test_a_module_with_a_constant_name(head: str, body: str) -> None:
    assert graph_of(head + "\n", body, helpers=REST) == GRAPH


@pytest.mark.parametrize("name", ["event['name']", "'.helpers', 'package'", "f'{event}.helpers'"])
def test_a_module_with_an_unknown_name_is_noted(name: str) -> None:
    assert notes_of("from importlib import import_module\n", f"await import_module({name}).rest(step)", helpers=REST)


def test_a_module_that_is_imported_by_name_changes_others() -> None:
    head = "from importlib import import_module\nfrom client import Client"
    body = "import_module('patch')\nawait Client().rest(step)"
    assert graph_of(head + "\n", body, client=CLIENT, patch=PATCH) == GRAPH


def test_a_module_that_the_module_body_imports_by_name_is_noted() -> None:
    head = "from importlib import import_module\nfrom client import Client\nimport_module('patch')"
    assert notes_of(head + "\n", "await Client().rest(step)", client=CLIENT, patch=PATCH)


@pytest.mark.parametrize("where", ["import_module(NAME)", "def load(): import_module(NAME)\n\nload()"])
def test_an_empty_registry_filled_by_unknown_modules_is_noted(where: str) -> None:
    registry = (
        f"from importlib import import_module\nfrom os import environ\nNAME = environ['NAME']\nHOOKS = []\n{where}\n"
    )
    body = "for hook in HOOKS:\n    await hook(step)\nawait step.sleep('n', 1)"
    assert notes_of("from registry import HOOKS\n", body, registry=registry)
    assert graph_of("from registry import HOOKS\n", body, registry="HOOKS = []\n") == "sleep 'n' 1"

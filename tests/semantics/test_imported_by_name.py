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


@pytest.mark.parametrize(
    "load",
    [
        "import_module('pat' + 'ch')",
        "NAME = 'patch'\nimport_module(NAME)",
        "for name in ('patch',):\n    import_module(name)",
        "import_module(''.join(['pat', 'ch']))",
    ],
)
@pytest.mark.parametrize(
    ("definition", "call", "change"),
    [
        (REST, "helpers.rest(step)", "helpers.rest = other"),
        (f"class Client:\n    @staticmethod\n    {REST}", "helpers.Client().rest(step)", "helpers.Client.rest = other"),
    ],
)
def test_a_definition_that_a_computed_import_may_replace(load: str, definition: str, call: str, change: str) -> None:
    definition = definition.replace("\n    await", "\n        await") if "class" in definition else definition
    patch = f"import helpers\n\nasync def other(step):\n    await step.sleep('other', 1)\n\n{change}\n"
    head = f"from importlib import import_module\nimport helpers\n{load}\n"
    (note,) = notes_of(head, f"await {call}", helpers=definition, patch=patch)
    assert "other code changes `rest`" in note


def test_a_computed_import_keeps_definitions_of_other_modules() -> None:
    patch = "import others\n\nothers.rest = None\n"
    head = "from importlib import import_module\nimport helpers\nimport_module(NAME)\n"
    assert graph_of(head, "await helpers.rest(step)", helpers=REST, patch=patch) == GRAPH


@pytest.mark.parametrize("where", ["import_module(NAME)", "def load(): import_module(NAME)\n\nload()"])
def test_an_empty_registry_filled_by_unknown_modules_is_noted(where: str) -> None:
    registry = (
        f"from importlib import import_module\nfrom os import environ\nNAME = environ['NAME']\nHOOKS = []\n{where}\n"
    )
    body = "for hook in HOOKS:\n    await hook(step)\nawait step.sleep('n', 1)"
    assert notes_of("from registry import HOOKS\n", body, registry=registry)
    assert graph_of("from registry import HOOKS\n", body, registry="HOOKS = []\n") == "sleep 'n' 1"


def test_a_loop_imports_modules_with_names_of_its_variable() -> None:
    loop = "for name in ('first', 'second'):\n    await import_module(f'stage_{name}').rest(step)"
    graph = graph_of("from importlib import import_module\n", loop, stage_first=REST, stage_second=REST)
    assert graph.splitlines()[:2] == ["call stage_first.rest", "call stage_second.rest"]


MODULES = text("""
    switch name
    | case "jobs.first"
      call jobs.first.rest
    | case "jobs.deep.second"
      call jobs.deep.second.rest
    def jobs.first.rest
      sleep 'n' 1
    def jobs.deep.second.rest
      sleep 'n' 1
""")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("", "f'jobs.{event}'"),
        ("", "'jobs.' + event['kind']"),
        ("NAMES = {'first': 'jobs.first', 'second': 'jobs.deep.second'}\n", "NAMES[event['kind']]"),
        ("", "'jobs.first' if event['kind'] else 'jobs.deep.second'"),
    ],
)
def test_a_module_with_one_of_several_names(head: str, name: str) -> None:
    modules = {"jobs__": "", "jobs__first": REST, "jobs__deep__": "", "jobs__deep__second": REST, "jobs__other": ""}
    body = f"name = {name}\nmodule = import_module(name)\nawait module.rest(step)"
    graph = graph_of("from importlib import import_module\n" + head, body, **modules)
    assert graph == MODULES


def test_a_package_of_another_project_is_noted() -> None:
    body = "await import_module(f'other.{event}').rest(step)"
    assert notes_of("from importlib import import_module\n", body, jobs__="", jobs__first=REST)


def test_a_module_with_one_of_several_names_may_fill_a_registry() -> None:
    first = "from registry import HOOKS\n\nasync def rest(step):\n    await step.sleep('n', 1)\n\nHOOKS.append(rest)\n"
    head = "from importlib import import_module\nfrom registry import HOOKS\n"
    body = "import_module(f'jobs.{event}')\nfor hook in HOOKS:\n    await hook(step)"
    assert notes_of(head, body, registry="HOOKS = []\n", jobs__="", jobs__first=first)

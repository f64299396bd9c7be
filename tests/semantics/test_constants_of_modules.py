"""Constants of a module that other modules of the program change, even if nothing is imported from the latter."""

from __future__ import annotations

import pytest

from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

TABLE = 'TABLE = {"key": "old"}\n'
READER = f"{TABLE}def table():\n    return TABLE\n"
CHANGER = f"{TABLE}def change(table, key):\n    table[key] = 'new'\n"
HOLDER = f"{TABLE}class Holder:\n    table = TABLE\n"
NESTED = f"{TABLE}ALL = [TABLE]\n"
READ = 'await step.sleep(conf.TABLE["key"], 1)'
HIDDEN = "sleep '{conf.TABLE[\"key\"]}' 1"
SHOWN = "sleep 'old' 1"


@pytest.mark.parametrize(
    ("conf", "tune"),
    [
        (TABLE, 'import conf\nconf.TABLE["key"] = "new"'),
        (TABLE, 'from conf import TABLE as T\nT["key"] = "new"'),
        (TABLE, 'from conf import TABLE\nfor table in (TABLE,):\n    table["key"] = "new"'),
        (TABLE, 'import conf\ngetattr(conf, "TABLE")["key"] = "new"'),
        (TABLE, 'import conf\nfor name in dir(conf):\n    getattr(conf, name)["key"] = "new"'),
        (READER, 'from conf import table\ntable()["key"] = "new"'),
        (READER, 'import conf\nconf.table()["key"] = "new"'),
        (CHANGER, 'from conf import TABLE, change\nchange(TABLE, "key")'),
        (CHANGER, 'from functools import partial\nfrom conf import TABLE, change\npartial(change, TABLE)("key")'),
        (HOLDER, 'from conf import Holder\nHolder.table["key"] = "new"'),
        (NESTED, 'from conf import ALL\nALL[0]["key"] = "new"'),
    ],
)
def test_a_constant_that_a_module_may_change_is_hidden(conf: str, tune: str) -> None:
    assert graph_of("import conf, tune\n", READ, conf=conf, tune=tune) == HIDDEN


@pytest.mark.parametrize(
    ("conf", "tune"),
    [
        (READER, 'from conf import table\nprint(table()["key"])'),
        (READER, 'from conf import table\nshown = {}\nshown["key"] = table()["key"]'),
        (READER, 'table = {}\ntable["key"] = "other"'),
    ],
)
def test_a_constant_that_modules_only_read_is_shown(conf: str, tune: str) -> None:
    assert graph_of("import conf, tune\n", READ, conf=conf, tune=tune) == SHOWN


def test_a_result_passes_through_functions_of_modules() -> None:
    middle = "from conf import table\ndef again():\n    return table()"
    tune = 'from middle import again\nagain()["key"] = "new"'
    assert graph_of("import conf, tune\n", READ, conf=READER, middle=middle, tune=tune) == HIDDEN


@pytest.mark.parametrize("top", ["import tune", "from tune import (  # (all)\n    name\n)", "def load(): import tune"])
def test_an_assignment_by_an_indirectly_imported_module(top: str) -> None:
    read = "await step.sleep(conf.NAME, 1)"
    modules = {"conf": 'NAME = "old"', "top": top, "tune": 'import conf\nname = 1\nconf.NAME = "new"'}
    assert graph_of("import conf, top\n", read, **modules) == "sleep '{conf.NAME}' 1"


def test_a_package_assigns_before_its_modules_are_imported() -> None:
    modules = {"conf": 'NAME = "old"', "shop__": 'import conf\nconf.NAME = "new"', "shop__part": ""}
    assert graph_of("import conf, shop.part\n", "await step.sleep(conf.NAME, 1)", **modules) == "sleep '{conf.NAME}' 1"


@pytest.mark.parametrize(
    "change",
    [
        'with open("x") as conf.NAME: pass',
        'for conf.NAME in ["new"]: pass',
        '(conf.NAME, x) = "new", 1',
        'conf.NAME: str = "new"',
        'conf.__setattr__("NAME", "new")',
        'object.__setattr__(conf, "NAME", "new")',
    ],
)
def test_a_statement_of_any_form_assigns(change: str) -> None:
    modules = {"conf": 'NAME = "old"', "tune": f"import conf\n{change}"}
    assert graph_of("import conf, tune\n", "await step.sleep(conf.NAME, 1)", **modules) == "sleep '{conf.NAME}' 1"


@pytest.mark.parametrize(
    "change",
    [
        "def use(limit=(NAME := 'new')): pass",
        "def use(limit: (NAME := 'new')): pass",
        "def use() -> (NAME := 'new'): pass",
        "use = lambda limit=(NAME := 'new'): limit",
        "class Use(object if (NAME := 'new') else object): pass",
        "limit: (NAME := 'new') = 1",
        "def use():\n    global NAME\n    print(NAME := 'new')\n\nuse()",
        "def use():\n    global NAME\n    [NAME := new for new in ('new',)]\n\nuse()",
        "class Use:\n    global NAME\n    NAME = 'new'",
    ],
)
def test_a_constant_that_another_statement_rebinds_is_hidden(change: str) -> None:
    assert graph_of(f"NAME = 'old'\n{change}\n", "await step.sleep(NAME, 1)") == "sleep '{NAME}' 1"


@pytest.mark.parametrize(
    "change",
    [
        "def use(limit: (name := 'new')): pass",
        "def use() -> (name := 'new'): pass",
        "use = lambda limit=(name := 1): limit",
    ],
)
def test_a_function_constant_that_a_definition_rebinds(change: str) -> None:
    assert graph_of("", f"name = 'old'\n{change}\nawait step.sleep(name, 1)") == "sleep '{name}' 1"


def test_a_constant_that_a_default_value_of_another_scope_binds() -> None:
    head = "NAME = 'old'\ndef use():\n    def inner(limit=(NAME := 'new')): pass\n"
    assert graph_of(head, "await step.sleep(NAME, 1)") == "sleep 'old' 1"


def test_a_function_that_a_global_walrus_replaces_is_noted() -> None:
    jobs = "async def a(step):\n    await step.sleep('a', 1)\n\nasync def b(step):\n    await step.sleep('b', 1)\n\n"
    head = f"{jobs}job = a\n\ndef use():\n    global job\n    [job := new for new in (b,)]\n\nuse()\n"
    assert notes_of(head, "await job(step)")


@pytest.mark.parametrize("change", ["setattr(o, 'name', 'new')", "[setattr(o, 'name', 'new')]"])
def test_a_class_constant_that_a_lambda_may_change(change: str) -> None:
    head = f"class Job:\n    name = 'old'\n\nchange = lambda o: {change}\n"
    body = "job = Job()\nmap(change, [job])\nawait step.sleep(job.name, 1)"
    assert graph_of(head, body) == "sleep '{job.name}' 1"

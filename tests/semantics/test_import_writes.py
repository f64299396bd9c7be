"""Attributes of objects, classes and modules that code changes while modules are imported."""

from __future__ import annotations

import pytest

from tests.semantics.notation import notation, text, workflow_of_module
from tests.semantics.projects import graph_of, notes_of

pytestmark = pytest.mark.usefixtures("empty_directory")

HOOKS = """
async def hook(step):
    await step.sleep("hook", 1)

async def fake(step):
    await step.sleep("fake", 1)

"""
APP = (
    HOOKS
    + """
class App:
    def __init__(self):
        self.hook = None
        self.handlers = {"go": hook}
        self.hooks = [hook]

    async def go(self, step):
        if self.hook:
            await self.hook(step)

app = App()
"""
)
SERVICE = """
class Service:
    async def load(self, step):
        await step.sleep("load", 1)

"""
OTHER = 'async def other(self, step):\n    await step.sleep("other", 1)\n\n'
LOAD = 'async def load(step):\n    await step.sleep("load", 1)\n\n'
FAKE = text("""
    call fake
    def fake
      sleep 'fake' 1
""")
GO = text("""
    call go
    def go
      if self.hook
        call hook
    def hook
      sleep 'hook' 1
""")
CHANGED = "other code changes `load`, so its value at run time is unknown."


def test_an_assigned_attribute_of_an_object() -> None:
    assert graph_of(APP + "app.hook = hook\n", "await app.go(step)") == GO


@pytest.mark.parametrize(
    "wiring", ["from core import app, hook\napp.hook = hook\n", "import core as c\nc.app.hook = c.hook\n"]
)
def test_an_attribute_that_another_module_assigns(wiring: str) -> None:
    head = "from core import app\nimport wiring\n"
    assert graph_of(head, "await app.go(step)", core=APP, wiring=wiring) == GO


def test_an_attribute_instead_of_a_method() -> None:
    head = HOOKS + SERVICE + "service = Service()\nservice.load = fake\n"
    assert graph_of(head, "await service.load(step)") == FAKE


def test_an_attribute_instead_of_a_class_variable() -> None:
    head = HOOKS + "class App:\n    notify = staticmethod(hook)\n\napp = App()\napp.notify = fake\n"
    assert graph_of(head, "await app.notify(step)") == FAKE


def test_an_attribute_instead_of_the_default_of_a_dataclass() -> None:
    fields = "import dataclasses\n\n@dataclasses.dataclass\nclass Config:\n    fn: object = hook\n\n"
    head = HOOKS + fields + "config = Config()\nconfig.fn = fake\n"
    assert graph_of(head, "await config.fn(step)") == FAKE


def test_an_assigned_object_in_an_attribute() -> None:
    second_service = SERVICE.replace("Service", "Other").replace('"load"', '"other"')
    box = (
        "class Box:\n    def __init__(self):\n        self.backend = Service()\n\nbox = Box()\nbox.backend = Other()\n"
    )
    assert graph_of(SERVICE + second_service + box, "await box.backend.load(step)") == text("""
        call load
        def load
          sleep 'other' 1
    """)


@pytest.mark.parametrize("change", ['app.handlers["go"] = fake', "app.handlers.update(go=fake)"])
def test_a_changed_entry_of_a_dict(change: str) -> None:
    assert graph_of(f"{APP}{change}\n", 'await app.handlers["go"](step)') == FAKE


def test_an_element_that_is_added_to_a_list() -> None:
    assert graph_of(APP + "app.hooks.append(fake)\n", "for each in app.hooks:\n    await each(step)") == text("""
        call hook
        call fake
        def hook
          sleep 'hook' 1
        def fake
          sleep 'fake' 1
    """)


def test_a_deleted_element_is_noted() -> None:
    (note,) = notes_of(APP + "del app.hooks[0]\n", "for each in app.hooks:\n    await each(step)")
    assert "the step object is passed to `each`, which stepgraph does not model." in note


def test_an_attribute_that_is_one_of_several_targets() -> None:
    change = "app.hook, other = hook, 1\n"
    assert graph_of(APP + change, "if app.hook is not None:\n    await app.hook(step)") == text("""
        if app.hook is not None
          call hook
        def hook
          sleep 'hook' 1
    """)


@pytest.mark.parametrize(
    "change",
    [
        "for a in (app,):\n    a.hook = hook\n",
        'apps = {"x": app}\napps["x"].hook = hook\n',
        "other = app\nother.hook = hook\n",
    ],
)
def test_a_function_named_like_an_assigned_attribute_is_noted(change: str) -> None:
    (note,) = notes_of(APP + change, "if app.hook is not None:\n    await app.hook(step)")
    assert "other code changes `hook`" in note


@pytest.mark.parametrize(
    "change",
    [
        "def register(f):\n    app.hook = hook\n    return f\n\n@register\nasync def other(step): ...\n",
        "def enable():\n    app.hook = hook\n\ndef main():\n    enable()\n\nmain()\n",
        'setattr(app, "hook", hook)\n',
    ],
)
def test_an_attribute_that_is_assigned_indirectly(change: str) -> None:
    assert graph_of(APP + change, "if app.hook is not None:\n    await app.hook(step)") == text("""
        if app.hook is not None
          call hook
        def hook
          sleep 'hook' 1
    """)


@pytest.mark.parametrize(
    "change",
    [
        "def enable(a):\n    a.hook = hook\n\nenable(app)\n",
        "def enable(a):\n    a.hook = hook\n\ndef main():\n    enable(app)\n\nmain()\n",
        'for name in ("hook",):\n    setattr(app, name, hook)\n',
    ],
)
def test_an_attribute_of_an_unnamed_object_is_noted(change: str) -> None:
    assert notes_of(APP + change, "if app.hook is not None:\n    await app.hook(step)")


HOOKED_APP = f"{APP}\napp.hook = hook\n"


@pytest.mark.slow
def test_a_method_that_changes_in_an_unknown_object_is_noted() -> None:
    change = 'import flask\nsetattr(flask.current_app, "go", fake)\n'
    (note,) = notes_of(HOOKED_APP + change, "await app.go(step)")
    assert "other code changes `go` of an instance of `App`, so its value at run time is unknown." in note


@pytest.mark.parametrize("owner", ["Service", "tools"])
def test_changes_of_classes_and_modules_do_not_change_objects(owner: str) -> None:
    change = f'import flask\nimport tools\nclass Service: ...\nsetattr(flask.{owner}, "go", fake)\n'
    assert graph_of(HOOKED_APP + change, "await app.go(step)", tools="") == GO


def test_code_that_never_runs_at_import_changes_no_object() -> None:
    change = 'if __name__ == "__main__":\n    app.go = fake\n'
    assert graph_of(HOOKED_APP + change, "await app.go(step)") == GO


@pytest.mark.parametrize(
    "change",
    [
        'for name in ["load"]:\n    setattr(Service, name, other)\n',
        "def patch(cls, **fns):\n    for k in fns:\n        setattr(cls, k, fns[k])\n\npatch(Service, load=other)\n",
        'delattr(Service, "load")\n',
    ],
)
def test_a_changed_method_is_noted(change: str) -> None:
    notes = notes_of(SERVICE + OTHER + change, "service = Service()\nawait service.load(step)")
    assert f"entry.py:3:5: {CHANGED} The graph shows this definition. [assigned-elsewhere]" in notes


@pytest.mark.parametrize(
    "change",
    [
        "Service.load = other\n",
        "Service.load = None\nService.load = other\n",
        'setattr(Service, "load", other)\n',
        "class Other(Service):\n    pass\n\nOther.load = fake\nService.load = other\n",
        "Alias = Service\nAlias.load = fake\nService.load = other\n",
    ],
)
def test_a_method_that_a_statement_of_a_module_assigns(change: str) -> None:
    body = "service = Service()\nawait service.load(step)"
    assert graph_of(HOOKS + SERVICE + OTHER + change, body) == LOADS_OTHER
    wiring = f"from core import Service\n{HOOKS}{OTHER}{change}"
    assert graph_of("from core import Service\nimport wiring\n", body, core=SERVICE, wiring=wiring) == LOADS_OTHER


LOADS_OTHER = text("""
    call other
    def other
      sleep 'other' 1
""")


def test_a_method_that_a_conditional_statement_assigns() -> None:
    change = "import sys\nif sys.argv:\n    Service.load = other\n"
    graph = graph_of(SERVICE + OTHER + change, "service = Service()\nawait service.load(step)")
    assert "call other" in graph
    assert "call load" in graph


def test_run_that_a_statement_of_a_module_assigns() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            pass

        async def run(self, event, step):
            await step.sleep("n", 1)

        W.run = run
    """)
    assert workflow.complete
    assert notation(workflow.graph) == "sleep 'n' 1"


@pytest.mark.parametrize(
    "change",
    [
        "old = Service.load\nService.load = other\n",
        "def patch(): Service.load = other\n\npatch()\n",
        "def patch(): Service.load = other\n",
        "Service.load = other\ndef patch(): Service.load = old\n",
    ],
)
def test_a_method_that_changes_in_turn_is_noted(change: str) -> None:
    body = "await old(None, step)" if "old =" in change else "service = Service()\nawait service.load(step)"
    assert notes_of(SERVICE + OTHER + change, body)


def test_a_method_assigned_through_a_loop_variable_is_noted() -> None:
    wiring = f"from core import Service\n\n{OTHER}for cls in (Service,):\n    cls.load = other\n"
    body = "service = Service()\nawait service.load(step)"
    (note,) = notes_of("from core import Service\nimport wiring\n", body, core=SERVICE, wiring=wiring)
    assert f"core.py:3:5: {CHANGED}" in note


def test_a_changed_method_of_the_workflow_is_noted() -> None:
    workflow = workflow_of_module("""
        from workers import WorkflowEntrypoint

        class W(WorkflowEntrypoint):
            async def load(self, step):
                await step.sleep("load", 1)

            async def run(self, event, step):
                await self.load(step)

        for name in ("load",):
            setattr(W, name, logged(getattr(W, name)))
    """)
    assert any(CHANGED in str(note) and note.incomplete for note in workflow.notes)


@pytest.mark.parametrize(
    "change",
    [
        "mod = helpers\nmod.load = fake\n",
        'helpers.__dict__["load"] = fake\n',
        "vars(helpers).update(load=fake)\n",
        'import operator\noperator.setitem(vars(helpers), "load", fake)\n',
        "replace_all(helpers.__dict__)\n",
        "exec(CODE, helpers.__dict__)\n",
        "for name in ('load',):\n    setattr(helpers, name, fake)\n",
        'import sys\nsetattr(sys.modules["helpers"], "load", fake)\n',
    ],
)
def test_a_changed_name_of_another_module_is_noted(change: str) -> None:
    (note,) = notes_of(f"{HOOKS}import helpers\n{change}", "await helpers.load(step)", helpers=LOAD)
    assert f"helpers.py:1:1: {CHANGED}" in note


def test_a_name_that_an_unrelated_module_changes_is_noted() -> None:
    wiring = f"{HOOKS}import helpers\nvars(helpers).update(load=fake)\n"
    (note,) = notes_of("from helpers import load\nimport wiring\n", "await load(step)", helpers=LOAD, wiring=wiring)
    assert f"helpers.py:1:1: {CHANGED}" in note


@pytest.mark.parametrize(
    "change",
    [
        "import sys\nthis = sys.modules[__name__]\nthis.load = fake\n",
        "import sys\nsys.modules[__name__].load = fake\n",
        'g = globals()\nfor name in ["load"]:\n    g[name] = fake\n',
        "globals().update(load=fake)\n",
        'def install(name, f):\n    globals()[name] = f\n\ninstall("load", fake)\n',
    ],
)
def test_a_changed_name_of_the_own_module_is_noted(change: str) -> None:
    (note,) = notes_of(HOOKS + LOAD + change, "await load(step)")
    assert f"entry.py:8:1: {CHANGED}" in note


@pytest.mark.parametrize(
    "change",
    ['locals()["load"] = fake\n', "locals().update(load=fake)\n", 'exec("load = fake")\n', "exec(SOURCE, globals())\n"],
)
def test_a_name_changed_by_a_namespace_or_exec_is_noted(change: str) -> None:
    notes = notes_of(HOOKS + LOAD + change, "await load(step)")
    assert f"entry.py:8:1: {CHANGED} The graph shows this definition. [assigned-elsewhere]" in notes


@pytest.mark.parametrize(
    "use",
    [
        'operator.setitem(vars(helpers), "save", fake)',
        "print(helpers.__dict__)",
        "CONFIGURATION.update(vars(helpers))",
        "Configuration(**vars(helpers))",
    ],
)
def test_a_read_namespace_of_another_module(use: str) -> None:
    assert graph_of(f"{HOOKS}import helpers\n{use}\n", "await helpers.load(step)", helpers=LOAD) == text("""
        call load
        def load
          sleep 'load' 1
    """)


def test_a_namespace_that_is_stored_by_a_key_may_change() -> None:
    use = 'import operator\nimport helpers\nspaces = {}\noperator.setitem(spaces, "save", vars(helpers))\n'
    (note,) = notes_of(f"{HOOKS}{use}", "await helpers.load(step)", helpers=LOAD)
    assert f"helpers.py:1:1: {CHANGED}" in note


def test_a_method_changed_through_a_class_namespace_is_noted() -> None:
    service = SERVICE + '    locals()["load"] = fake\n\n'
    notes = notes_of(HOOKS + service, "service = Service()\nawait service.load(step)")
    assert f"entry.py:10:5: {CHANGED} The graph shows this definition. [assigned-elsewhere]" in notes


@pytest.mark.parametrize(
    "use", ["def show():\n    locals()['load'] = 1\n", 'exec("load = 1", {})\n', "print(locals())\n"]
)
def test_a_namespace_of_something_else_than_the_module(use: str) -> None:
    assert graph_of(LOAD + use, "await load(step)") == text("""
        call load
        def load
          sleep 'load' 1
    """)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("def enable(a):\n    a.hook = hook\n", "enable(app)\nawait app.go(step)"),
        ("def enable(a):\n    a.hook = hook\n", "app = App()\nenable(app)\nawait app.go(step)"),
        ("def build():\n    a = App()\n    a.hook = hook\n    return a\n\nbuilt = build()\n", "await built.go(step)"),
    ],
)
def test_an_uncalled_function_changes_nothing_at_import(head: str, body: str) -> None:
    assert graph_of(APP + head, body) == GO


@pytest.mark.parametrize(
    "change",
    [
        "class Box: ...\n\nbox = Box()\nbox.other = hook\n",
        'globals()["other"] = hook\n',
        'names = globals()\nprint(names["fake"])\n',
        "class Box:\n    def __init__(self, **fns):\n        self.__dict__.update(fns)\n\nbox = Box(fake=hook)\n",
        "def copy(f, g):\n    for name in ('__doc__',):\n        setattr(g, name, getattr(f, name))\n",
    ],
)
def test_changes_of_other_attributes_do_not_count(change: str) -> None:
    assert graph_of(APP + change, "await fake(step)") == FAKE


@pytest.mark.parametrize("change", ["core.größe = core.other", "core.größe, x = core.other, 1"])
def test_a_changed_function_with_a_non_ascii_name_is_noted(change: str) -> None:
    core = LOAD.replace("load(step)", "größe(step)") + OTHER + "import wiring\n"
    (note,) = notes_of("import core\n", "await core.größe(step)", core=core, wiring=f"import core\n{change}\n")
    assert "other code changes `größe`, so its value at run time is unknown." in note


@pytest.mark.parametrize(
    "load", ['import_module("changes")', 'import_module("changes").f()', '__import__("changes")', 'import_module("ä")']
)
def test_a_change_in_a_module_loaded_by_a_call_is_noted(load: str) -> None:
    change = "import core\ncore.load = core.other\n"
    modules = {
        "core": LOAD + OTHER + "import wiring\n",
        "wiring": f"from importlib import import_module\n{load}\n",
        "changes": change + "def f(): pass\n",
        "ä": change,
    }
    (note,) = notes_of("import core\n", "await core.load(step)", **modules)
    assert CHANGED in note


# Attributes of modules that only other modules bind

STORE = "import core\nfrom jobs import hook\ncore.stored = hook\n"


def test_attribute_that_another_module_adds() -> None:
    assert graph_of(
        "import core\nimport wiring\n", "await core.stored(step)", core="", jobs=HOOKS, wiring=STORE
    ) == text("""
        call hook
        def hook
          sleep 'hook' 1
    """)


def test_last_module_that_adds_an_attribute_determines_it() -> None:
    later = "import core\nfrom jobs import fake\ncore.stored = fake\n"
    head = "import core\nimport wiring\nimport later\n"
    graph = graph_of(head, "await core.stored(step)", core="", jobs=HOOKS, wiring=STORE, later=later)
    assert graph.startswith("call fake")


def test_attribute_that_a_function_may_replace_is_noted() -> None:
    replacing = f"{STORE}from jobs import fake\n\ndef replace():\n    core.stored = fake\n"
    (note,) = notes_of("import core\nimport wiring\n", "await core.stored(step)", core="", jobs=HOOKS, wiring=replacing)
    assert "other code changes `stored`" in note


def test_attribute_that_only_an_uncalled_function_adds_is_noted() -> None:
    adding = "import core\nfrom jobs import fake\n\ndef add():\n    core.stored = fake\n"
    notes = notes_of("import core\nimport wiring\n", "await core.stored(step)", core="", jobs=HOOKS, wiring=adding)
    assert "core.py has no `stored`" in notes[0]

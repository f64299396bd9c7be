"""Workers whose main module imports many modules with workflows."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from stepgraph import Analysis, analyze_paths, analyze_source
from stepgraph.interpreter.equivalence import Slot
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.write_log import affects_steps
from stepgraph.limits import MAXIMUM, PER_KILOBYTE, Budget, Limit
from stepgraph.project.module_files import ModuleFiles
from stepgraph.syntax.import_graph import ImportGraph
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.modules import Importer, SourceModules
from stepgraph.syntax.parse import parse_module
from tests.project.trees import plant

pytestmark = pytest.mark.usefixtures("empty_directory")

FLOW = """
from workers import WorkflowEntrypoint

STEPS_{n} = []

def add_{n}(function):
    STEPS_{n}.append(function)
    return function

@add_{n}
async def rest(step):
    await step.sleep("{n}", 1)

class W{n}(WorkflowEntrypoint):
    async def run(self, event, step):
        for function in STEPS_{n}:
            await function(step)
"""
LATE = """
import w0

@w0.add_0
async def late(step):
    await step.sleep("late", 1)
"""


def analysis_of(count: int, files: dict[str, str]) -> Analysis:
    """Return the analysis of a number of workflow modules, of a main module that imports all, and of other files."""
    imports = "".join(f"from w{n} import W{n}\n" for n in range(count))
    flows = {f"w{n}.py": FLOW.format(n=n) for n in range(count)}
    main = imports + "".join(f"import {name[:-3]}\n" for name in files)
    plant(Path(), {"pyproject.toml": "", **flows, **files, "entry.py": main})
    return analyze_paths(["."])


def names_of(analysis: Analysis) -> list[list[str]]:
    """Return the functions of each workflow, sorted by the names of the workflows. All graphs must be complete."""
    assert all(workflow.complete for workflow in analysis.workflows)
    workflows = sorted(analysis.workflows, key=lambda workflow: workflow.name)
    return [list(workflow.graph["workflow"]["functions"]) for workflow in workflows if workflow.graph is not None]


@pytest.mark.slow
def test_registries_of_many_modules() -> None:
    assert names_of(analysis_of(60, {})) == [["rest"]] * 60


def test_module_that_adds_to_the_registry_of_one_workflow() -> None:
    assert names_of(analysis_of(3, {"late.py": LATE})) == [["rest", "late"], ["rest"], ["rest"]]


def test_imports_are_searched_once_for_all_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []
    search = Importer.names_assigned

    def count(importer: Importer, path: str) -> frozenset[str]:
        searched.append(path)
        return search(importer, path)

    monkeypatch.setattr(Importer, "names_assigned", count)
    analysis_of(3, {})
    assert sorted(searched) == ["entry.py", "w0.py", "w1.py", "w2.py"]


def test_group_of_modules_has_one_order() -> None:
    modules = [parse_module(b"", path) for path in ("b.py", "a.py")]
    for order in (modules, modules[::-1]):
        graph = ImportGraph(Importer(ModuleFiles("", ()), SourceModules()))
        assert [module.path for module in graph.group_of(order).modules] == ["a.py", "b.py"]


REGISTRY = """
STEPS = {}

def register(name):
    def add(function):
        STEPS[name] = function
        return function
    return add
"""
REGISTERED = """
from registry import STEPS, register

@register("{n}")
async def rest_{n}(step):
    await step.sleep("{n}", 1)
"""
REGISTERED_FLOW = """
from workers import WorkflowEntrypoint
from registry import STEPS

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await STEPS["0"](step)
"""


@pytest.mark.slow
def test_registry_that_many_modules_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MAXIMUM, Limit.ELEMENTS, 25_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.ELEMENTS, 0)
    modules = {f"step_{n}.py": REGISTERED.format(n=n) for n in range(100)}
    imports = "".join(f"import {name[:-3]}\n" for name in modules)
    plant(Path(), {"pyproject.toml": "", "registry.py": REGISTRY, **modules, "entry.py": imports + REGISTERED_FLOW})
    assert names_of(analyze_paths(["entry.py"])) == [["rest_0"]]


@pytest.mark.slow
def test_garbage_of_earlier_workflows_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepgraph.pipeline._MAX_YOUNG_OBJECTS", 0)
    gc.collect()
    analysis_of(8, {})
    # That of the last workflow, and two of the shared run: one has run the modules, and one searches them.
    assert sum(isinstance(value, Interpreter) for value in gc.get_objects()) <= 3


@pytest.mark.slow
def test_registries_of_modules_search_each_module_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[bytes] = []

    def mentions(module: SourceModule, word: bytes) -> bool:
        searched.append(word)
        return word in module.content

    monkeypatch.setattr(SourceModule, "mentions", mentions)
    for n in range(30):
        text = f"TABLE_{n} = {{}}\ndef add(fn):\n    TABLE_{n}[fn.__name__] = fn\n    return fn\n"
        (tmp_path / f"m{n}.py").write_text(f"{text}@add\nasync def rest(step): await step.sleep('rest', 1)\n")
    imports = "".join(f"from m{n} import TABLE_{n}\n" for n in range(30))
    calls = "".join(f"        await TABLE_{n}['rest'](step)\n" for n in range(30))
    run = f"class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n{calls}"
    (tmp_path / "entry.py").write_text(f"from workers import WorkflowEntrypoint\n{imports}{run}")
    (workflow,) = analyze_paths(tmp_path / "entry.py").workflows
    assert workflow.complete
    assert searched.count(b"update_wrapper") == 31


def _counted_elements(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of visited elements of each visit."""
    visited: list[int] = []

    def spend(_: Budget, limit: Limit, amount: int = 1) -> None:
        visited.append(amount if limit is Limit.ELEMENTS else 0)

    monkeypatch.setattr(Budget, "spend", spend)
    return visited


ADDITIONS = {
    "assignments": ("", "async def f{0}(step): await step.sleep('{0}', 1)\nTABLE['{0}'] = f{0}\n"),
    "registrations": (
        "def register(fn):\n    TABLE[fn.__name__] = fn\n    return fn\n",
        "@register\nasync def f{0}(step): await step.sleep('{0}', 1)\n",
    ),
    "defaults": ("", "async def f{0}(step): await step.sleep('{0}', 1)\nTABLE['{0}'].append(f{0})\n"),
    "reads": ("", "TABLE['{0}'] = {0}\nassert TABLE['{0}']\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ADDITIONS)
def test_new_keys_do_not_visit_all_entries(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    elements = _counted_elements(monkeypatch)
    start, addition = ADDITIONS[kind]
    additions = "".join(addition.format(number) for number in range(200))
    table = "collections.defaultdict(list)" if kind == "defaults" else "{}"
    create = f"from workers import WorkflowEntrypoint\nimport collections\nTABLE = {table}\n"
    run = "class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n        await TABLE['1'](step)\n"
    analyze_source(f"{create}{start}{additions}\n{run}")
    assert sum(elements) < 6_000


def test_members_of_an_enumeration_do_not_visit_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    elements = _counted_elements(monkeypatch)
    members = "".join(f"    M{number} = '{number}'\n" for number in range(200))
    flow = "class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n        for kind in Kind:\n"
    head = f"import enum\nfrom workers import WorkflowEntrypoint\n\nclass Kind(enum.Enum):\n{members}\n"
    analyze_source(f"{head}{flow}            await step.sleep(kind.value, 1)\n")
    assert sum(elements) < 6_000


def test_appends_of_constants_compare_only_new_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def compare(old: Slot, new: Slot) -> bool:
        compared.append(len(new) if isinstance(new, tuple) else 1)
        return affects_steps(old, new)

    monkeypatch.setattr("stepgraph.interpreter.store.affects_steps", compare)
    appends = "".join(f"NUMBERS.append({n})\n" for n in range(100))
    flow = "class Orders(WorkflowEntrypoint):\n    async def run(self, event, step):\n        for n in NUMBERS:\n"
    head = f"from workers import WorkflowEntrypoint\n\nNUMBERS = []\n{appends}\n"
    analyze_source(f"{head}{flow}            await step.sleep('rest', 1)\n")
    assert sum(compared) < 300


def test_modules_that_import_each_other_in_a_long_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each import of a module that is already running searched the runs of all modules in the chain."""
    monkeypatch.setitem(MAXIMUM, Limit.ELEMENTS, 3_000)
    monkeypatch.setitem(PER_KILOBYTE, Limit.ELEMENTS, 0)
    earlier = "".join(f"import c{number}\n" for number in range(5))
    chain = {f"c{number}.py": f"import c{number + 1}\n{earlier}" for number in range(80)}
    assert analysis_of(1, {**chain, "c80.py": ""}).workflows[0].notes == ()

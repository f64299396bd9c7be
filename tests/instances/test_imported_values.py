"""The effects of changed constants and functions of other modules on instances that their values may have steered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepgraph import analyze_paths
from stepgraph.diff.diff import diff_workflows
from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.model.details import ComparableDetails
from stepgraph.model.payload import Graph
from stepgraph.replay.new_code import NewCode
from tests.instances.short_logs import ended, log_of, opened

ENTRY = """
from workers import WorkflowEntrypoint
$imports

async def work():
    return 1

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        n = event["payload"]
        if $condition:
            await step.do("a")(work)()
        await step.sleep("nap", 1000)
"""
LOG = log_of("paused", ended("a"), opened("nap", "sleep"))

Files = dict[str, str]


def entry(imports: str, condition: str) -> Files:
    return {"entry.py": ENTRY.replace("$imports", imports).replace("$condition", condition)}


def effect(folder: Path, old: Files, new: Files, log: InstanceLog = LOG) -> InstanceEffect:
    """Return the effect of a new version of a project on an instance."""
    deployed, changed = graph_of(folder / "old", old), graph_of(folder / "new", new)
    return NewCode.of(changed[0], deployed[0], (deployed[1], changed[1])).replay(log).effect


def graph_of(folder: Path, files: Files) -> tuple[Graph, ComparableDetails]:
    """Return the graph of the only workflow of a project, with its details."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    (workflow,) = analyze_paths(folder / "entry.py").workflows
    assert workflow.graph is not None
    return workflow.graph, workflow.comparable_details


def reasons(folder: Path, old: Files, new: Files, log: InstanceLog = LOG) -> tuple[str, ...]:
    """Return the reasons for the effect of a new version of a project on an instance."""
    deployed, changed = graph_of(folder / "old", old), graph_of(folder / "new", new)
    return NewCode.of(changed[0], deployed[0], (deployed[1], changed[1])).replay(log).reasons


def changes(folder: Path, old: Files, new: Files) -> list[str]:
    """Return the changes of a new version of a project, one on each line."""
    before, after = graph_of(folder / "old", old), graph_of(folder / "new", new)
    diff = diff_workflows(before[0]["workflow"], after[0]["workflow"], details=lambda: (before[1], after[1]))
    return [change.line for change in diff.changes]


ENUM = """
from enum import Enum
class Level(Enum):
    LOW = 1
    HIGH = 2
    def is_top(self):
        return self.value > 1
"""
SETTINGS = (
    "class Base:\n    LIMIT = 3\nclass Settings(Base):\n    def __init__(self, top=5):\n        self.top = top + 1\n"
)
USED = {
    "constant": ("from limits import LIMIT", "n > LIMIT", {"limits.py": "LIMIT = 3"}, ("3", "5")),
    "renamed": ("from limits import LIMIT as TOP", "n > TOP", {"limits.py": "LIMIT = 3"}, ("3", "5")),
    "module": ("import limits", "n > limits.LIMIT", {"limits.py": "LIMIT = 3"}, ("3", "5")),
    "computed": ("from limits import LIMIT", "n > LIMIT", {"limits.py": "BASE = 3\nLIMIT = BASE * 2"}, ("= 3", "= 5")),
    "call": ("from limits import LIMIT", "n > LIMIT", {"limits.py": "LIMIT = int('3')"}, ("3", "5")),
    "guarded": (
        "from limits import LIMIT",
        "n > LIMIT",
        {"limits.py": "import os\nif os.name == 'a':\n    LIMIT = 1\nelse:\n    LIMIT = 2"},
        ("'a'", "'b'"),
    ),
    "set": ("from limits import KINDS", "n in KINDS", {"limits.py": "A = 'a'\nKINDS = {A, 'b'}"}, ("'a'", "'c'")),
    "mutated": ("from limits import KINDS", "n in KINDS", {"limits.py": "KINDS = []\nKINDS.append(3)"}, ("3", "5")),
    "function": ("from rules import big", "big(n)", {"rules.py": "def big(n):\n    return n > 3"}, ("3", "5")),
    "default": ("from rules import big", "big(n)", {"rules.py": "def big(n, m=3):\n    return n > m"}, ("3", "5")),
    "lambda": ("from rules import big", "big(n)", {"rules.py": "big = lambda n: n > 3"}, ("3", "5")),
    "same": ("def big(n):\n    def f():\n        return 3\n    return n > f()", "big(n)", {}, ("return 3", "return 5")),
    "decorator": (
        "from rules import big",
        "big(n)",
        {"rules.py": "def twice(f):\n    return lambda n: f(n) > 3\n@twice\ndef big(n):\n    return n"},
        ("3", "5"),
    ),
    "indirect": (
        "from rules import big",
        "big(n)",
        {"rules.py": "from deep import LIMIT\ndef big(n):\n    return n > LIMIT", "deep.py": "LIMIT = 3"},
        ("= 3", "= 5"),
    ),
    "local import": (
        "from rules import big",
        "big(n)",
        {"rules.py": "def big(n):\n    from deep import LIMIT as m\n    return n > m", "deep.py": "LIMIT = 3"},
        ("= 3", "= 5"),
    ),
    "re-export": (
        "from shop import big",
        "big(n)",
        {"shop/__init__.py": "from .rules import *", "shop/rules.py": "def big(n):\n    return n > 3"},
        ("3", "5"),
    ),
    "package": (
        "import shop.rules",
        "shop.rules.big(n)",
        {
            "shop/__init__.py": "",
            "shop/rules.py": "from . import deep\ndef big(n):\n    return n > deep.A",
            "shop/deep.py": "A = 3",
        },
        ("A = 3", "A = 5"),
    ),
    "cycle": (
        "from a import big",
        "big(n)",
        {
            "a.py": "import b\ndef big(n):\n    return n < 9 or b.small(n)",
            "b.py": "import a\ndef small(n):\n    return n > 3 and a.big(n - 1)",
        },
        ("> 3", "> 5"),
    ),
    "member": ("from levels import Level", "n == Level.LOW.value", {"levels.py": ENUM}, ("LOW = 1", "LOW = 0")),
    "method of member": ("from levels import Level", "Level.LOW.is_top()", {"levels.py": ENUM}, ("> 1", "> 0")),
    "class": ("from conf import Settings", "n > Settings.LIMIT", {"conf.py": SETTINGS}, ("= 3", "= 5")),
    "instance": ("from conf import Settings\nS = Settings()", "n > S.top", {"conf.py": SETTINGS}, ("+ 1", "+ 2")),
    "argument": (
        "from conf import S",
        "n > S.top",
        {"conf.py": f"{SETTINGS}\nS = Settings(top=4)"},
        ("top=4", "top=3"),
    ),
    "other name": (
        "from limits import A, B",
        "n > A",
        {"limits.py": "A, B = 3, 4", "other.py": "n > A"},
        ("n > A", "n > B"),
    ),
    "two imports": (
        "from limits import LIMIT\nfrom other import LIMIT",
        "n > LIMIT",
        {"limits.py": "LIMIT = 3", "other.py": "LIMIT = 4"},
        ("= 4", "= 5"),
    ),
    "broken": ("from limits import LIMIT", "n > LIMIT", {"limits.py": "LIMIT = 3 +"}, ("3", "5")),
    "comprehension": (
        "from limits import LIMIT",
        "any(each > LIMIT for each in n)",
        {"limits.py": "LIMIT = 3"},
        ("3", "5"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", USED)
def test_values_from_other_modules_may_change_branches(case: str, tmp_path: Path) -> None:
    imports, condition, modules, (before, after) = USED[case]
    old = {**entry(imports, condition), **modules}
    new = {path: content.replace(before, after) for path, content in old.items()}
    assert old != new
    assert effect(tmp_path, old, new) == "unknown"
    if case != "broken":
        assert effect(tmp_path, old, {path: f"{content}\n\n" for path, content in old.items()}) == "resumes"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("from limits import LIMIT", "n > LIMIT"), ("import limits as m", "n > m.LIMIT")),
        (("from limits import LIMIT", "n > LIMIT"), ("", "n > 3")),
        (("from limits import LIMIT", "n > LIMIT"), ("from shop import TOP", "n > TOP")),
        (("from limits import big", "big(n)"), ("from shop import large", "large(n)")),
        (("from limits import big", "big(n)"), ("def big(m):\n    return m > 3", "big(n)")),
        (("import math", "math.ceil(n)"), ("from math import ceil as up", "up(n)")),
        (("import os", "n == os.path.sep"), ("import os.path\nimport os", "n == os.path.sep")),
    ],
)
def test_moved_definitions_keep_their_values(old: tuple[str, str], new: tuple[str, str], tmp_path: Path) -> None:
    modules = {
        "limits.py": "LIMIT = 3\nOTHER = 1\ndef big(n):\n    return n > LIMIT",
        "shop.py": "from limits import LIMIT as TOP\ndef large(count: int) -> bool:\n    return count > 3",
    }
    assert effect(tmp_path, {**entry(*old), **modules}, {**entry(*new), **modules}) == "resumes"


BASE = """
from workers import WorkflowEntrypoint
class Base(WorkflowEntrypoint):
    LIMIT = 3
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.top = 4
    def is_big(self, n):
        return n > self.LIMIT
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "before", "after"),
    [
        ("n > self.LIMIT", "= 3", "= 5"),
        ("self.is_big(n)", "= 3", "= 5"),
        ("self.is_big(n)", "n >", "n <"),
        ("n > self.top", "= 4", "= 5"),
        ("n > self.top and self.LIMIT", "= 4", "= 5"),
    ],
)
def test_members_of_base_classes_may_change_branches(condition: str, before: str, after: str, tmp_path: Path) -> None:
    files = {
        path: text.replace("(WorkflowEntrypoint)", "(Base)")
        for path, text in entry("from base import Base", condition).items()
    }
    old, new = ({**files, "base.py": code} for code in (BASE, BASE.replace(before, after)))
    assert effect(tmp_path, old, new) == "unknown"
    assert (
        effect(tmp_path, old, {**old, "base.py": BASE.replace("is_big(self, n)", "is_big(self, n: int)")}) == "resumes"
    )


LOCAL = """
from workers import WorkflowEntrypoint
async def work():
    return 3
class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        $body
        await step.sleep("nap", 1000)
"""
READING = {
    "context": ("with self.env.open(1) as x:\n    pass\nif x:", "open(1)", "open(2)"),
    "accumulated": ("x = 0\nx += 1\nx, y = x + 1, x\nfor each in [x, y]:\n    x -= each\nif x:", "+ 1", "+ 2"),
    "nested function": ("m = 3\ndef big(n):\n    return n > m\nif big(event):", "m = 3", "m = 5"),
    "helper with steps": (
        "async def load(n):\n    x = await step.do('load')(work)()\n    return x > n\nif await load(3):",
        "load(3)",
        "load(5)",
    ),
    "result of a helper": (
        "async def load():\n    x = await step.do('load')(work)()\n    return x > 3\nif await load():",
        "> 3",
        "> 5",
    ),
    "lambda": ("x = 3\nif any(map(lambda n: n > x, event)):", "x = 3", "x = 5"),
    "walrus": ("x = 3\nif (y := event['n']) and y > x:", "x = 3", "x = 5"),
    "except": ("try:\n    x = int(event)\nexcept ValueError:\n    x = 3\nif x:", "x = 3", "x = 5"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", READING)
def test_values_of_local_code_may_change_branches(case: str, tmp_path: Path) -> None:
    body, before, after = READING[case]
    lines = f"{body}\n    await step.do('a')(work)()".replace("\n", "\n        ")
    old = {"entry.py": LOCAL.replace("$body", lines)}
    new = {"entry.py": old["entry.py"].replace(before, after)}
    log = log_of("paused", *([ended("load")] if "'load'" in body else []), ended("a"), opened("nap", "sleep"))
    assert effect(tmp_path, old, new, log) == "unknown"
    moved = {"entry.py": old["entry.py"].replace("return 3", "return 4")}
    assert effect(tmp_path, old, moved, log) == "resumes"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "before", "after", "change"),
    [
        ("n > LIMIT", "= 3", "= 5", "condition `n > LIMIT`: value 3 changed to 5"),
        ("n > LIMIT > 0", "= 3", "= 'x'", "condition `n > LIMIT > 0`: value 3 changed to 'x'"),
        ("n > LIMIT", "= 3", "= max(3, 2)", "condition `n > LIMIT`: the code or values behind it changed"),
        ("n > LIMIT + 3", "3", "5", "condition `n > LIMIT + 3` changed to `n > LIMIT + 5`"),
        ("big(n)", "n > 7", "n > 8", "condition `big(n)`: value 7 changed to 8"),
    ],
)
def test_diffs_show_changed_values(condition: str, before: str, after: str, change: str, tmp_path: Path) -> None:
    modules = {"limits.py": "LIMIT = 3\ndef big(n):\n    return n > 7"}
    old = {**entry("from limits import LIMIT, big", condition), **modules}
    new = {path: content.replace(before, after) for path, content in old.items()}
    reason = "breaking: instances waiting at 'nap' may take a different branch when they resume"
    assert changes(tmp_path, old, new) == [f"~ {change}  {reason}"]
    assert changes(tmp_path, old, old) == []


def test_diffs_show_changed_values_of_a_match(tmp_path: Path) -> None:
    body = "match event.kind + N:\n            case 1:\n                await step.sleep('a', 1)"
    old, new = ({"entry.py": f"N = {number}\n{LOCAL.replace('$body', body)}"} for number in (3, 5))
    (change,) = changes(tmp_path, old, new)
    assert change.startswith("~ switch value `event.kind + N`: value 3 changed to 5  breaking: ")


@pytest.mark.parametrize("case", READING)
def test_layout_and_names_of_local_code_do_not_matter(case: str, tmp_path: Path) -> None:
    body, _, _ = READING[case]
    lines = f"{body}\n    await step.do('a')(work)()".replace("\n", "\n        ")
    old = {"entry.py": LOCAL.replace("$body", lines)}
    renamed = re.sub(r"\bx\b", "renamed", re.sub(r"\bm\b", "limit", old["entry.py"])).replace("'load'", '"load"')
    new = {"entry.py": f"# A comment\n{renamed}".replace("return 3", "return (3)")}
    log = log_of("paused", *([ended("load")] if "'load'" in body else []), ended("a"), opened("nap", "sleep"))
    assert effect(tmp_path, old, new, log) == "resumes"


def test_the_reason_contains_a_changed_constant(tmp_path: Path) -> None:
    old, new = ({**entry("import limits", "n > limits.A"), "limits.py": f"A = {value}"} for value in ("3", "'x'"))
    assert reasons(tmp_path, old, new) == (
        "The value 3 in the condition `n > limits.A` changed to 'x', so the instance may now take another branch.",
    )


@pytest.mark.slow
def test_a_long_chain_of_constants_is_followed(tmp_path: Path) -> None:
    chain = "".join(f"L{number} = L{number - 1} + 1\n" for number in range(1, 100))
    old, new = (entry(f"L0 = {first}\n{chain}", "n > L99") for first in (3, 5))
    assert effect(tmp_path, old, new) == "unknown"
    assert effect(tmp_path, old, old) == "resumes"


def test_further_subclasses_decide_conditions(tmp_path: Path) -> None:
    base = "class Check:\n    pass\n\nclass Size(Check):\n    pass\n"
    old = entry("from checks import Check", "len(Check.__subclasses__()) < 2")
    new = base + "\nclass Weight(Check):\n    pass\n"
    assert effect(tmp_path, old | {"checks.py": base}, old | {"checks.py": new}) == "unknown"


OVERRIDDEN = """
from workers import WorkflowEntrypoint

async def work():
    return 1

class Base(WorkflowEntrypoint):
    mode = "fast"

    def is_slow(self):
        return False

    async def run(self, event, step):
        await step.do("a")(work)()
        if $condition:
            await step.do("b")(work)()
        await step.sleep("nap", 1000)
"""
DERIVED = """
from base import Base

class Orders(Base):
    mode = "normal"

    def is_slow(self):
        return self.env.SLOW == "no"
"""


@pytest.mark.parametrize("condition", ['self.mode == "slow"', "self.is_slow()"])
def test_members_of_subclasses_override_those_of_bases(tmp_path: Path, condition: str) -> None:
    base = {"base.py": OVERRIDDEN.replace("$condition", condition)}
    changed = DERIVED.replace('"normal"', '"slow"').replace('"no"', '"yes"')
    assert effect(tmp_path, base | {"entry.py": DERIVED}, base | {"entry.py": changed}) == "unknown"
    unused = {"base.py": base["base.py"].replace('"fast"', '"slow"').replace("False", "True")}
    assert effect(tmp_path, base | {"entry.py": DERIVED}, unused | {"entry.py": DERIVED}) == "resumes"


STAGES = """
class Stage:
    def limit(self):
        return 1

    def is_open(self):
        return self.limit() > 2

class Review(Stage):
    def limit(self):
        return 2
"""


def test_methods_of_subclasses_may_run_for_other_objects(tmp_path: Path) -> None:
    old = entry("from stages import Stage", "Stage.is_open(n)") | {"stages.py": STAGES}
    assert effect(tmp_path, old, old | {"stages.py": STAGES.replace("return 2", "return 3")}) == "unknown"


@pytest.mark.parametrize(
    ("member", "value", "changed"),
    [
        ("LIMIT = 1", "self.LIMIT", "LIMIT = 9"),
        ("def limit(self): return 1", "self.limit()", "def limit(self): return 9"),
    ],
)
def test_members_beside_unknown_values_matter(tmp_path: Path, member: str, value: str, changed: str) -> None:
    old = entry("", f"len([x := n]) + {value} > 2")
    old["entry.py"] = old["entry.py"].replace("    async def run", f"    {member}\n\n    async def run")
    new = {"entry.py": old["entry.py"].replace(member, changed)}
    assert effect(tmp_path, old, new) == "unknown"


def test_parameters_of_static_methods_are_other_objects(tmp_path: Path) -> None:
    old = entry("", "self.is_open(n)")
    member = "@staticmethod\n    def is_open(order): return order.mode == 'x'\n"
    old["entry.py"] = old["entry.py"].replace("    async def run", f"    mode = 'x'\n\n    {member}\n    async def run")
    assert effect(tmp_path, old, {"entry.py": old["entry.py"].replace("mode = 'x'", "mode = 'y'")}) == "resumes"


SETTINGS = """
MODE = "fast"

class Limits:
    size = 1
"""


@pytest.mark.parametrize("condition", ["MODE == 'slow'", "settings.MODE == 'slow'", "settings.Limits.size > 2"])
def test_other_modules_write_variables_and_members(tmp_path: Path, condition: str) -> None:
    old = entry("import overrides\nimport settings\nfrom settings import MODE", condition)
    old |= {"settings.py": SETTINGS, "overrides.py": "import settings\nsettings.MODE = 'x'\nsettings.Limits.size = 2\n"}
    new = old | {"overrides.py": "import settings\nsettings.MODE = 'slow'\nsettings.Limits.size = 3\n"}
    assert effect(tmp_path, old, new) == "unknown"


@pytest.mark.slow
def test_names_with_a_replaced_constant_are_unknown(tmp_path: Path) -> None:
    old = entry("import overrides\nimport settings", "True").copy()
    old["entry.py"] = old["entry.py"].replace('do("a")', 'do(f"a {settings.Limits.size}")')
    old |= {"settings.py": SETTINGS, "overrides.py": "import settings\nsettings.Limits.size = 2\n"}
    log = log_of("paused", ended("a 2"), opened("nap", "sleep"))
    later = old | {"entry.py": f"{old['entry.py']}        await step.sleep('rest', 1)\n"}
    assert effect(tmp_path, old, later, log) == "resumes"


REGISTRY = """
HANDLERS = {}

def register(name):
    def decorate(function):
        HANDLERS[name] = function
        return function
    return decorate
"""
HANDLERS = """
from registry import register

@register("small")
async def small():
    return 1
"""


def test_arguments_of_decorators_that_fill_a_registry_matter(tmp_path: Path) -> None:
    old = entry("import handlers\nfrom registry import HANDLERS", "'large' in HANDLERS")
    old |= {"registry.py": REGISTRY, "handlers.py": HANDLERS}
    assert effect(tmp_path, old, old | {"handlers.py": HANDLERS.replace('"small"', '"large"')}) == "unknown"


DECORATED = """
from workers import WorkflowEntrypoint

async def work():
    return 1

def stage(title, wait=0):
    def decorate(function):
        async def wrapper(self, step):
            if wait > self.env.WAIT:
                await step.sleep("wait", 5)
            await step.do(title)(work)()
        return wrapper
    return decorate

class Orders(WorkflowEntrypoint):
    @stage("a")
    async def a(self, step): ...

    async def run(self, event, step):
        await self.a(step)
        await step.sleep("nap", 1000)
"""


def test_defaults_of_functions_with_unknown_calls_matter(tmp_path: Path) -> None:
    new = {"entry.py": DECORATED.replace("wait=0", "wait=7")}
    assert effect(tmp_path, {"entry.py": DECORATED}, new) == "unknown"


PARTIAL = """
from functools import partial
from workers import WorkflowEntrypoint

async def work():
    return 1

async def send(step, prefix, name, limit=2):
    await step.do(prefix + name)(work)()
    if limit > 3:
        await step.do("b")(work)()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        do = partial(send, step, "a")
        await do("")
        await step.sleep("nap", 1000)
"""


@pytest.mark.parametrize(("old", "new"), [("limit=2", "limit=9"), ("prefix + name", "name + prefix")])
def test_parameters_of_partial_calls_differ(tmp_path: Path, old: str, new: str) -> None:
    assert effect(tmp_path, {"entry.py": PARTIAL}, {"entry.py": PARTIAL.replace(old, new)}) == "unknown"


KEYS = """
class Key:
    def __init__(self, name, size):
        self.name = name
        self.size = size

KEYS = [Key("a", 2)]
"""
EXTENDED_KEYS = f"""{KEYS}
def extend():
    extra = KEYS
    extra.append(Key(KEYS[0].size, 0))
"""


@pytest.mark.parametrize(("keys", "expected"), [(KEYS, "resumes"), (EXTENDED_KEYS, "unknown")])
def test_modules_change_their_lists_under_the_original_name(tmp_path: Path, keys: str, expected: str) -> None:
    files = entry("from keys import KEYS as NAMES", "condition")
    loop = files["entry.py"].replace("if condition:", "for key in NAMES:").replace('"a"', "key.name")
    old, new = ({"entry.py": loop, "keys.py": each} for each in (keys, keys.replace('"a", 2', '"a", 3')))
    assert effect(tmp_path, old, new) == expected


def test_writes_of_a_variable_of_an_imported_module_matter(tmp_path: Path) -> None:
    condition = 'settings.LIMITS["a"] < n'
    old = entry("import settings", condition) | {"settings.py": 'LIMITS = {"a": 2}\n'}
    old["entry.py"] = old["entry.py"].replace('["payload"]\n', '["payload"]\n        settings.LIMITS["a"] = len(n)\n')
    assert effect(tmp_path, old, {**old, "entry.py": old["entry.py"].replace("len(n)", "len(n) + 1")}) == "unknown"


FILLING = {
    "first.py": "from second import grow\ndef fill(items):\n    grow(items)",
    "second.py": "class Rows:\n    def __init__(self, rows):\n        rows.append(3)\ndef grow(all):\n    Rows(all)",
    "other.py": "def fill_other(items):\n    items.clear()",
}


@pytest.mark.parametrize("called", ["fill", "grow", "Rows"])
def test_functions_of_other_modules_that_fill_a_list(tmp_path: Path, called: str) -> None:
    imports = f"import other\nfrom {'first' if called == 'fill' else 'second'} import {called}"
    project = entry(imports, "3 in items")
    filling = f'n = event["payload"]\n        items = []\n        {called}(items)'
    project = {name: text.replace('n = event["payload"]', filling) for name, text in project.items()} | FILLING
    changed = project | {"second.py": FILLING["second.py"].replace("append(3)", "append(5)")}
    assert effect(tmp_path, project, changed) == "unknown"
    assert effect(tmp_path / "same", project, project) == "resumes"

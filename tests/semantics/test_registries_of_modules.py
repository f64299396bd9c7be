"""Lists and dictionaries of steps that several modules of a project fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import WorkflowAnalysis, analyze_file, analyze_paths

pytestmark = pytest.mark.usefixtures("empty_directory")

ENTRY = """
from workers import WorkflowEntrypoint
import alpha, beta

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in alpha.JOBS:
            await job(step)
"""
ALPHA = """
async def pick(step):
    await step.sleep("pick", 1)

async def pack(step):
    await step.sleep("pack", 1)

JOBS = []
JOBS.append(pick)
"""
HELPERS = """
def add(owner, name, job):
    getattr(owner, name).append(job)

def adds(owner, name):
    def decorate(job):
        getattr(owner, name).append(job)
        return job
    return decorate
"""


def workflow_with(beta: str, alpha: str = ALPHA, entry: str = ENTRY) -> WorkflowAnalysis:
    """Return the workflow of a project with the modules `entry`, `alpha` and `beta`."""
    for name, source in (("entry", entry), ("alpha", alpha), ("beta", beta)):
        Path(f"{name}.py").write_text(source)
    return analyze_file("entry.py").workflows[0]


def calls_in(workflow: WorkflowAnalysis) -> list[str]:
    """Return the functions of a workflow, in the order of their first calls."""
    assert workflow.graph is not None
    return list(workflow.graph["workflow"]["functions"])


@pytest.mark.parametrize(
    "beta",
    [
        "rows = alpha.JOBS\nrows.append(alpha.pack)",
        "rows = alpha.JOBS\nrows += [alpha.pack]",
        "def add(rows):\n    rows.append(alpha.pack)\nadd(alpha.JOBS)",
        'getattr(alpha, "JOBS").append(alpha.pack)',
        "for rows in (alpha.JOBS,):\n    rows.append(alpha.pack)",
        "class Jobs:\n    def __init__(self, rows):\n        rows.append(alpha.pack)\nJobs(alpha.JOBS)",
        "register = alpha.JOBS.append\nregister(alpha.pack)",
    ],
)
def test_a_list_filled_by_two_modules(beta: str) -> None:
    workflow = workflow_with(f"import alpha\n{beta}")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("def put(rows, job):\n    rows.append(job)\n", "from alpha import JOBS, put\nput(JOBS, alpha.pack)"),
        ("def put(rows, job):\n    rows.append(job)\n", "alpha.put(alpha.JOBS, alpha.pack)"),
        ("def add(rows, job):\n    rows.append(job)\n", "alpha.add(alpha.JOBS, alpha.pack)"),
        ("def add(rows, job):\n    rows.append(job)\n", "shop = alpha\nshop.add(shop.JOBS, alpha.pack)"),
        (
            "def add(rows, job):\n    rows.append(job)\n",
            "def fill(shop):\n    shop.add(shop.JOBS, shop.pack)\nfill(alpha)",
        ),
        (
            "def put(rows):\n    def register(job):\n        rows.append(job)\n    return register\n",
            "alpha.put(alpha.JOBS)(alpha.pack)",
        ),
    ],
)
def test_a_list_that_a_function_of_an_imported_module_fills(function: str, call: str) -> None:
    workflow = workflow_with(f"import alpha\n{call}", function + ALPHA)

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


def test_a_list_passed_to_a_library_by_an_import_is_reported() -> None:
    function = "import library\n\ndef put(rows, job):\n    library.put(rows, job)\n"
    assert not workflow_with("from alpha import JOBS, pack, put\nput(JOBS, pack)", function + ALPHA).complete


def test_a_list_of_a_class_that_another_module_fills() -> None:
    alpha = ALPHA.replace("JOBS = []\nJOBS.append(pick)", "class Shop:\n    JOBS = []\n    JOBS.append(pick)")
    beta = "from alpha import Shop, pack\nrows = Shop.JOBS\nrows.append(pack)"
    workflow = workflow_with(beta, alpha, ENTRY.replace("alpha.JOBS", "alpha.Shop.JOBS"))

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


@pytest.mark.parametrize("register", ["alpha.JOBS.append", "register", "registrar()", 'table["add"]'])
def test_the_append_method_of_a_list_as_a_decorator(register: str) -> None:
    workflow = workflow_with(f"""
import alpha
register = alpha.JOBS.append
table = {{"add": register}}

def registrar():
    return alpha.JOBS.append

@{register}
async def ship(step):
    await step.sleep("ship", 1)
""")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "ship"]


@pytest.mark.parametrize(
    "beta",
    ["lib.fill(alpha.JOBS)", "lib.call(alpha.JOBS.append)", "bus = lib.Bus()\nbus.added = alpha.JOBS.append"],
)
def test_a_list_that_a_library_may_fill_is_reported(beta: str) -> None:
    assert not workflow_with(f"import alpha, lib\n{beta}").complete


def test_a_list_that_another_module_reads_is_complete() -> None:
    workflow = workflow_with("import alpha\nrows = alpha.JOBS\nprint(len(rows), [row.__name__ for row in rows])")

    assert workflow.complete
    assert calls_in(workflow) == ["pick"]


@pytest.mark.parametrize(
    "read",
    [
        'getattr(alpha, "JO" + "BS")',
        "getattr(alpha, NAME)",
        'operator.attrgetter("JOBS")(alpha)',
        'getattr(alpha, f"{NAME}")',
    ],
)
@pytest.mark.parametrize("own", ["JOBS = []\nJOBS.append(pick)", "JOBS = [pick]"])
def test_a_list_that_is_read_by_a_computed_name(read: str, own: str) -> None:
    alpha = ALPHA.replace("JOBS = []\nJOBS.append(pick)", own)
    workflow = workflow_with(f'import operator\nimport alpha\nNAME = "JOBS"\n{read}.append(alpha.pack)', alpha)

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


@pytest.mark.parametrize("own", ["JOBS = []\nJOBS.append(pick)", "JOBS = [pick]"])
@pytest.mark.parametrize(
    "change",
    [
        "for value in alpha.__dict__.values():\n    value.append(alpha.pack)",
        "for name, value in vars(alpha).items():\n    value.append(alpha.pack)",
        "for name, value in inspect.getmembers(alpha):\n    value.append(alpha.pack)",
        "for name in dir(alpha):\n    getattr(alpha, name).append(alpha.pack)",
        'setattr(alpha, "JO" + "BS", [alpha.pack])',
    ],
)
def test_a_change_of_an_unknown_member_is_reported(change: str, own: str) -> None:
    alpha = ALPHA.replace("JOBS = []\nJOBS.append(pick)", own)
    assert not workflow_with(f"import inspect\nimport alpha\n{change}", alpha).complete


@pytest.mark.parametrize("decorator", ['getattr(alpha, "re" + "gister")', "add"])
def test_a_decorator_that_is_read_by_a_computed_name(decorator: str) -> None:
    alpha = f"{ALPHA}\ndef register(job):\n    JOBS.append(job)\n    return job\n"
    workflow = workflow_with(
        f"""
import alpha
add = getattr(alpha, f"{{'re'}}gister")

@{decorator}
async def ship(step):
    await step.sleep("ship", 1)
""",
        alpha,
    )

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "ship"]


@pytest.mark.parametrize("name", ['"JOBS"', '"JO" + "BS"'])
def test_a_list_that_a_class_body_and_a_decorator_fill(name: str) -> None:
    entry = f"""
from workers import WorkflowEntrypoint

async def pick(step):
    await step.sleep("pick", 1)

class W(WorkflowEntrypoint):
    JOBS = []
    for job in (pick,):
        JOBS.append(job)

    async def run(self, event, step):
        for job in self.JOBS:
            await job(step)

def register(job):
    getattr(W, {name}).append(job)
    return job

@register
async def pack(step):
    await step.sleep("pack", 1)
"""
    workflow = workflow_with("", entry=entry)

    assert workflow.complete
    assert set(calls_in(workflow)) == {"pick", "pack"}


@pytest.mark.parametrize(
    "change",
    [
        'def add(module, name):\n    getattr(module, name).append(alpha.pack)\nadd(alpha, "JOBS")',
        'shop = alpha\ngetattr(shop, "JO" + "BS").append(alpha.pack)',
    ],
)
def test_a_module_that_is_passed_or_assigned(change: str) -> None:
    workflow = workflow_with(f"import alpha\n{change}")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


def test_a_computed_read_without_a_change_is_complete() -> None:
    workflow = workflow_with('import alpha\nNAME = "DEBUG"\nDEBUG = getattr(alpha, NAME, None)\nprint(vars(alpha))')

    assert workflow.complete
    assert calls_in(workflow) == ["pick"]


@pytest.mark.parametrize(
    "change",
    [
        'helpers.add(alpha, "JOBS", alpha.pack)',
        'helpers.adds(alpha, "JOBS")(alpha.pack)',
        'def install(module):\n    helpers.add(module, "JOBS", alpha.pack)\ndef load():\n    install(alpha)\nload()',
    ],
)
def test_a_module_that_is_passed_to_a_function_of_another_module(change: str) -> None:
    Path("helpers.py").write_text(HELPERS)
    workflow = workflow_with(f"import alpha\nimport helpers\n{change}")

    assert workflow.complete
    assert calls_in(workflow) == ["pick", "pack"]


FLOW = """
from workers import WorkflowEntrypoint

JOBS = []

def job(function):
    JOBS.append(function)
    return function

@job
async def pick(step):
    await step.sleep("pick", 1)

class W(WorkflowEntrypoint):
    async def run(self, event, step):
        for job in JOBS:
            await job(step)
"""


@pytest.mark.parametrize("package", ["from . import more", "from .flow import W\nfrom . import more"])
@pytest.mark.parametrize("path", ["entry.py", "shop/flow.py"])
def test_package_fills_the_list_of_its_module(path: str, package: str) -> None:
    """The package runs first, but the function of `flow` is the first in the list, because `more` imports `flow`."""
    Path("shop").mkdir()
    Path("shop/__init__.py").write_text(package)
    Path("shop/flow.py").write_text(FLOW)
    Path("shop/more.py").write_text(
        'from .flow import job\n\n@job\nasync def pack(step):\n    await step.sleep("pack", 1)\n'
    )
    Path("entry.py").write_text("from shop.flow import W\n")
    assert calls_in(analyze_file(path).workflows[0]) == ["pick", "pack"]


def test_main_module_of_a_worker_belongs_to_no_package() -> None:
    Path("shop").mkdir()
    Path("shop/__init__.py").write_text("import flow, more")
    Path("shop/flow.py").write_text(FLOW)
    Path("shop/more.py").write_text(
        'from flow import job\n\n@job\nasync def pack(step):\n    await step.sleep("pack", 1)\n'
    )
    workflows = '[{name = "w", binding = "W", class_name = "W"}]'
    Path("wrangler.toml").write_text(f'main = "shop/flow.py"\nworkflows = {workflows}')
    assert calls_in(analyze_paths(["."]).workflows[0]) == ["pick"]

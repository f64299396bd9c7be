"""Runs of all modules that several workflows share."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import Analysis, analyze_file, analyze_paths
from stepgraph.api import check_analysis
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.shared_runs import SharedProgram
from tests.project.trees import plant

pytestmark = pytest.mark.usefixtures("empty_directory")

REGISTRY = """
HANDLERS = {}
ALL = []
STATE = {"count": 0}

class Repository:
    def __init__(self):
        self.jobs = []

    def add(self, job):
        self.jobs.append(job)
        return job

    async def run(self, step):
        for job in self.jobs:
            await job(step)

shared = Repository()

def register(name):
    def add(function):
        HANDLERS[name] = function
        STATE["count"] += 1
        return function
    return add

def slot():
    current = None

    def use(job):
        nonlocal current
        current = job
        return job

    def get():
        return current

    return use, get

use, get = slot()
"""
HEAD = """
import registry
from registry import ALL, HANDLERS, STATE, get, register, shared, use
from workers import WorkflowEntrypoint

LOCAL = []
repository_{n} = registry.Repository()

async def job_{n}(step):
    await step.sleep("job {n}", "1 day")

{change}

class Flow{n}(WorkflowEntrypoint):
    async def extra(self, step):
        await step.sleep("extra {n}", "1 day")

    async def run(self, event, step):
        {body}
"""
CHANGES = {
    "register('{n}')(job_{n})": "await HANDLERS['{n}'](step)",
    "ALL.append(job_{n})": "ALL.append(self.extra)\n        for job in ALL:\n            await job(step)",
    "ALL.insert(0, job_{n})": "await ALL[0](step)\n        ALL.clear()",
    "registry.HANDLERS['{n}'] = job_{n}": "await HANDLERS.pop('{n}')(step)",
    "shared.add(job_{n})": "shared.add(self.extra)\n        await shared.run(step)",
    "repository_{n}.add(job_{n})": "await repository_{n}.run(step)\n        shared.jobs.clear()",
    "LOCAL.append(job_{n})": "for job in LOCAL:\n            await job(step)\n        STATE['count'] = 3",
    "use(job_{n})": "await get()(step)\n        use(self.extra)\n        await get()(step)",
    "if STATE['count'] > 1:\n    ALL.append(job_{n})": "await ALL[-1](step)",
    "registry.hook = job_{n}": "await registry.hook(step)",
    "for key in ('a{n}', 'b{n}'):\n    HANDLERS[key] = job_{n}": "await HANDLERS.get(event.payload, self.extra)(step)",
}
"""The body of `run`, by the statement of the module that stores a function."""


def write_flows(changes: list[str]) -> list[str]:
    """Write a Worker with a workflow for each change, and return the paths of the workflows."""
    flows = {
        f"flow_{n}.py": HEAD.format(n=n, change=change.format(n=n), body=CHANGES[change].format(n=n))
        for n, change in enumerate(changes)
    }
    main = "".join(f"from flow_{n} import Flow{n}\n" for n in range(len(flows)))
    plant(Path(), {"pyproject.toml": "", "registry.py": REGISTRY, **flows, "main.py": main})
    return list(flows)


def results_of(analysis: Analysis) -> list[tuple[object, ...]]:
    """Return the graph and the notes of each workflow, and the findings."""
    workflows = [(workflow.path, workflow.graph, workflow.notes) for workflow in analysis.workflows]
    return [*workflows, *((finding.span.path, str(finding)) for finding in check_analysis(analysis))]


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, -1])
def test_workflows_are_independent_of_each_other(order: int) -> None:
    paths = write_flows([*CHANGES][::order])
    together = results_of(analyze_paths(["."]))
    for path in paths:
        alone = results_of(analyze_file(path))
        assert [each for each in together if each[0] == path] == [each for each in alone if each[0] == path]


@pytest.mark.slow
def test_workflows_of_one_main_module_are_independent() -> None:
    paths = write_flows([*CHANGES])
    alone = [(workflow.graph, workflow.notes) for path in paths for workflow in analyze_file(path).workflows]
    names = "".join(f'[[workflows]]\nname="{n}"\nbinding="F{n}"\nclass_name="Flow{n}"\n' for n in range(len(paths)))
    plant(Path(), {"wrangler.toml": f'name = "w"\nmain = "main.py"\ncompatibility_date = "2026-03-01"\n{names}'})
    assert [(workflow.graph, workflow.notes) for workflow in analyze_paths(["."]).workflows] == alone


@pytest.mark.slow
def test_modules_run_twice_for_many_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluations: list[int] = []
    evaluate = Interpreter.evaluate

    def count(interpreter: Interpreter, node: object) -> object:
        evaluations[-1] += 1
        return evaluate(interpreter, node)  # type: ignore[arg-type]

    monkeypatch.setattr(Interpreter, "evaluate", count)
    for flows in (8, 32):
        write_flows(["register('{n}')(job_{n})"] * flows)
        evaluations.append(0)
        analyze_paths(["."])
    assert evaluations[1] < 5 * evaluations[0]


@pytest.mark.slow
def test_module_that_imports_by_name_prevents_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedProgram, "start", pytest.fail)
    write_flows(["register('{n}')(job_{n})"] * 3)
    plugins = "from importlib import import_module\n\ndef load(name):\n    return import_module(name)\n"
    plant(Path(), {"plugins.py": plugins, "registry.py": f"import plugins\n{REGISTRY}"})
    assert len(analyze_paths(["."]).workflows) == 3

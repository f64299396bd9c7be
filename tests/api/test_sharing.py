"""Many modules are shared out among processes, with the same result as in one."""

from __future__ import annotations

import os
from pathlib import Path
from weakref import ref

import pytest
from msgspec.structs import replace

from stepgraph import Analysis, InternalError
from stepgraph import sharing as module
from stepgraph.api import analyze_sources, check_analysis, check_sources
from stepgraph.limits import HELD_TOKENS, MOST_PROCESSES
from stepgraph.pipeline import Pipeline
from stepgraph.project.sources import Source, find_sources
from stepgraph.syntax import modules
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parsing.parse import parse_module

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="a process can be copied on Unix only"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # what runs tests may have threads
    pytest.mark.usefixtures("folder"),
]

WORKFLOW = """\
from workers import WorkflowEntrypoint
{imports}

class Flow{number}({base}):
    async def run(self, event, step):
        @step.do("first {number}")
        async def first():
            pass

        await first()
        {more}
"""
HELPERS = """\
async def paid(step, number):
    @step.do("paid")
    async def pay():
        pass

    await pay()
"""
NO_RUN = """\
from workers import WorkflowEntrypoint

class Idle(WorkflowEntrypoint):
    async def on_run(self, event, step): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty modules: with workflows, some with imports, one that is not Python, and classes derived in others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "may_fork", lambda: True)
    monkeypatch.setattr(module, "processors", lambda: 2)
    package = tmp_path / "package"
    package.mkdir()
    Path(package, "__init__.py").touch()
    Path(package, "helpers.py").write_text(HELPERS)
    Path(package, "broken.py").write_text("def f(:\n")
    for number in range(60):
        write(tmp_path, number)
    write(tmp_path, 3, imports="from package.helpers import paid", more="await paid(step, 3)")
    write(tmp_path, 44, imports="from package.broken import f", more="await f(step)")
    write(tmp_path, 50, imports="from flow_03 import Flow3", base="Flow3")
    Path(tmp_path, "flow_20.py").write_text("from workers import WorkflowEntrypoint\nclass C(WorkflowEntrypoint:\n")
    Path(tmp_path, "flow_21.py").write_text(NO_RUN)
    Path(tmp_path, "late.py").write_text("from flow_50 import Flow50\n\nclass Late(Flow50):\n    pass\n")
    return tmp_path


def write(folder: Path, number: int, **parts: str) -> None:
    given = {"imports": "", "base": "WorkflowEntrypoint", "more": "pass", **parts}
    Path(folder, f"flow_{number:02}.py").write_text(WORKFLOW.format(number=number, **given))


def analysed(*, graphs_only: bool) -> Analysis:
    return analyze_sources(find_sources(["."]), graphs_only=graphs_only)


def told(analysis: Analysis) -> list[object]:
    """Return all that a result tells, with what it depends on besides the modules themselves."""
    footprint = analysis.footprint
    return [
        [(str(workflow.span), workflow.version_graph(), workflow.notes) for workflow in analysis.workflows],
        analysis.problems,
        analysis.hints,
        analysis.files,
        list(analysis.read.items()),
        [(path, content) for path, content in footprint.files.items() if not path.startswith("flow_")],
        [(one.names, [found.path for found in one.found]) for one in footprint.derived],
        [sorted(source.project.files.listings.items()) for source in footprint.modules],
    ]


def test_the_result_is_the_same_as_in_one_process() -> None:
    alone = told(analysed(graphs_only=False))
    assert told(analysed(graphs_only=True)) == alone
    workflows, problems, hints = alone[:3]
    assert isinstance(workflows, list)
    assert [str(place).split(":")[0] for place, _, _ in workflows[-2:]] == ["flow_59.py", "late.py"]
    assert [str(problem).split(":")[0] for problem in problems] == ["flow_20.py", "package/broken.py"]  # type: ignore[attr-defined]
    assert [str(hint).split(":")[0] for hint in hints] == ["flow_21.py"]  # type: ignore[attr-defined]


def test_all_but_a_few_modules_are_read_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    analyze = Pipeline.analyze

    def noted(pipeline: Pipeline, source: Source) -> object:
        read.append(source.path)
        return analyze(pipeline, source)

    monkeypatch.setattr(Pipeline, "analyze", noted)
    analysed(graphs_only=True)
    assert read == ["late.py"]


def test_a_defect_in_another_process_is_told_as_one_in_this(monkeypatch: pytest.MonkeyPatch) -> None:
    analyze = Pipeline.analyze

    def failing(pipeline: Pipeline, source: Source) -> object:
        if source.path == "flow_33.py":
            raise RuntimeError
        return analyze(pipeline, source)

    monkeypatch.setattr(Pipeline, "analyze", failing)
    with pytest.raises(InternalError, match=r"flow_33\.py"):
        analysed(graphs_only=True)


def test_a_defect_ends_processes_that_have_much_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processors", lambda: 4)
    for number in range(25, 100):
        write(tmp_path, number, more=f"await step.sleep({'long ' * 1000!r}, 1)")
    analyze = Pipeline.analyze

    def failing(pipeline: Pipeline, source: Source) -> object:
        if source.path == "flow_00.py":
            raise RuntimeError
        return analyze(pipeline, source)

    monkeypatch.setattr(Pipeline, "analyze", failing)
    with pytest.raises(InternalError, match=r"flow_00\.py"):
        analysed(graphs_only=True)


def test_where_no_process_can_be_made_all_is_read_in_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise OSError

    monkeypatch.setattr(os, "fork", refused)
    assert told(analysed(graphs_only=True)) == told(analysed(graphs_only=False))


def test_a_module_too_large_for_one_of_several_processes_is_read_in_this_one(tmp_path: Path) -> None:
    write(tmp_path, 7, imports=f"NUMBERS = [{'0, ' * (HELD_TOKENS // MOST_PROCESSES // 2)}]")
    assert module.shared_out(find_sources(["."]).modules) is None
    assert told(analysed(graphs_only=True)) == told(analysed(graphs_only=False))


def test_the_result_is_the_same_where_modules_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = analysed(graphs_only=False)
    monkeypatch.setattr(modules, "RELEASED_TOKENS", 0)
    analysis, findings = check_sources(find_sources(["."]))
    assert told(analysis) == told(alone)
    assert findings == tuple(replace(finding, edits=()) for finding in check_analysis(alone))


def test_a_check_releases_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[ref[SourceModule]] = []
    alive: list[int] = []
    parse = parse_module

    def noted(source: bytes, path: str, room: int) -> SourceModule:
        found = parse(source, path, room)
        alive.append(sum(one() is not None for one in parsed))
        parsed.append(ref(found))
        return found

    monkeypatch.setattr(modules, "parse_module", noted)
    monkeypatch.setattr(modules, "RELEASED_TOKENS", 0)
    check_sources(find_sources(["."]))
    assert len(alive) > 60
    assert max(alive) <= 3

"""Analysis of many modules in worker processes, with the same result as in one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from weakref import ref

import pytest

from stepgraph import Analysis, InternalError, process_pool
from stepgraph.analysis import DetailLevel
from stepgraph.api import check_analysis
from stepgraph.checks.diagnostic import without_edits
from stepgraph.limits import HELD_TOKENS, MAX_PROCESSES
from stepgraph.pipeline import Pipeline
from stepgraph.project.sources import Source, find_sources
from stepgraph.source_analysis import analyze_graphs, analyze_sources, check_sources
from stepgraph.syntax import modules
from stepgraph.syntax.deferred.blocks import ParsedTokens
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.parse import parse_module

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # the test process may have threads
    pytest.mark.usefixtures("folder"),
]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="worker processes are forked")

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
    """Sixty modules. One imports a module, one imports a broken module, one is broken, and others derive classes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(process_pool, "may_fork", lambda: hasattr(os, "fork"))
    monkeypatch.setattr(process_pool, "processors", lambda: 2)
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


def write(folder: Path, number: int, **changes: str) -> None:
    """Write a module with one workflow, with changed parts of its text."""
    parts = {"imports": "", "base": "WorkflowEntrypoint", "more": "pass", **changes}
    Path(folder, f"flow_{number:02}.py").write_text(WORKFLOW.format(number=number, **parts))


def in_one_process() -> Analysis:
    return analyze_sources(find_sources(["."]))


def in_workers() -> Analysis:
    return analyze_graphs(find_sources(["."]))


def as_data(analysis: Analysis) -> list[object]:
    """Return a result as comparable data, with its inputs except for the modules themselves."""
    inputs = analysis.inputs
    return [
        [(str(workflow.span), workflow.version_graph(), workflow.notes) for workflow in analysis.workflows],
        analysis.problems,
        analysis.hints,
        analysis.files,
        list(analysis.read.items()),
        [(path, content) for path, content in inputs.files.items() if not path.startswith("flow_")],
        [(search.names, [module.path for module in search.modules]) for search in inputs.searches],
        [sorted(module.project.files.listings.items()) for module in inputs.modules],
    ]


def fail_at(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the analysis of a module raise RuntimeError."""
    analyze = Pipeline.analyze

    def failing(pipeline: Pipeline, source: Source) -> object:
        if source.path == path:
            raise RuntimeError
        return analyze(pipeline, source)

    monkeypatch.setattr(Pipeline, "analyze", failing)


@pytest.mark.slow
def test_workers_return_the_result_of_one_process() -> None:
    expected = as_data(in_one_process())
    assert as_data(in_workers()) == expected
    workflows, problems, hints = expected[:3]
    assert isinstance(workflows, list)
    assert [span.split(":")[0] for span, _, _ in workflows[-2:]] == ["flow_59.py", "late.py"]
    assert [str(problem).split(":")[0] for problem in problems] == ["flow_20.py", "package/broken.py"]  # type: ignore[attr-defined]
    assert [str(hint).split(":")[0] for hint in hints] == ["flow_21.py"]  # type: ignore[attr-defined]


@pytest.mark.slow
def test_workers_return_the_findings_of_one_process(tmp_path: Path) -> None:
    for number, base in ((7, "WorkflowEntrypoint"), (40, "Flow7")):
        imports = "" if number == 7 else "from flow_07 import Flow7"
        write(tmp_path, number, imports=imports, base=base, more='await step.sleep("pause", "5 min")')
    analysis, findings = check_sources(find_sources(["."]))
    expected = in_one_process()
    assert as_data(analysis) == as_data(expected)
    assert findings == tuple(map(without_edits, check_analysis(expected)))
    assert {"flow_07.py", "flow_20.py", "flow_40.py"} <= {finding.span.path for finding in findings}


@pytest.mark.slow
@needs_fork
def test_only_derived_modules_are_analyzed_in_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []
    analyze = Pipeline.analyze

    def recording(pipeline: Pipeline, source: Source) -> object:
        paths.append(source.path)
        return analyze(pipeline, source)

    monkeypatch.setattr(Pipeline, "analyze", recording)
    in_workers()
    assert paths == ["late.py"]


@pytest.mark.slow
def test_a_defect_in_a_worker_names_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_at("flow_33.py", monkeypatch)
    with pytest.raises(InternalError, match=r"flow_33\.py"):
        in_workers()


@pytest.mark.slow
def test_a_defect_ends_workers_with_large_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_pool, "processors", lambda: 4)
    for number in range(25, 100):
        write(tmp_path, number, more=f"await step.sleep({'long ' * 1000!r}, 1)")
    fail_at("flow_00.py", monkeypatch)
    with pytest.raises(InternalError, match=r"flow_00\.py"):
        in_workers()


@pytest.mark.slow
@needs_fork
def test_a_refused_fork_falls_back_to_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise OSError

    monkeypatch.setattr(os, "fork", refuse)
    assert as_data(in_workers()) == as_data(in_one_process())


@pytest.mark.slow
def test_a_large_module_falls_back_to_one_process(tmp_path: Path) -> None:
    write(tmp_path, 7, imports=f"NUMBERS = [{'0, ' * (HELD_TOKENS // MAX_PROCESSES // 2)}]")
    assert process_pool.analyze_in_processes(find_sources(["."]).modules, DetailLevel.NONE) is None
    assert as_data(in_workers()) == as_data(in_one_process())


@pytest.mark.slow
def test_a_python_without_fork_prints_the_same_graphs() -> None:
    code = "import os, sys; {}; from stepgraph.cli.main import main; sys.exit(main(['list', '--no-cache']))"
    outputs = [
        subprocess.run([sys.executable, "-c", code.format(change)], check=False, capture_output=True)
        for change in ("pass", "del os.fork")
    ]
    assert [output.returncode for output in outputs] == [2, 2]
    assert outputs[0].stdout.count(b"\n") == 60
    assert outputs[0].stdout == outputs[1].stdout
    assert outputs[0].stderr == outputs[1].stderr


@pytest.mark.slow
def test_records_return_from_a_spawned_process() -> None:
    code = (
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from stepgraph import analyze_paths\n"
        "from stepgraph.analysis import DetailLevel, WorkflowRecord\n"
        "def records_of(path):\n"
        "    workflows = analyze_paths(path).workflows\n"
        "    return tuple(WorkflowRecord.of(each, DetailLevel.COMPARISON) for each in workflows)\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:\n"
        "        assert pool.submit(records_of, 'flow_03.py').result() == records_of('flow_03.py') != ()\n"
    )
    Path("spawning.py").write_text(code)
    subprocess.run([sys.executable, "spawning.py"], check=True)


@pytest.mark.slow
def test_released_modules_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = in_one_process()
    monkeypatch.setattr(process_pool, "may_fork", lambda: False)
    monkeypatch.setattr(modules, "RELEASED_TOKENS", 0)
    analysis, findings = check_sources(find_sources(["."]))
    assert as_data(analysis) == as_data(expected)
    assert findings == tuple(map(without_edits, check_analysis(expected)))


@pytest.mark.slow
def test_a_check_releases_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[ref[SourceModule]] = []
    alive: list[int] = []

    def recording(
        source: bytes,
        path: str,
        room: int,
        earlier: SourceModule | None,
        memory: ParsedTokens | None,
        *,
        has_versions: bool,
    ) -> SourceModule:
        module = parse_module(source, path, room, earlier, memory, has_versions=has_versions)
        alive.append(sum(parsed_module() is not None for parsed_module in parsed))
        parsed.append(ref(module))
        return module

    monkeypatch.setattr(modules, "parse_module", recording)
    monkeypatch.setattr(process_pool, "may_fork", lambda: False)
    monkeypatch.setattr(modules, "RELEASED_TOKENS", 0)
    check_sources(find_sources(["."]))
    assert len(alive) > 60
    assert max(alive) <= 3

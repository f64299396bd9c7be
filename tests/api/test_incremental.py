"""Repeated runs return the same result as a single run, and analyze only what has changed."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.checks.diagnostic import without_edits
from stepgraph.incremental import IncrementalAnalysis
from stepgraph.model.details import IndexedDetails, to_indexed
from stepgraph.model.payload import Graph
from stepgraph.model.span import Span
from stepgraph.project.reading import read_inside
from stepgraph.project.root import Root, folder_root
from stepgraph.project.sources import find_sources
from stepgraph.source_analysis import analyze_graphs, check_sources
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.modules import SourceModules
from stepgraph.syntax.parse import parse_module
from stepgraph.syntax.parsed_modules import ParsedModules
from stepgraph.syntax.unparsed_assignments import may_assigned_names
from tests.api.edited_functions import FUNCTIONS
from tests.api.edited_modules import EditedModules
from tests.api.edited_statements import LONG_SOURCES, EditedStatements
from tests.cli.edited_projects import edit, start
from tests.cli.sources import module, workflow, write
from tests.effort import sample


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def analyzed_modules(incremental: IncrementalAnalysis) -> list[str]:
    """Run a check, and return the paths of the modules that were analyzed."""
    paths: list[str] = []
    incremental.check(find_sources(["."]), paths.append)
    return paths


def write_three() -> None:
    """Write `a.py` and `b.py`, which import `shared.py`, and `c.py`, each with a workflow."""
    write("shared.py", "async def work(step):\n    await step.sleep('work', '1 hour')\n")
    for name in ("a", "b"):
        text = f"{workflow(name.upper(), 'rest')}        await work(step)\n"
        write(f"{name}.py", f"from shared import work\n{module(text)}")
    write("c.py", module(workflow("C", "rest")))


def test_an_unchanged_project_is_not_analyzed_again() -> None:
    write_three()
    incremental = IncrementalAnalysis()
    assert analyzed_modules(incremental) == ["a.py", "b.py", "c.py"]
    assert analyzed_modules(incremental) == []


def test_only_the_changed_module_is_analyzed_again() -> None:
    write_three()
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("c.py", module(workflow("C", "rest", "again")))
    assert analyzed_modules(incremental) == ["c.py"]


def test_importers_of_a_changed_module_are_analyzed_again() -> None:
    write_three()
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("shared.py", "async def work(step): ...\n")
    assert analyzed_modules(incremental) == ["a.py", "b.py"]


def test_a_new_main_module_is_followed() -> None:
    text = f"{workflow('Packing', 'rest')}        for job in JOBS:\n            await job(step)\n"
    write("registry.py", "async def pick(step):\n    await step.sleep('pick', 1)\n\nJOBS = []\n")
    write("packing.py", f"from registry import JOBS\n{module(text)}")
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("server.py", "from packing import Packing\nfrom registry import JOBS, pick\nJOBS.append(pick)\n")
    assert analyzed_modules(incremental) == ["packing.py"]
    write("server.py", "from packing import Packing\n")
    assert analyzed_modules(incremental) == ["packing.py"]
    assert analyzed_modules(incremental) == []


SHARED = """\
async def first(step):
    await step.sleep('the first of the workflows', '1 hour')

async def second(step):  # with a finding
    await step.sleep('the second of the workflows', '5 min')

async def unused(step):
    await step.sleep('none of these workflows', '1 hour')
"""


@pytest.mark.parametrize(
    ("old", "new", "analyzed"),
    [
        ("first of", "1st of", ["first.py"]),
        ("none of", "no one of", []),
        ("    await step.sleep('the first", "    step\n    await step.sleep('the first", ["first.py", "second.py"]),
        ("async def unused", "async def others", ["first.py", "second.py"]),
    ],
    ids=["one", "none", "moved lines", "other name"],
)
def test_users_of_an_edited_function_are_analyzed_again(old: str, new: str, analyzed: list[str]) -> None:
    for name in ("first", "second"):
        text = f"{workflow(name.title(), 'rest')}        await {name}(step)\n"
        write(f"{name}.py", f"from shared import {name}\n{module(text)}")
    write("shared.py", SHARED)
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("shared.py", SHARED.replace(old, new))
    assert analyzed_modules(incremental) == analyzed
    assert incremental.check(find_sources(["."]))[0].inputs == check_sources(find_sources(["."]))[0].inputs


def test_a_searched_import_matters_only_for_its_searches() -> None:
    write_three()
    write("shared.py", "import deep\nasync def work(step):\n    await step.sleep(NAME, '1 hour')\nNAME = 'work'\n")
    write("deep.py", "def unused():\n    return 0\n")
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("deep.py", "def unused():\n    return 1  # changed\n")
    assert analyzed_modules(incremental) == []
    assert incremental.check(find_sources(["."]))[0].inputs == check_sources(find_sources(["."]))[0].inputs
    write("deep.py", "def unused():\n    import shared\n    shared.NAME = 'lost'\n")
    assert analyzed_modules(incremental) == ["a.py", "b.py"]


def test_a_run_reads_each_import_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write_three()
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    read: list[str] = []

    def read_and_count(path: str, root: Root) -> bytes:
        read.append(path)
        return read_inside(path, root)

    monkeypatch.setattr("stepgraph.incremental.read_inside", read_and_count)
    write("shared.py", "async def work(step): ...\n")
    assert analyzed_modules(incremental) == ["a.py", "b.py"]
    assert read == ["shared.py"]


def test_a_canceled_run_keeps_its_results() -> None:
    write_three()
    incremental = IncrementalAnalysis()

    def cancel(path: str) -> None:
        if path == "c.py":
            raise KeyError(path)

    with pytest.raises(KeyError):
        incremental.check(find_sources(["."]), cancel)
    assert analyzed_modules(incremental) == ["c.py"]


def test_a_new_module_of_an_imported_name_is_noticed() -> None:
    write_three()
    incremental = IncrementalAnalysis()
    analyzed_modules(incremental)
    write("shared/__init__.py", "async def work(step): ...\n")
    assert set(analyzed_modules(incremental)) >= {"a.py", "b.py"}


@pytest.mark.slow
def test_a_change_of_the_main_module_is_noticed() -> None:
    """The main module of a workflow is created, changed without an effect, and changed with one."""
    function = "async def {0}(step):\n    await step.sleep('{0}', '1 hour')\n\n"
    write("jobs.py", f"{function.format('pick')}JOBS = [pick]\n")
    write("more.py", f"from jobs import JOBS\n\n{function.format('pack')}JOBS.append(pack)\n")
    loop = "        for job in JOBS:\n            await job(step)\n"
    write("flow.py", f"from jobs import JOBS\n{module(workflow('A', 'rest') + loop)}")
    incremental = IncrementalAnalysis()
    sizes: list[int] = []
    for main in (None, "from flow import A\n", "from flow import A\n\nX = 1\n", "from flow import A\nimport more\n"):
        if main is not None:
            write("entry.py", main)
        analysis, _ = incremental.check(find_sources(["."]))
        sizes += [len(json.dumps(analysis.workflows[0].graph))]
        assert analysis.workflows[0].graph == analyze_graphs(find_sources(["."])).workflows[0].graph
    assert sizes[0] == sizes[1] == sizes[2] < sizes[3]


def test_a_class_without_run_is_mentioned_in_each_run() -> None:
    write("a.py", module(workflow("A", "rest").replace("def run", "def execute")))
    incremental = IncrementalAnalysis()
    hints = [incremental.analyze(find_sources(["."])).hints for _ in range(2)]
    assert hints == [analyze_graphs(find_sources(["."])).hints] * 2
    assert len(hints[0]) == 1


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 8))])
def test_repeated_checks_equal_single_ones(project: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the examples need no secrecy
    start(project, random)
    incremental, graphs = IncrementalAnalysis(), IncrementalAnalysis()
    for _ in range(12):
        edit(project, random)
        analysis, findings = incremental.check(find_sources(["."]))
        expected, expected_findings = check_sources(find_sources(["."]))
        assert (analysis, findings) == (expected, expected_findings)
        assert (analysis.files, analysis.read) == (expected.files, expected.read)
        assert graphs.analyze(find_sources(["."])) == analyze_graphs(find_sources(["."]))


def located_nodes(workflow: WorkflowAnalysis, graph: Graph) -> tuple[list[Span | None], IndexedDetails]:
    """Return the locations of the nodes of a workflow, and the details of all nodes."""
    return [workflow.span_of(node) for node in graph["workflow"]["nodes"]], to_indexed(graph, workflow.details)


def located(incremental: IncrementalAnalysis) -> list[tuple[object, ...]]:
    """Run a check, and return its workflows with the locations and details of their nodes, its findings and inputs."""
    analysis, findings = incremental.check(find_sources(["."]))
    workflows = [
        (each, each.span, *(() if each.graph is None else located_nodes(each, each.graph)))
        for each in analysis.workflows
    ]
    return [*workflows, (list(map(without_edits, findings)), analysis, analysis.read, analysis.inputs)]


@pytest.mark.parametrize("keeps_locations", [False, True])
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in sample(range(1, 40), 2))])
def test_edits_of_functions_leave_no_old_results(project: Path, seed: int, *, keeps_locations: bool) -> None:
    modules = EditedModules(project, Random(seed), FUNCTIONS)  # noqa: S311 - the examples need no secrecy
    incremental = IncrementalAnalysis(keeps_locations=keeps_locations)
    for _ in range(6):
        modules.edit()
        assert located(incremental) == located(IncrementalAnalysis(keeps_locations=keeps_locations))


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in sample(range(2, 20), 2))])
def test_runs_after_edits_equal_first_runs(project: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the examples need no secrecy
    modules = EditedModules(project, random)
    incremental = IncrementalAnalysis(keeps_locations=True)
    incremental.parsed.room = random.choice((200, 10_000))
    for _ in range(15):
        modules.edit()
        assert located(incremental) == located(IncrementalAnalysis(keeps_locations=True))


@pytest.mark.parametrize("keeps_locations", [False, True])
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in sample(range(1, 40), 2))])
def test_edits_of_statements_leave_no_old_results(project: Path, seed: int, *, keeps_locations: bool) -> None:
    statements = EditedStatements(project, Random(seed))  # noqa: S311 - the examples need no secrecy
    incremental = IncrementalAnalysis(keeps_locations=keeps_locations)
    for _ in range(8):
        statements.edit()
        assert located(incremental) == located(IncrementalAnalysis(keeps_locations=keeps_locations))


@pytest.mark.slow
@pytest.mark.parametrize("keeps_locations", [False, True])
@pytest.mark.parametrize("seed", [0, *sample(range(1, 40), 2)])
def test_edits_of_a_long_module_leave_no_old_results(project: Path, seed: int, *, keeps_locations: bool) -> None:
    statements = EditedStatements(project, Random(seed), LONG_SOURCES)  # noqa: S311 - the examples need no secrecy
    incremental = IncrementalAnalysis(keeps_locations=keeps_locations)
    for _ in range(4):
        statements.edit()
        assert located(incremental) == located(IncrementalAnalysis(keeps_locations=keeps_locations))


def parsed_modules(number: int) -> list[SourceModule]:
    return [parse_module(b"x = 1\n" * 10, f"{n}.py") for n in range(number)]


def test_unused_parsed_modules_make_room() -> None:
    modules = parsed_modules(3)
    parsed = ParsedModules(room=2 * modules[0].tokens)
    for each in modules:
        parsed.start_run()
        parsed.add(each)
    assert [parsed.get(each.path, each.source) for each in modules] == [None, modules[1], modules[2]]


def test_used_parsed_modules_stay() -> None:
    modules = parsed_modules(3)
    parsed = ParsedModules(room=2 * modules[0].tokens)
    for each in modules:
        parsed.add(each)
    assert [parsed.get(each.path, each.source) for each in modules] == [modules[0], modules[1], None]


def test_a_new_version_of_a_parsed_module_stays() -> None:
    modules = parsed_modules(2)
    parsed = ParsedModules(room=2 * modules[0].tokens)
    for each in modules:
        parsed.add(each)
    longer = parse_module(b"x = 1\n" * 11, "1.py")
    parsed.add(longer)
    assert [parsed.get("0.py", modules[0].source), parsed.get("1.py", longer.source)] == [None, longer]


def test_a_parsed_module_with_other_content_is_not_reused() -> None:
    parsed = ParsedModules()
    parsed.add(parse_module(b"x = 1\n", "a.py"))
    assert parsed.get("a.py", b"x = 2\n") is None


def test_runs_share_the_searches_of_unchanged_files() -> None:
    contents = {"a.py": b"settings.url = 1\n"}
    parsed, root = ParsedModules(), folder_root("a.py")
    sources = []
    for content in (b"settings.url = 1\n", b"settings.url = 1\n", b"settings.key = 1\n"):
        contents["a.py"] = content
        modules = SourceModules(read_source=lambda path, _: contents[path])
        modules.reuse(parsed)
        sources.append((modules.search("a.py", root, may_assigned_names), modules.searched.by_path["a.py"]))
    assert [names and sorted(names) for names, _ in sources] == [["url"], ["url"], ["key"]]
    assert sources[0][1] is sources[1][1]


def test_modules_without_recorded_reads() -> None:
    """They are parsed as in a single run, where short modules have no deferred bodies."""
    content = b"".join(
        b"def f_%d():\n    return [%d, 'a string', 'another string', 'a long string']\n" % (n, n) for n in range(8)
    )
    deferred = []
    for records_reads in (True, False):
        modules = SourceModules()
        modules.reuse(ParsedModules(records_reads=records_reads))
        deferred.append(modules.parse("a.py", content).deferred is not None)
    assert deferred == [True, False]

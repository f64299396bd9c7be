"""The imports of a run, which take most of its time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sources import module, workflow

_CODE = """\
import sys
before = set(sys.modules)
from stepgraph.cli.main import main
main({arguments!r})
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""

BY_ALL = {"click", "msgspec", "typing_extensions"}
"""The third-party packages that every run imports."""


def imported_modules(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that a run imports, except those that Python itself imports."""
    code = _CODE.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def third_party(modules: set[str]) -> set[str]:
    """Return the third-party packages among modules."""
    tops = {name.partition(".")[0] for name in modules}
    return {
        top for top in tops if top not in sys.stdlib_module_names and top != "stepgraph" and not top.startswith("_")
    }


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A directory without workflows."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").write_text("import json\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """A directory with one workflow."""
    (tmp_path / "entry.py").write_text(module(workflow("Orders", "charge")), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def imported_by_graph(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that a graph imports, without a cache."""
    folder = tmp_path_factory.mktemp("graph")
    (folder / "entry.py").write_text(module(workflow("Orders", "charge")), encoding="utf-8")
    return imported_modules(folder, "graph", "entry.py", "-f", "json", "--no-cache")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "graph", "list"])
def test_no_workflows_import_no_parser(plain: Path, command: str) -> None:
    assert third_party(imported_modules(plain, command)) == BY_ALL


@pytest.mark.slow
def test_a_graph_imports_only_libcst(imported_by_graph: set[str]) -> None:
    assert third_party(imported_by_graph) == BY_ALL | {"libcst"}


@pytest.mark.slow
def test_a_check_imports_neither_openssl_nor_difflib(entry: Path) -> None:
    modules = imported_modules(entry, "check", "entry.py", "--no-cache")
    assert not modules & {"difflib", "hashlib", "random", "secrets"}


@pytest.mark.slow
def test_a_graph_imports_only_the_parser_of_libcst(imported_by_graph: set[str]) -> None:
    code = "import sys, libcst; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in imported_by_graph if name.startswith("libcst")} <= {*done.stdout.split(), "libcst.native"}


@pytest.mark.parametrize(
    "package",
    [
        *("checks.rules", "render.svg", "render.flow", "diff", "report", "model.validation", "model.payload"),
        *("project.scan", "project.search", "project.file_selection", "process_pool", "graph.partial_order"),
        *("interpreter.replay.replay_tracer", "interpreter.library.asyncio_", "interpreter.library.builtins_"),
        *(
            "interpreter.objects.builtin_methods",
            "interpreter.objects.instances",
            "interpreter.objects.special_methods",
        ),
        *("interpreter.python.assignment", "interpreter.python.comprehensions", "interpreter.python.loops"),
        *("interpreter.python.operators", "interpreter.python.subscripts", "interpreter.python.try_"),
        *("interpreter.python.branches", "interpreter.python.context_managers.managers"),
        *("interpreter.python.context_managers.with_", "interpreter.objects.containers.changes"),
        "interpreter.objects.fields",
        *("interpreter.raised_exceptions", "interpreter.recursive_calls", "interpreter.static_values"),
        "interpreter.recursive_results",
        *("interpreter.shared_runs", "interpreter.workflow.union_awaits"),
        *("syntax.body_names", "syntax.discarding", "syntax.mutation.aliases", "syntax.mutation.import_writes"),
        "syntax.repeated_awaits",
        *("syntax.construct_text", "syntax.source_text", "ir.parameter_tests"),
    ],
)
def test_a_graph_imports_no_other_packages_of_stepgraph(imported_by_graph: set[str], package: str) -> None:
    assert [name for name in imported_by_graph if f"{name}.".startswith(f"stepgraph.{package}.")] == []


def test_a_graph_imports_less_than_200_modules(imported_by_graph: set[str]) -> None:
    """Each takes a tenth of a millisecond. Code that few workflows need is imported where it is used."""
    assert len([name for name in imported_by_graph if name.startswith("stepgraph")]) < 200


@pytest.mark.slow
def test_a_graph_searches_for_no_misspelled_attributes(entry: Path) -> None:
    reads = "        print(Rates.TXA, Rates().TXA, datetime.now)\n"
    source = f"{module(workflow('Orders', 'charge'))}{reads}\nimport datetime\n\nclass Rates:\n    TAX = 1\n"
    (entry / "entry.py").write_text(source, encoding="utf-8")
    imported = imported_modules(entry, "graph", "entry.py", "--no-cache")
    assert "stepgraph.interpreter.objects.attributes.undefined" not in imported


@pytest.mark.slow
def test_a_check_imports_no_analyses_of_rare_code(entry: Path) -> None:
    imported = imported_modules(entry, "check", "entry.py", "--no-cache")
    analyses = {f"checks.analysis.{name}" for name in ("loop_passes", "idle_periods", "uncaught_work")}
    analyses |= {f"syntax.{name}" for name in ("batch_loops", "body_errors", "late_binding", "unconditional")}
    analyses |= {"graph.partial_order", "interpreter.library.asyncio_", "interpreter.python.try_", "model.payload"}
    assert {f"stepgraph.{name}" for name in analyses} & imported == set()


def test_short_options_do_not_search_for_similar_options(imported_by_graph: set[str]) -> None:
    assert "difflib" not in imported_by_graph


def test_ids_do_not_load_openssl(imported_by_graph: set[str]) -> None:
    assert "_hashlib" not in imported_by_graph


@pytest.mark.slow
def test_a_cache_hit_imports_no_analysis(entry: Path) -> None:
    first = imported_modules(entry, "graph", "entry.py", "-f", "json")
    assert "_hashlib" not in first
    again = imported_modules(entry, "graph", "entry.py", "-f", "json")
    assert third_party(again) == BY_ALL
    assert [
        name for name in again if name.startswith(("stepgraph.interpreter", "stepgraph.ir.", "stepgraph.graph."))
    ] == []


@pytest.mark.slow
def test_an_outline_imports_no_instances(entry: Path) -> None:
    imported = imported_modules(entry, "graph", "entry.py", "-f", "text")
    assert [name for name in imported if name.startswith(("stepgraph.execution", "stepgraph.model.payload"))] == []


@pytest.mark.slow
def test_a_picture_of_steps_imports_no_other_figures(entry: Path) -> None:
    imported = imported_modules(entry, "graph", "entry.py", "-f", "svg", "--no-cache")
    names = (
        "model.payload",
        *(f"render.svg.{name}" for name in ("layout.structures", "layout.fitting", "figures.legend")),
    )
    assert {f"stepgraph.{name}" for name in names} & imported == set()

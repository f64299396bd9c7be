"""The programs of the proof: the fixtures and the clean examples of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generate.diff_pairs import diff_pairs
from stepgraph import WorkflowAnalysis, analyze_paths, analyze_source
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.page import Example, read_page
from stepgraph.model.payload import Graph
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.examples import analyze_example
from tests.checks.execution import modules_of
from tests.execution.platform import Mode
from tests.execution.runner import ENTRY
from tests.fixtures.files import FIXTURES

_PROJECTS = ("dag", "mistakes", "orders", "shop")


@dataclass(frozen=True, slots=True)
class Subject:
    """A workflow, its modules and its analysis."""

    title: str
    modules: Mapping[str, str]
    class_name: str
    mode: Mode
    graph: Graph | None
    notes: frozenset[str]
    complete: bool


@dataclass(frozen=True, eq=False)
class FixtureProgram:
    """The modules of a program, the entry module first, and a function that analyzes them."""

    title: str
    modules: Mapping[str, str]
    analyze: Callable[[], tuple[WorkflowAnalysis, ...]]

    @cache  # noqa: B019 # the few programs live as long as the tests
    def subjects(self) -> tuple[Subject, ...]:
        """Analyze the workflows of the program."""
        workflows = self.analyze()
        return tuple(
            Subject(
                self.title if len(workflows) == 1 else f"{self.title}, {workflow.class_name}",
                self.modules,
                workflow.class_name,
                _mode(workflow),
                workflow.graph,
                frozenset(note.code for note in workflow.notes),
                workflow.complete,
            )
            for workflow in workflows
        )


def _shared(make: Callable[[], Iterator[FixtureProgram]]) -> Callable[[], tuple[FixtureProgram, ...]]:
    """Make programs once, so that all tests share their analyses."""
    return cache(lambda: tuple(make()))


@_shared
def gallery() -> Iterator[FixtureProgram]:
    for path in sorted((FIXTURES / "gallery").glob("*.py")):
        yield _file_program(path, path.stem)


@_shared
def projects() -> Iterator[FixtureProgram]:
    """Yield the fixtures with several modules, and the fixture with mistakes."""
    for name in _PROJECTS:
        folder = FIXTURES / name
        root = folder / "src" if (folder / "src").is_dir() else folder
        modules = {_module(path, root): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
        yield FixtureProgram(name, {ENTRY: modules[ENTRY], **modules}, partial(_workflows, folder))


@_shared
def pairs() -> Iterator[FixtureProgram]:
    """Yield both versions of each diff pair, without duplicates."""
    sources = set()
    for pair in diff_pairs():
        for title, source in (("after", pair.after), ("before", pair.before)):
            if source not in sources:
                sources.add(source)
                yield FixtureProgram(f"{pair.name}, {title}", {ENTRY: source}, partial(_workflows_in, source))


@_shared
def examples() -> Iterator[FixtureProgram]:
    """Yield the clean examples of the rules."""
    for rule in RULES:
        for example in read_page(rule).clean:
            if all(not path.endswith(".py") for path, _ in example.files):
                continue  # the example is only a configuration
            if any("base_dir" in text for path, text in example.files if not path.endswith(".py")):
                continue  # the main module has another name here, and the tests of its rule run the example
            yield FixtureProgram(f"{rule.code}, {example.title}", modules_of(example), partial(_workflows_of, example))


def _file_program(path: Path, title: str) -> FixtureProgram:
    return FixtureProgram(title, {ENTRY: path.read_text(encoding="utf-8")}, partial(_workflows, path))


def _workflows_in(source: str) -> tuple[WorkflowAnalysis, ...]:
    return analyze_source(source, f"{ENTRY}.py").workflows


def _workflows(path: Path) -> tuple[WorkflowAnalysis, ...]:
    return analyze_paths([path]).workflows


def _workflows_of(example: Example) -> tuple[WorkflowAnalysis, ...]:
    with TemporaryDirectory() as folder:
        return analyze_example(example, Path(folder)).workflows


def _mode(workflow: WorkflowAnalysis) -> Mode:
    assert workflow.subject is not None
    return "legacy" if workflow.subject.program.mode is DependencyMode.LEGACY else "implicit"


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

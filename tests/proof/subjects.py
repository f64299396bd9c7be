"""The programs that are executed: what stands in `fixtures`, and the clean examples of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.generate.diff_pairs import diff_pairs
from stepgraph import WorkflowAnalysis, analyze_paths, analyze_source
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.example import Example
from stepgraph.model.payload import Graph
from stepgraph.project.configuration.compatibility import DependencyMode
from tests.checks.executing import modules_of
from tests.checks.running import analyzed
from tests.execution.platform import Mode
from tests.execution.running import ENTRY

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
_PROJECTS = ("dag", "mistakes", "orders", "shop")


@dataclass(frozen=True, slots=True)
class Subject:
    """A workflow as it is executed and as it was analysed. `title` says where it comes from."""

    title: str
    modules: Mapping[str, str]
    class_name: str
    mode: Mode
    graph: Graph | None
    notes: frozenset[str]
    complete: bool


@dataclass(frozen=True, eq=False)
class Program:
    """What is executed: modules by their names, the entry module first, and how they are analysed."""

    title: str
    modules: Mapping[str, str]
    analyse: Callable[[], tuple[WorkflowAnalysis, ...]]

    @cache  # noqa: B019 # programs are few, and are there as long as the tests are
    def subjects(self) -> tuple[Subject, ...]:
        """Analyse its workflows."""
        workflows = self.analyse()
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


def gallery() -> Iterator[Program]:
    for path in sorted((FIXTURES / "gallery").glob("*.py")):
        yield _of_file(path, path.stem)


def projects() -> Iterator[Program]:
    """Yield the fixtures that are projects, and the one with mistakes."""
    for name in _PROJECTS:
        folder = FIXTURES / name
        root = folder / "src" if (folder / "src").is_dir() else folder
        modules = {_module(path, root): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
        yield Program(name, {ENTRY: modules[ENTRY], **modules}, partial(_workflows, folder))


def pairs() -> Iterator[Program]:
    """Yield both versions of each pair, equal modules once."""
    sources = set()
    for pair in diff_pairs():
        for title, source in (("after", pair.after), ("before", pair.before)):
            if source not in sources:
                sources.add(source)
                yield Program(f"{pair.name}, {title}", {ENTRY: source}, partial(_workflows_in, source))


def examples() -> Iterator[Program]:
    """Yield what the rules find nothing in."""
    for rule in RULES:
        for example in rule.clean():
            yield Program(f"{rule.code}, {example.title}", modules_of(example), partial(_workflows_of, example))


def _of_file(path: Path, title: str) -> Program:
    return Program(title, {ENTRY: path.read_text(encoding="utf-8")}, partial(_workflows, path))


def _workflows_in(source: str) -> tuple[WorkflowAnalysis, ...]:
    return analyze_source(source, f"{ENTRY}.py").workflows


def _workflows(path: Path) -> tuple[WorkflowAnalysis, ...]:
    return analyze_paths([path]).workflows


def _workflows_of(example: Example) -> tuple[WorkflowAnalysis, ...]:
    with TemporaryDirectory() as folder:
        return analyzed(example, Path(folder)).workflows


def _mode(workflow: WorkflowAnalysis) -> Mode:
    assert workflow.subject is not None
    return "legacy" if workflow.subject.program.mode is DependencyMode.LEGACY else "implicit"


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

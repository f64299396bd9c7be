"""The analysis of all modules of the sources, one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from stepgraph.analysis import Analysis, WorkflowAnalysis, empty_analysis
from stepgraph.checks.subject import ProjectSubject
from stepgraph.model.note import InputError, InternalError
from stepgraph.pipeline import Pipeline, run_without_gc
from stepgraph.project.folders import real_path
from stepgraph.project.sources import AnalysisInputs, DerivedModules, Source, Sources


class AnalysisRun:
    """Analyzes modules lazily: the `analyze` methods return iterators, and `collect` runs them."""

    def __init__(
        self,
        sources: Sources,
        on_module: Callable[[str], object] | None = None,
        *,
        checked: bool = False,
        release_modules: bool = False,
        strict: bool = False,
    ) -> None:
        """Prepare the run.

        `on_module` is called with the path of each module before its analysis. With `checked`, each workflow has a
        `subject` for the rules. With `release_modules`, modules that the current module does not need may be released
        from memory. With `strict`, an exception in a module ends the run, and `on_module` is not called. Otherwise, an
        InputError becomes a problem, and any other exception an InternalError.
        """
        self.sources = sources
        self.pipeline = Pipeline(checked)
        self.pipeline.modules.may_release = release_modules
        self._on_module = on_module
        self._strict = strict
        # The search for derived classes adds modules to the sources.
        self._initial_modules = tuple(sources.modules)
        self._empty_analysis = empty_analysis(sources)
        self._inputs = AnalysisInputs(self._initial_modules)
        self._keys: set[tuple[str, ...]] = set()

    def analyze(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of the modules in `sources`, then the workflows of derived classes."""
        yield from self.analyze_initial_modules()
        yield from self.analyze_derived()

    def analyze_initial_modules(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of the modules in `sources`."""
        return self._analyze_modules(self._initial_modules)

    def analyze_derived(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of modules whose classes derive from classes of analyzed modules."""
        while modules := self._find_derived():
            yield from self._analyze_modules(modules)

    def deduplicate(self, workflows: Iterable[WorkflowAnalysis]) -> Iterator[WorkflowAnalysis]:
        """Yield each workflow once, even if several paths or configurations lead to it."""
        return filter(self.is_first, workflows)

    def is_first(self, workflow: WorkflowAnalysis) -> bool:
        """Return whether no path or configuration has led to a workflow before, and remember the workflow."""
        key = (workflow.project, workflow.name, workflow.class_name, real_path(workflow.path))
        if key in self._keys:
            return False
        self._keys.add(key)
        return True

    def collect(self, workflows: Iterator[WorkflowAnalysis]) -> Analysis:
        """Run the lazy analysis of `workflows`, and return its result with all files that it has read."""
        analyzed = run_without_gc(partial(tuple, workflows))
        pipeline = self.pipeline
        self._inputs.files = pipeline.modules.read_files
        empty = self._empty_analysis
        problems = tuple(
            dict.fromkeys([*self.sources.problems, *pipeline.problems, *pipeline.modules.problems.values()])
        )
        hints = (*empty.hints, *pipeline.hints, *pipeline.missing_run_hints())
        return dataclasses.replace(
            empty,
            workflows=analyzed,
            problems=problems,
            hints=hints,
            files=tuple(dict.fromkeys([*empty.files, *pipeline.modules.paths])),
            project=ProjectSubject(self.sources.configurations, problems, hints, pipeline.base_classes()),
            read={**empty.read, **pipeline.modules.contents},
            inputs=self._inputs,
        )

    def _analyze_modules(self, modules: Sequence[Source]) -> Iterator[WorkflowAnalysis]:
        for module in modules:
            # A local variable would keep the workflows of a module in memory during the analysis of the next one.
            yield from self.deduplicate(self._analyze_module(module))

    def _analyze_module(self, module: Source) -> tuple[WorkflowAnalysis, ...]:
        if self._strict:
            return self.pipeline.analyze(module)
        if self._on_module is not None:
            self._on_module(module.path)
        try:
            return self.pipeline.analyze(module)
        except InputError as error:
            self.pipeline.problems.append(error.problem)
            return ()
        except Exception as error:
            raise InternalError(module.path) from error

    def _find_derived(self) -> Sequence[Source]:
        """Return the modules whose classes derive from classes discovered since the last call."""
        names = self.pipeline.take_names()
        modules = tuple(self.sources.add_derived_modules(names))
        self._inputs.searches.append(DerivedModules(names, modules))
        return modules

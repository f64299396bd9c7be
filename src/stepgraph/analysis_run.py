"""One analysis of the modules in `Sources`, and of modules that derive workflow classes from theirs."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from stepgraph.analysis import Analysis, WorkflowAnalysis, empty_analysis
from stepgraph.checks.subject import ProjectSubject
from stepgraph.large_stack import run_with_large_stack
from stepgraph.model.note import InputError, InternalError
from stepgraph.pipeline import Pipeline
from stepgraph.project.sources import AnalysisInputs, DerivedModules, Source, Sources

Result = TypeVar("Result")


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

        `on_module` is called with the path of each module before its analysis. With `checked`, workflows have subjects
        of rules. With `release_modules`, a module is released when no workflow refers to it. With `strict`, an
        exception in a module ends the run; without it, InputError becomes a problem, and others an InternalError.
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
        """Yield the workflows of the given modules, then those of derived classes."""
        yield from self.analyze_initial_modules()
        yield from self.analyze_derived()

    def analyze_initial_modules(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of the modules in `sources`."""
        return self._analyze_modules(self._initial_modules)

    def analyze_derived(self) -> Iterator[WorkflowAnalysis]:
        """Yield the workflows of modules with classes derived from those of analyzed modules."""
        while modules := self._find_derived():
            yield from self._analyze_modules(modules)

    def deduplicate(self, workflows: Iterable[WorkflowAnalysis]) -> Iterator[WorkflowAnalysis]:
        """Yield each workflow once, also if several paths or configurations lead to it."""
        for workflow in workflows:
            key = (workflow.project, workflow.name, workflow.class_name, os.path.realpath(workflow.path))
            if key not in self._keys:
                self._keys.add(key)
                yield workflow

    def collect(self, workflows: Iterator[WorkflowAnalysis]) -> Analysis:
        """Run the lazy analysis of `workflows`, and return its result with everything that it has read."""
        analyzed = run_without_gc(partial(tuple, workflows))
        pipeline = self.pipeline
        self._inputs.files = pipeline.modules.read_files
        empty = self._empty_analysis
        problems = tuple(
            dict.fromkeys([*self.sources.problems, *pipeline.problems, *pipeline.modules.problems.values()])
        )
        hints = (*empty.hints, *pipeline.hints)
        return replace(
            empty,
            workflows=analyzed,
            problems=problems,
            hints=hints,
            files=tuple(dict.fromkeys([*empty.files, *pipeline.modules.paths])),
            project=ProjectSubject(self.sources.configurations, problems, hints),
            read={**empty.read, **pipeline.modules.contents},
            inputs=self._inputs,
        )

    def _analyze_modules(self, modules: Sequence[Source]) -> Iterator[WorkflowAnalysis]:
        for module in modules:
            # No local variable: it would keep the workflows of a module in memory during the analysis of the next one.
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
        """Return the modules with classes derived from those found since the last call."""
        names = self.pipeline.take_names()
        modules = tuple(self.sources.add_derived_modules(names))
        self._inputs.searches.append(DerivedModules(names, modules))
        return modules


def run_without_gc(function: Callable[[], Result]) -> Result:
    """Return `function()`, called with a large stack and without garbage collection.

    Syntax trees contain no garbage, and collecting would take half the time of a large module.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        return run_with_large_stack(function)
    finally:
        if enabled:
            gc.enable()

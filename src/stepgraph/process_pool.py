"""Analysis of many modules in worker processes.

LibCST's parser holds the interpreter lock, so threads do not help. Workers are forked with `os.fork`: each inherits all
modules, analyzes one part of them, writes a serialized `PartResult` to a pipe, and exits, which returns its memory.
`concurrent.futures` is not used, because it takes 45 to 75 ms to import and waits for its queue on Ctrl-C. Without
`os.fork`, as on Windows, all modules are analyzed in the calling process.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.analysis import DetailLevel, WorkflowAnalysis, WorkflowRecord
from stepgraph.checks.diagnostic import Finding, without_edits
from stepgraph.large_stack import run_without_gc
from stepgraph.limits import HELD_TOKENS, MAX_PROCESSES, PARSED_TOKENS, READ_BYTES, READ_MODULES
from stepgraph.model.note import InputError, Problem
from stepgraph.pipeline import MissingRunHint, Pipeline
from stepgraph.project.forked import ForkedProcess, end_processes, may_fork, processors
from stepgraph.project.sources import Source, project_listings
from stepgraph.syntax.derivations import Derivation
from stepgraph.syntax.modules import SourceModules

_PART_SIZE: Final = 25
"""The number of modules in a part, small enough to bound the memory of its syntax trees."""


class PartResult(Struct, frozen=True):
    """The result of a worker process for one part of the modules."""

    workflows: tuple[tuple[WorkflowRecord, ...], ...]
    """The workflows of each module of the part."""
    findings: tuple[tuple[tuple[Finding, ...], ...], ...]
    """The findings in each of these workflows, without edits. They are empty if the modules are not checked."""
    derivations: dict[str, tuple[Derivation, ...]]
    """The bindings that may name workflow classes, by path of the module."""
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    missing_runs: tuple[MissingRunHint, ...]
    import_problems: dict[str, Problem]
    """The problems with imported modules, by path."""
    contents: dict[str, bytes | None]
    """The contents of all parsed modules, by path, or None for the modules of the part itself."""
    read_files: dict[str, bytes | None]
    """The contents of the files that the worker read, by path, or None for unreadable files."""
    listings: tuple[tuple[int, dict[str, frozenset[str]]], ...]
    """The directory listings of each project, with the index of its first module in the part."""
    tokens: int
    """The number of tokens of all parsed modules."""


def analyze_in_processes(
    modules: Sequence[Source], details: DetailLevel, *, checked: bool = False
) -> list[PartResult] | None:
    """Analyze modules in worker processes, and return the results of all parts in order, with findings if `checked`.

    Returns None if no process can be started, a worker fails or exceeds its part of `HELD_TOKENS`, or all workers
    together exceed a limit. The caller then analyzes all modules itself, so that the result does not depend on the
    number of processes.
    """
    if not may_fork():
        return None
    running: deque[ForkedProcess] = deque()
    results: list[PartResult] = []
    try:
        for first in range(0, len(modules), _PART_SIZE):
            if len(running) >= min(processors(), MAX_PROCESSES):
                results.append(_read_result(running.popleft()))
            part = modules[first : first + _PART_SIZE]
            running.append(ForkedProcess(partial(_write_result, part, details, checked=checked)))
        while running:
            results.append(_read_result(running.popleft()))
    except (OSError, msgspec.DecodeError):
        return None
    finally:
        # This also runs after Ctrl-C: a worker whose pipe is closed ends at its next write.
        end_processes(running)
    return None if _exceeds_limits(results, modules) else results


def _exceeds_limits(results: Sequence[PartResult], modules: Sequence[Source]) -> bool:
    contents = {path: content for result in results for path, content in result.contents.items()}
    size = sum(len(content or b"") for content in contents.values()) + sum(len(module.content) for module in modules)
    tokens = sum(result.tokens for result in results)
    return len(contents) > READ_MODULES or size > READ_BYTES or tokens > PARSED_TOKENS


def _write_result(modules: Sequence[Source], details: DetailLevel, descriptor: int, *, checked: bool) -> None:
    """Analyze a part in a worker process, and write the result to a pipe."""
    content = msgspec.msgpack.encode(run_without_gc(partial(_analyze_part, modules, details, checked=checked)))
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _read_result(process: ForkedProcess) -> PartResult:
    """Return the result of a worker process. Raises DecodeError if the worker failed."""
    return msgspec.msgpack.decode(process.read_all(), type=PartResult)


def _analyze_part(modules: Sequence[Source], details: DetailLevel, *, checked: bool) -> PartResult:
    pipeline = Pipeline(checked, modules=SourceModules(room=HELD_TOKENS // MAX_PROCESSES, may_release=True))
    workflows: list[tuple[WorkflowRecord, ...]] = []
    findings: list[tuple[tuple[Finding, ...], ...]] = []
    for module in modules:
        analyzed: tuple[WorkflowAnalysis, ...] = ()
        try:
            analyzed = pipeline.analyze(module)
        except InputError as error:
            pipeline.problems.append(error.problem)
        findings.append(tuple(map(_findings_in, analyzed)))
        workflows.append(tuple([WorkflowRecord.of(workflow, details) for workflow in analyzed]))
        if pipeline.modules.exceeded_token_budget:
            raise MemoryError  # ends this process without a result
    paths = {module.path for module in modules}
    return PartResult(
        workflows=tuple(workflows),
        findings=tuple(findings),
        derivations=pipeline.derivations,
        problems=tuple(pipeline.problems),
        hints=tuple(pipeline.hints),
        missing_runs=tuple(pipeline.missing_runs),
        import_problems=pipeline.modules.problems,
        contents={path: None if path in paths else content for path, content in pipeline.modules.contents.items()},
        read_files=pipeline.modules.read_files,
        listings=tuple(project_listings(modules)),
        tokens=pipeline.modules.tokens,
    )


def _findings_in(workflow: WorkflowAnalysis) -> tuple[Finding, ...]:
    if workflow.subject is None:
        return ()
    # Imported here because only checks need the rules.
    from stepgraph.checks.run import check_workflow

    return tuple(map(without_edits, check_workflow(workflow.subject)))


def merge(
    parts: Sequence[PartResult], modules: Sequence[Source], pipeline: Pipeline
) -> Iterator[tuple[WorkflowAnalysis, tuple[Finding, ...]]]:
    """Merge the results of all parts into a pipeline, and return all workflows in order, with the findings in each."""
    workflows: list[tuple[WorkflowAnalysis, tuple[Finding, ...]]] = []
    first = 0
    for part in parts:
        part_modules = modules[first : first + len(part.workflows)]
        first += len(part_modules)
        records, findings = chain.from_iterable(part.workflows), chain.from_iterable(part.findings)
        workflows += zip(map(WorkflowRecord.restore, records), findings, strict=True)
        for module in part_modules:
            pipeline.add_derivations(module.path, part.derivations.get(module.path, ()))
        part_contents = {module.path: module.content for module in part_modules}
        pipeline.modules.merged_contents |= {
            path: part_contents.get(path, b"") if content is None else content
            for path, content in part.contents.items()
        }
        pipeline.modules.read_files |= part.read_files
        pipeline.modules.problems |= part.import_problems
        pipeline.problems += part.problems
        pipeline.hints += part.hints
        pipeline.missing_runs += part.missing_runs
        for number, listing in part.listings:
            part_modules[number].project.files.add_listings(listing)
    return iter(workflows)

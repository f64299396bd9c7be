"""Modules shared out among processes, where there are so many that making these pays.

LibCST's parser holds the lock of the interpreter, so that threads would not help. What comes back is plain data: where
the nodes of a graph are from is not known any more, nor what rules look at.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.kept_workflow import KeptWorkflow, kept_workflow, workflow_of
from stepgraph.limits import HELD_TOKENS, MOST_PROCESSES, PARSED_TOKENS, READ_BYTES, READ_MODULES
from stepgraph.model.note import InputError, Problem
from stepgraph.pipeline import Pipeline, undisturbed
from stepgraph.project.forked import Forked, end, may_fork, processors
from stepgraph.project.sources import Source
from stepgraph.syntax.class_visitor import Derivation
from stepgraph.syntax.modules import SourceModules

_OF_A_SHARE: Final = 25
"""Few enough that the trees of a share do not take much memory at once."""

_READ_AT_ONCE: Final = 1 << 20


class Share(Struct, frozen=True):
    """What a process has found of some modules: of each its workflows, and what the pipeline has met.

    `listings` are the folders that were listed, by the number of the first module of their project. The content of the
    modules themselves is left out of `contents`.
    """

    workflows: tuple[tuple[KeptWorkflow, ...], ...]
    derivations: dict[str, tuple[Derivation, ...]]
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    broken: dict[str, Problem]
    contents: dict[str, bytes | None]
    looked_at: dict[str, bytes | None]
    listings: tuple[tuple[int, dict[str, frozenset[str]]], ...]
    tokens: int


def shared_out(modules: Sequence[Source]) -> list[Share] | None:
    """Return what processes have found of some modules each.

    None where there can be none, where one of them failed or had no room for a module, or where they have read more in
    all than may be read: of which modules nothing is known then, does not depend on the number of processes.
    """
    if not may_fork():
        return None
    parts = [modules[first : first + _OF_A_SHARE] for first in range(0, len(modules), _OF_A_SHARE)]
    running: deque[Forked] = deque()
    shares: list[Share] = []
    try:
        for part in parts:
            if len(running) >= min(processors(), MOST_PROCESSES):
                shares.append(_read(running.popleft()))
            running.append(Forked(lambda writing, part=part: _write(part, writing)))  # type: ignore[misc]
        while running:
            shares.append(_read(running.popleft()))
    except (OSError, msgspec.DecodeError):
        return None
    finally:
        end(running)
    return None if _is_exceeded(shares, modules) else shares


def _is_exceeded(shares: Sequence[Share], modules: Sequence[Source]) -> bool:
    contents = {path: content for share in shares for path, content in share.contents.items()}
    size = sum(len(content or b"") for content in contents.values()) + sum(len(module.content) for module in modules)
    tokens = sum(share.tokens for share in shares)
    return len(contents) > READ_MODULES or size > READ_BYTES or tokens > PARSED_TOKENS


def _write(modules: Sequence[Source], writing: int) -> None:
    found = msgspec.msgpack.encode(undisturbed(lambda: _share_of(modules)))
    with os.fdopen(writing, "wb") as file:
        file.write(found)


def _read(process: Forked) -> Share:
    """Return what a process has found. Raises DecodeError where it has not come to its end."""
    parts: list[bytes] = []
    try:
        while part := os.read(process.reading, _READ_AT_ONCE):
            parts.append(part)
    finally:
        end([process])
    return msgspec.msgpack.decode(b"".join(parts), type=Share)


def _share_of(modules: Sequence[Source]) -> Share:
    refused: list[Problem] = []
    pipeline = Pipeline(refused, modules=SourceModules(room=HELD_TOKENS // MOST_PROCESSES, may_release=True))
    workflows: list[tuple[KeptWorkflow, ...]] = []
    for module in modules:
        found: tuple[WorkflowAnalysis, ...] = ()
        try:
            found = pipeline.analyze(module)
        except InputError as error:
            refused.append(error.problem)
        workflows.append(tuple(map(kept_workflow, found)))
        if pipeline.modules.exceeded_token_budget:
            raise MemoryError  # this process ends without a share
    given = {module.path for module in modules}
    return Share(
        tuple(workflows),
        pipeline.derivations,
        tuple(refused),
        tuple(pipeline.hints),
        pipeline.refused_imports,
        {path: None if path in given else content for path, content in pipeline.contents.items()},
        pipeline.looked_at,
        tuple(_listings(modules)),
        pipeline.modules.tokens,
    )


def _listings(modules: Sequence[Source]) -> Iterator[tuple[int, dict[str, frozenset[str]]]]:
    seen: set[int] = set()
    for number, module in enumerate(modules):
        files = module.project.files
        if id(files) not in seen:
            seen.add(id(files))
            yield number, dict(files.listings)


def taken_over(
    shares: Sequence[Share], modules: Sequence[Source], pipeline: Pipeline
) -> list[tuple[WorkflowAnalysis, ...]]:
    """Return the workflows of each module, and have the pipeline know what it would if it had found them itself."""
    found: list[tuple[WorkflowAnalysis, ...]] = []
    for share in shares:
        part = modules[len(found) : len(found) + len(share.workflows)]
        found += [tuple(map(workflow_of, workflows)) for workflows in share.workflows]
        for module in part:
            pipeline.learn(module.path, share.derivations.get(module.path, ()))
        given = {module.path: module.content for module in part}
        contents = {path: given.get(path, b"") if own is None else own for path, own in share.contents.items()}
        pipeline.take_elsewhere(contents, share.looked_at, share.broken)
        pipeline.problems += share.problems
        pipeline.hints += share.hints
        for number, listing in share.listings:
            part[number].project.files.learn(listing)
    return found

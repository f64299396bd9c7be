"""The graphs for instance logs: the options that select them, and the choice of the workflow of a log."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import DetailLevel
from stepgraph.cli.analysis import Cache, analyze_inputs, cache_option, load_sources, require_workflows
from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode, write_message
from stepgraph.cli.input_options import (
    Environment,
    configuration_option,
    configuration_path,
    environment_option,
    select,
    workflow_option,
)
from stepgraph.cli.instance_sources import LoadedLog, RemoteOptions, load_log, require_log_path
from stepgraph.phrases import counted, quoted
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import STANDARD_INPUT
from stepgraph.subject import Dates, Subject, analyzed_subject, read_saved_subjects

if TYPE_CHECKING:
    from stepgraph.drawing.workflow import DrawnWorkflow
    from stepgraph.execution.instance import Instance
    from stepgraph.execution.matching.term_pool import LogBudget
    from stepgraph.model.payload import Graph

R = TypeVar("R")

_GRAPH_HELP: Final = "Use this saved graph of a workflow in any language, instead of PATHS."
_ADVICE: Final = "Choose one with --workflow NAME."


class GraphOptions(Struct, frozen=True):
    """The values of the options that select workflows."""

    workflows: tuple[str, ...]
    """The patterns of --workflow."""
    saved: str | None
    """The file of --graph."""
    environment: Environment
    configuration: str | None
    """The file of --config."""
    cache: Cache

    def load(self, paths: Sequence[str], *, with_locations: bool = True) -> Candidates:
        """Return the workflows in PATHS, in the configuration, or in the saved graph.

        Raises UsageError for contradicting options, InputError for unreadable files, and CommandError without workflows
        or for a pattern without matches.
        """
        if self.saved is not None:
            return self._load_saved(self.saved, paths)
        selected = (configuration_path(self.configuration, paths),) if self.configuration is not None else tuple(paths)
        selected = selected or (".",)
        for path in selected:
            if path.endswith(".json") and not is_configuration_name(os.path.basename(path)):
                message = f"{path} is JSON, not Python. For a saved graph, write `--graph {shlex.quote(path)}`."
                raise CommandError(ExitCode.ERROR, message)
        sources = load_sources(selected, self.environment, self.cache)
        analysis = analyze_inputs(
            sources, selected, self.cache, with_locations=with_locations, details=DetailLevel.COMPARISON
        )
        require_workflows(analysis, sources, selected)
        with self.cache.date_lookup(selected) as lookup:
            dates = Dates(lookup, sources)
            subjects = [analyzed_subject(workflow, dates) for workflow in analysis.workflows]
        return Candidates(
            select(subjects, self.workflows, analysis.external), analysis.files, failed=bool(analysis.problems)
        )

    def _load_saved(self, path: str, paths: Sequence[str]) -> Candidates:
        if paths or self.configuration is not None:
            selector = "--config" if self.configuration is not None else "PATHS"
            raise click.UsageError(f"--graph and {selector} both select graphs. Use one of them.")
        subjects = list(read_saved_subjects(path))
        if not subjects:
            raise CommandError(ExitCode.NOTHING, f"no graph found in {path}: the array is empty.")
        return Candidates(select(subjects, self.workflows), (path,), is_saved=True)


class Candidates(Struct, frozen=True):
    """The workflows that a log may belong to."""

    subjects: Sequence[Subject]
    files: Sequence[str]
    """The files that were read, which must not be overwritten."""
    failed: bool = False
    """Whether other inputs could not be read."""
    is_saved: bool = False
    """Whether the user named the graph, so that its names may differ from the names of the instance."""

    @property
    def names(self) -> frozenset[str]:
        """The names and class names of the workflows, which select workflows of a remote source."""
        return frozenset(name for each in self.subjects for name in (each.name, each.class_name))


def graph_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add --workflow, --graph, --env, --config and --no-cache to a command, as one argument `graphs`."""

    @workflow_option
    @click.option("--graph", "saved", metavar="FILE", help=_GRAPH_HELP, shell_complete=complete_files)
    @environment_option()
    @configuration_option
    @cache_option
    @wraps(command)
    def with_graphs(
        *,
        workflows: tuple[str, ...],
        saved: str | None,
        environment: Environment,
        configuration: str | None,
        cache: Cache,
        **options: object,
    ) -> R:
        return command(graphs=GraphOptions(workflows, saved, environment, configuration, cache), **options)

    return with_graphs


class InstanceInputs(Struct, frozen=True):
    """The arguments that name an instance and its workflow."""

    log: str
    """The argument LOG."""
    paths: Sequence[str]
    remote: RemoteOptions
    graphs: GraphOptions

    def candidates(self, *, with_locations: bool = True) -> Candidates:
        """Return the workflows that the log may belong to. Raises like `GraphOptions.load`.

        Raises InputError if LOG is a path of code.
        """
        if self.log == STANDARD_INPUT and (STANDARD_INPUT in self.paths or self.graphs.saved == STANDARD_INPUT):
            raise click.UsageError("only one of LOG and the code can be standard input.")
        if self._is_file:
            # Before the code, so that LOG and PATHS in the wrong order are reported as such.
            require_log_path(self.log)
        # Saved graphs lack configured names, which --workflow selects in a remote source.
        is_remote_name = self.remote.is_used and self.graphs.saved is not None
        graphs = replace(self.graphs, workflows=()) if is_remote_name else self.graphs
        return graphs.load(self.paths, with_locations=with_locations)

    def files(self, candidates: Candidates) -> tuple[str, ...]:
        """Return the files that were read, which must not be overwritten."""
        return (*candidates.files, self.log) if self._is_file else tuple(candidates.files)

    @property
    def _is_file(self) -> bool:
        """Whether LOG is a file."""
        return not self.remote.is_used and self.log != STANDARD_INPUT

    def load(self, candidates: Candidates) -> LoadedLog:
        """Return the log. Raises like `load_log`."""
        return load_log(self.log, self.remote, self.graphs.workflows, candidates.names)


class LocatedInstance(Struct, frozen=True):
    """An instance with the workflow that it is shown on."""

    subject: Subject
    graph: Graph
    instance: Instance

    @property
    def drawn(self) -> DrawnWorkflow:
        """The workflow with the progress of the instance."""
        return replace(self.subject.drawn, name=self.instance.name, instance=self.instance)


def locate_instance(loaded: LoadedLog, candidates: Candidates, *, quiet: bool = False) -> LocatedInstance:
    """Return the instance on the graph of its workflow.

    If there are several candidates, the workflow is the only one that the log fits, and a message names it. Raises
    CommandError if the log fits none or several of them, or if none has a graph.
    """
    # Imported here because usage errors need no match, and start-up time counts.
    from stepgraph.execution.matching.term_pool import LogBudget

    subjects, budget = same_workflow(loaded, candidates), LogBudget()
    located = [
        LocatedInstance(each, each.graph, _instance_of(loaded, each, each.graph, budget))
        for each in subjects
        if each.graph is not None
    ]
    if not located:
        for each in subjects:
            write_message(each.missing_graph_message())
        raise CommandError(ExitCode.FINDINGS, f"{loaded.title} cannot be shown without a graph.")
    if len(located) == 1:
        return located[0]
    fitting = [each for each in located if each.instance.fits]
    if len(fitting) != 1:
        raise _choice_error(loaded, fitting, located)
    if not quiet:
        title = fitting[0].drawn.title
        write_message(f"{loaded.title}: fits `{title}` only, of {counted(len(located), 'workflow')}.")
    return fitting[0]


def _instance_of(loaded: LoadedLog, subject: Subject, graph: Graph, budget: LogBudget) -> Instance:
    from stepgraph.execution.instance import instance_of
    from stepgraph.large_stack import run_with_large_stack

    # Saved graphs lack the configured name, which a remote source knows.
    is_unnamed = subject.name == subject.class_name
    name = loaded.workflow_name if is_unnamed and loaded.workflow_name else subject.name
    return run_with_large_stack(
        lambda: instance_of(loaded.log, graph, name, subject.drawn.comparable_details(), budget)
    )


def same_workflow(loaded: LoadedLog, candidates: Candidates) -> Sequence[Subject]:
    """Return the candidates with the name of the instance's workflow, or else of its class. Files name neither."""
    subjects = candidates.subjects
    if not loaded.workflow_name and not loaded.class_name:
        return subjects
    by_name = [each for each in subjects if each.name == loaded.workflow_name]
    by_class = [each for each in subjects if each.class_name == loaded.class_name]
    if by_name or by_class or candidates.is_saved:
        return by_name or by_class or subjects
    names = ", ".join(quoted(dict.fromkeys(each.drawn.title for each in subjects)))
    message = f"{loaded.title} is an instance of `{loaded.workflow_name}`, but the code has {names}."
    advice = "Pass the PATHS of its project, or its saved graph with --graph FILE."
    raise CommandError(ExitCode.ERROR, f"{message} {advice}")


def _choice_error(
    loaded: LoadedLog, fitting: Sequence[LocatedInstance], located: Sequence[LocatedInstance]
) -> CommandError:
    names = ", ".join(quoted(each.subject.drawn.title for each in fitting or located))
    if fitting:
        return CommandError(ExitCode.ERROR, f"{loaded.title} fits several workflows: {names}. {_ADVICE}")
    message = f"{loaded.title} fits none of {counted(len(located), 'workflow')}: {names}."
    return CommandError(ExitCode.FINDINGS, f"{message} To see where it does not fit, choose one with --workflow NAME.")

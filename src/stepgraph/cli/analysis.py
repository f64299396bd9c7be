"""The analysis for a command: its inputs, its cache, its problems, and the options --no-cache and --watch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.analysis import Analysis, DetailLevel
from stepgraph.cache.private_files import NO_CACHE_VARIABLE
from stepgraph.cli.console import CommandError, ExitCode, ProgressLine, problem_lines, write_message
from stepgraph.cli.input_options import Environment
from stepgraph.project.module_dates import DateLookup
from stepgraph.project.reading import has_unsaved_files
from stepgraph.project.root import is_configuration_name
from stepgraph.project.sources import STANDARD_INPUT, ExternalWorkflow, Sources, find_sources
from stepgraph.source_analysis import CheckResult, analyze_graphs, analyze_sources, check_sources, import_pipeline

if TYPE_CHECKING:
    from stepgraph.cache.store import CacheStore

_NAMES = {".": "the current directory", STANDARD_INPUT: "standard input"}
_MAX_NAMES = 5

_RENDER_ADVICE: Final = "To draw a deployed JavaScript or TypeScript workflow, see `stepgraph render --help`."
_LANGUAGES: Final = {
    ".cjs": "JavaScript",
    ".js": "JavaScript",
    ".jsx": "JavaScript",
    ".mjs": "JavaScript",
    ".mts": "TypeScript",
    ".ts": "TypeScript",
    ".tsx": "TypeScript",
}
"""The languages of other Workers, by file extension."""
_DRAWINGS: Final = frozenset({".dot", ".html", ".mmd", ".png", ".svg"})
_WORKFLOW_DEFINITION = "A workflow is a class with a method `run` that derives from `workers.WorkflowEntrypoint`."
_SKIPPED_FILES: Final = "Hidden and excluded directories, virtual environments, and files ignored by git are skipped."


def load_sources(paths: Sequence[str], environment: Environment, cache: Cache) -> Sources:
    """Return the modules that `paths` select. The cache may import the analysis during the search.

    Raises CommandError for files of other languages, saved graphs and drawings.
    """
    for path in paths:
        _reject_other_file(path)
    on_find = cache.first_module_callback(paths, environment.name)
    sources = find_sources(paths, environment.name, on_find, needs_configuration=environment.is_option)
    for index, problem in enumerate(sources.problems):
        if problem.path in paths and (advice := advice_on_workflow_name(problem.path)):
            sources.problems[index] = replace(problem, advice=advice)
    return sources


def advice_on_workflow_name(path: str) -> str:
    """Return advice on a missing path that looks like the name of a workflow, or an empty string."""
    is_name = path.replace("-", "_").isidentifier() and not path.startswith("-") and not os.path.lexists(path)
    return f"To select a workflow, use `--workflow {_quoted(path)}`." if is_name else ""


def _quoted(path: str) -> str:
    """Return a path as an argument of a command in a shell."""
    # Imported here because only errors need it.
    from shlex import quote

    return quote(path)


def _reject_other_file(path: str) -> None:
    """Raise CommandError for a file that is certainly not Python, because a syntax error in it would not help."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in _DRAWINGS and not os.path.isdir(path):
        message = f"{path} is not a Python file. To write a drawing, use `stepgraph graph -o {_quoted(path)}`."
        raise CommandError(ExitCode.ERROR, message)
    if not os.path.isfile(path) or is_configuration_name(os.path.basename(path)):
        return
    if suffix == ".json":
        advice = f"To draw a saved graph, run `stepgraph render {_quoted(path)}`."
        raise CommandError(ExitCode.ERROR, f"{path} is JSON, not Python. {advice}")
    if suffix in _LANGUAGES:
        raise CommandError(ExitCode.ERROR, f"{path} is {_LANGUAGES[suffix]}, not Python. {_RENDER_ADVICE}")


def analyze_inputs(
    sources: Sources,
    paths: Sequence[str],
    cache: Cache,
    *,
    with_locations: bool = False,
    checked: bool = False,
    details: DetailLevel = DetailLevel.DRAWING,
) -> Analysis:
    """Return the analysis of sources, after writing its problems to standard error.

    With `with_locations`, nodes of graphs have source locations. With `checked`, they have locations, and
    `check_analysis` can check the result. The cache is used only without both. Workflows have at least the details of
    a level.
    """
    if with_locations or checked:
        analysis = cache.analyze_with_locations(sources, checked=checked)
    else:
        analysis = cache.analyze(sources, paths, details)
    for line in problem_lines((*analysis.problems, *analysis.hints)):
        write_message(line)
    return analysis


def require_workflows(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> None:
    """Raise CommandError for an analysis without workflows."""
    if analysis.workflows:
        return
    if analysis.problems:
        raise CommandError(ExitCode.ERROR)
    raise no_workflow_error(analysis, sources, paths)


def no_workflow_error(analysis: Analysis, sources: Sources, paths: Sequence[str]) -> CommandError:
    """Return the error of a command without workflows to process."""
    main = _main_in_another_language(sources)
    if main is not None:
        message = f"no workflow found: the main module is {main}, and stepgraph reads Python only."
        return CommandError(ExitCode.NOTHING, f"{message} {_RENDER_ADVICE}")
    if analysis.external or analysis.hints:
        reason = "" if analysis.hints else f" {_other_workers_reason(analysis.external)}"
        return CommandError(ExitCode.NOTHING, f"no workflow to analyze in {_searched_paths(sources, paths)}.{reason}")
    reason = _probable_reason(sources, paths)
    return CommandError(ExitCode.NOTHING, f"no workflow found in {_searched_paths(sources, paths)}. {reason}")


def _other_workers_reason(external: Sequence[ExternalWorkflow]) -> str:
    """Return two sentences about configurations that name only workflows of other Workers."""
    # Imported here because only errors need it.
    from stepgraph.phrases import enumeration, list_phrase

    configurations = list_phrase(sorted({each.path for each in external}))
    workers = {each.configured.script_name or "" for each in external}
    names = enumeration(sorted(workers))
    if len(workers) == 1:
        return f"The workflows in {configurations} are in another Worker, {names}. Name the directory with its code."
    return f"The workflows in {configurations} are in other Workers: {names}. Name the directories with their code."


def _main_in_another_language(sources: Sources) -> str | None:
    """Return the main module of a Worker that is not written in Python, if no Python module was found."""
    mains = (each.main for each in sources.configurations if each.main is not None and not each.main.endswith(".py"))
    return None if sources.modules else next(mains, None)


def _probable_reason(sources: Sources, paths: Sequence[str]) -> str:
    """Return the probable reason why sources lack workflows or, by default, the definition of a workflow.

    Without a searched file, the default is the list of the files that a search skips.
    """
    # Imported here because most commands find workflows, and start-up time counts.
    from stepgraph.near_misses import excluded_workflow, near_miss, unrecognized_module, workflows_above

    command = click.get_current_context().info_name or "check"
    return (
        near_miss(sources)
        or excluded_workflow(sources, paths)
        or workflows_above(paths, sources.environment, command)
        or unrecognized_module(sources)
        or (_WORKFLOW_DEFINITION if sources.searched else _SKIPPED_FILES)
    )


def _searched_paths(sources: Sources, paths: Sequence[str]) -> str:
    names = [_NAMES.get(path, path) for path in paths]
    paths_text = ", ".join(names) if len(names) <= _MAX_NAMES else f"{len(names)} paths"
    if len(sources.searched) == len(paths) and not any(os.path.isdir(path) for path in paths):
        return paths_text
    files = len(sources.searched)
    return f"{paths_text} ({files} Python {'file' if files == 1 else 'files'} searched)"


R = TypeVar("R")

_NO_CACHE_HELP: Final = "Ignore the cache and do not write to it."
_WATCH_HELP: Final = "Run again after each change, until Ctrl-C. Requires stepgraph[watch]."
_REASONS: Final = {
    "--check": "compares files once",
    "--diff": "prints a single patch",
    "--fix": "would change files while you edit them",
    "--update-baseline": "would record each new finding",
}
"""Why options cannot be combined with --watch."""


class Cache(Struct, frozen=True):
    """The cache of results."""

    store: CacheStore | None
    """The store of the cache, or None if the cache is off."""
    with_edits: bool = False
    """Whether findings need their edits. Edits are not cached, so every file is analyzed."""

    def first_module_callback(self, paths: Sequence[str], environment: str | None) -> Callable[[], object]:
        """Return the function that the search calls at its first module.

        It imports the analysis, unless the last run with these paths was a cache hit.
        """
        store = self._store(paths)
        if store is None:
            return import_pipeline
        from stepgraph.cache.results import has_result

        return (lambda: None) if has_result(store, paths, environment) else import_pipeline

    def analyze(self, sources: Sources, paths: Sequence[str], details: DetailLevel = DetailLevel.DRAWING) -> Analysis:
        """Return the analysis of sources that `paths` selected, without locations of nodes.

        Workflows have at least the details of a level.
        """
        if self._store(paths) is not None:
            details = max(details, DetailLevel.DRAWING)  # because all formats share the cached result
        return self._load_or_run(sources, paths, partial(_analyze, sources, details), details).analysis

    def analyze_with_locations(self, sources: Sources, *, checked: bool) -> Analysis:
        """Return the analysis of sources with locations of nodes, which are not cached.

        With `checked`, `check_analysis` can check the result.
        """
        with ProgressLine(len(sources.modules)) as progress:
            return analyze_sources(sources, progress.show, checked=checked)

    def check(self, sources: Sources, paths: Sequence[str], *, with_details: bool = False) -> CheckResult:
        """Return the analysis of sources with the findings of all rules. A result with details is not cached."""
        if with_details:
            return check_with_details(sources, with_edits=self.with_edits)
        return self._load_or_run(sources, paths, lambda: _check(sources, with_edits=self.with_edits), None)

    def _load_or_run(
        self, sources: Sources, paths: Sequence[str], analyze: Callable[[], CheckResult], details: DetailLevel | None
    ) -> CheckResult:
        """Return the cached result or, without one, the result of `analyze`: a check, or a graph with `details`."""
        store = self._store(paths)
        if store is None or not sources.modules:
            return analyze()
        # Imported here because the cache is not used without modules.
        from stepgraph.cache.results import load_or_run

        return load_or_run(store, sources, paths, analyze, details)

    @contextmanager
    def date_lookup(self, paths: Sequence[str]) -> Iterator[DateLookup]:
        """Look up dates in the block. The times of commits are cached for each history of a repository.

        After the block, report the repositories where git did not answer on standard error.
        """
        store = self._store(paths)
        if store is None:
            with DateLookup() as lookup:
                yield lookup
            _write_date_problems(lookup)
            return
        # Imported here because most commands need no dates.
        from stepgraph.cache.results import StoredCommitTimes

        times = StoredCommitTimes(store)
        with DateLookup(times) as lookup:
            yield lookup
        times.save()
        _write_date_problems(lookup)

    def record(
        self, paths: Sequence[str], sources: Sources, analysis: Analysis, other_files: Sequence[str] = ()
    ) -> None:
        """Let the output of this run be recorded, unless the cache is off.

        It must depend on the command line, these inputs, and `other_files` only.
        """
        if self._store(paths) is not None:
            from stepgraph.cli.recording import record_inputs

            record_inputs(paths, sources, analysis, other_files)

    def _store(self, paths: Sequence[str]) -> CacheStore | None:
        """Return the store, or None if it is off or inside the analyzed paths, whose author could add entries."""
        if self.store is None or self.with_edits:
            return None
        from stepgraph.cache.results import safe_store

        return safe_store(self.store, paths)


def _write_date_problems(lookup: DateLookup) -> None:
    for line in problem_lines(lookup.problems()):
        write_message(line)


def cache_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the option --no-cache to a command, as the argument `cache`."""

    @click.option("--no-cache", is_flag=True, envvar=NO_CACHE_VARIABLE, show_envvar=True, help=_NO_CACHE_HELP)
    @wraps(command)
    def with_cache(*, no_cache: bool, **values: object) -> R:
        if no_cache:
            return command(cache=Cache(None), **values)
        from stepgraph.cache.store import user_store

        return command(cache=Cache(user_store()), **values)

    return with_cache


class RunOptions(Struct, frozen=True):
    """The options --no-cache and --watch."""

    cache: Cache
    watching: bool
    """Whether the command runs again after each change."""


def run_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options --no-cache and --watch to a command, as one argument `running`."""

    @cache_option
    @click.option("-w", "--watch", "watching", is_flag=True, help=_WATCH_HELP)
    @wraps(command)
    def with_running(*, cache: Cache, watching: bool, **values: object) -> R:
        return command(running=RunOptions(cache, watching), **values)

    return with_running


def reject_with_watch(paths: Sequence[str], options: Mapping[str, bool]) -> None:
    """Raise UsageError for standard input and for options that contradict --watch.

    `options` are the options with a reason in `_REASONS`, and whether they are used.
    """
    for option, is_used in options.items():
        if is_used:
            raise click.UsageError(f"--watch cannot be combined with {option}, which {_REASONS[option]}.")
    if STANDARD_INPUT in paths or has_unsaved_files():
        raise click.UsageError("--watch cannot read standard input again. Name files or directories.")


def _analyze(sources: Sources, details: DetailLevel) -> CheckResult:
    with ProgressLine(len(sources.modules)) as progress:
        return CheckResult(analyze_graphs(sources, progress.show, details=details))


def _check(sources: Sources, *, with_edits: bool) -> CheckResult:
    with ProgressLine(len(sources.modules)) as progress:
        return CheckResult(*check_sources(sources, progress.show, with_edits=with_edits))


def check_with_details(sources: Sources, *, with_edits: bool = False) -> CheckResult:
    """Return the analysis of sources with details, and the findings of all rules, without the cache."""
    with ProgressLine(len(sources.modules)) as progress:
        return CheckResult(*check_sources(sources, progress.show, with_edits=with_edits, with_details=True))

"""The options of `stepgraph check`, the settings and the baseline that filter its findings, and its report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.cli.completion import complete_files, complete_rules
from stepgraph.cli.console import CommandError, ExitCode, encode, write_message
from stepgraph.cli.input_options import workflow_option
from stepgraph.phrases import counted
from stepgraph.project.encoding import source_lines
from stepgraph.project.folders import folder_of, path_from, real_path, repository_root
from stepgraph.project.reading import read_inside_any, shown_path
from stepgraph.project.root import Root, root_of
from stepgraph.project.sources import STANDARD_INPUT, STANDARD_INPUT_NAME, Sources
from stepgraph.source_analysis import apply_settings
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.analysis import Analysis
    from stepgraph.checks.baseline import Baseline
    from stepgraph.checks.diagnostic import Finding
    from stepgraph.checks.filtering import FilteredFindings
    from stepgraph.checks.settings import Settings
    from stepgraph.cli.output_files import OutputFile
    from stepgraph.report.report import Report, SourceFile


R = TypeVar("R")

# A copy of the values of `checks.settings.FailOn`, because importing the enum would slow down every run.
FAIL_ON: Final = ("error", "warning", "new")

_SELECT_HELP = "Check only these rules: codes, code prefixes (SG1) or names, comma-separated."
_IGNORE_HELP = "Skip these rules. If --select names them too, the more specific option wins."
_STRICT_HELP = "Treat unresolved code (SG004) as an error."
_FAIL_ON_HELP = "Lowest severity that fails the check (default: error). new: not in the baseline."
_REQUIRE_DAG_HELP = "Fail if a workflow has no graph, or an incomplete one."
_EXIT_ZERO_HELP = "Exit with 0 instead of 1 if the check fails."
_BASELINE_HELP = "Ignore findings recorded in FILE."
_FIX_HELP = "Apply safe fixes, and report the remaining findings."
_DIFF_HELP = "Show the fixes as a diff instead of applying them. Exit with 1 if there are any."
_UNSAFE_FIXES_HELP = "With --fix or --diff, include fixes that may differ from your intention; review them."
_UPDATE_HELP = "Write the current findings to the baseline, and exit with 0."


class BaselineOptions(Struct, frozen=True):
    """The options --baseline and --update-baseline."""

    name: str | None = None
    update: bool = False


class FailureOptions(Struct, frozen=True):
    """The options that decide whether a check fails. None stands for options that were not used."""

    strict: bool | None = None
    fail_on: str | None = None
    require_dag: bool | None = None
    exit_zero: bool = False
    """Whether the exit code ignores findings that fail the check."""


class CheckOptions(Struct, frozen=True):
    """The values of the options, with rules as codes. Empty values are options that were not used."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    failure: FailureOptions = FailureOptions()
    baseline: BaselineOptions = BaselineOptions()
    workflows: tuple[str, ...] = ()
    """The patterns of the names of the checked workflows. Without patterns, all are checked."""

    def settings(self, paths: Sequence[str]) -> Settings:
        """Return the settings of the project at `paths`, overridden by the options.

        --select overrides the ignored rules of the project. Raises UsageError for options that contradict each other.
        """
        # Imported here because only checks need the rules.
        from stepgraph.checks.settings import FailOn, read_settings

        failure = self.failure
        project = read_settings([path for path in paths if path != STANDARD_INPUT])
        settings = replace(
            project,
            select=self.select or project.select,
            ignore=self.ignore if self.select else (*project.ignore, *self.ignore),
            strict=project.strict if failure.strict is None else failure.strict,
            fail_on=project.fail_on if failure.fail_on is None else FailOn(failure.fail_on),
            require_dag=project.require_dag if failure.require_dag is None else failure.require_dag,
            baseline=project.baseline if self.baseline.name is None else self.baseline.name,
        )
        if settings.baseline is None and self.baseline.update:
            raise click.UsageError("--update-baseline requires --baseline with the file to write.")
        # An invalid `baseline` is reported with its location.
        if settings.baseline is None and settings.fail_on is FailOn.NEW and not settings.problems:
            if failure.fail_on is None:
                file = f"{settings.folder}pyproject.toml"
                raise click.UsageError(f'`fail-on = "new"` in {file} requires `baseline` with the accepted findings.')
            raise click.UsageError("--fail-on new requires --baseline with the accepted findings.")
        return settings


def check_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options for rules, failure, the baseline and workflows to a command, as one argument `checking`."""

    @_rules_option("--select", _SELECT_HELP)
    @_rules_option("--ignore", _IGNORE_HELP)
    @_failure_options
    @_baseline_options
    @workflow_option
    @wraps(command)
    def with_checking(
        *,
        select: tuple[str, ...],
        ignore: tuple[str, ...],
        failure: FailureOptions,
        baseline: BaselineOptions,
        workflows: tuple[str, ...],
        **values: object,
    ) -> R:
        return command(checking=CheckOptions(select, ignore, failure, baseline, workflows), **values)

    return with_checking


def _rules_option(name: str, help_text: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    return click.option(
        name, multiple=True, callback=_codes, metavar="RULES", help=help_text, shell_complete=complete_rules
    )


def _failure_options(command: Callable[..., R]) -> Callable[..., R]:
    @click.option("--strict/--no-strict", default=None, help=_STRICT_HELP)
    @click.option("--fail-on", type=click.Choice(FAIL_ON), help=_FAIL_ON_HELP)
    @click.option("--require-dag/--no-require-dag", default=None, help=_REQUIRE_DAG_HELP)
    @click.option("--exit-zero", is_flag=True, help=_EXIT_ZERO_HELP)
    @wraps(command)
    def with_failure(
        *, strict: bool | None, fail_on: str | None, require_dag: bool | None, exit_zero: bool, **values: object
    ) -> R:
        return command(failure=FailureOptions(strict, fail_on, require_dag, exit_zero), **values)

    return with_failure


def _baseline_options(command: Callable[..., R]) -> Callable[..., R]:
    @click.option("--baseline", metavar="FILE", help=_BASELINE_HELP, shell_complete=complete_files)
    @click.option("--update-baseline", is_flag=True, help=_UPDATE_HELP)
    @wraps(command)
    def with_baseline(*, baseline: str | None, update_baseline: bool, **values: object) -> R:
        return command(baseline=BaselineOptions(baseline, update_baseline), **values)

    return with_baseline


def _codes(_context: click.Context, option: click.Parameter, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of rules in comma-separated strings. Raises BadParameter for unknown and mandatory rules."""
    if not texts:
        return ()
    from stepgraph.checks.catalogue import RULES
    from stepgraph.checks.selectors import selectors

    codes = selectors(RULES)
    names = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    for name in names:
        refused = codes.explain_not_ignorable(name)
        if refused is not None and (option.name == "ignore" or codes.resolve(name) is None):
            clause, advice = refused
            raise click.BadParameter(f"{clause}. {advice}")
    if not names:
        raise click.BadParameter("missing rule.")
    return tuple(code for name in names if (code := codes.resolve(name)) is not None)


class FixMode(Enum):
    """The treatment of fixes."""

    REPORT = "report"
    """Mention them in the report."""
    SHOW = "show"
    """Print a patch instead of the report."""
    WRITE = "write"
    """Change the files before the report."""


class Fixing(Struct, frozen=True):
    """The options --fix, --diff and --unsafe-fixes."""

    mode: FixMode = FixMode.REPORT
    unsafe: bool = False


def fix_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options that apply or show fixes to a command, as one argument `fixing`."""

    @click.option("--fix", is_flag=True, help=_FIX_HELP)
    @click.option("--diff", is_flag=True, help=_DIFF_HELP)
    @click.option("--unsafe-fixes", is_flag=True, help=_UNSAFE_FIXES_HELP)
    @wraps(command)
    def with_fixing(*, fix: bool, diff: bool, unsafe_fixes: bool, **values: object) -> R:
        if unsafe_fixes and not (fix or diff):
            raise click.UsageError("--unsafe-fixes requires --fix or --diff.")
        mode = FixMode.SHOW if diff else FixMode.WRITE if fix else FixMode.REPORT
        return command(fixing=Fixing(mode, unsafe_fixes), **values)

    return with_fixing


# The functions below import rules, baselines and reports when called, because help and usage errors need none.


class Criteria(Struct, frozen=True):
    """The settings and the baseline that filter findings."""

    settings: Settings
    baseline: Baseline | None = None
    updates_baseline: bool = False
    """Whether the findings are written to the baseline."""

    @property
    def files(self) -> Sequence[str]:
        """The files, in addition to the sources, that affect the findings."""
        return () if self.settings.baseline is None else (self.settings.baseline,)


def read_criteria(options: CheckOptions, paths: Sequence[str]) -> Criteria:
    """Return the criteria for the findings in `paths`, before the analysis.

    Raises UsageError for options that contradict each other, and InputError for an unreadable baseline.
    """
    settings = options.settings(paths)
    if settings.baseline is None:
        return Criteria(settings)
    updates = options.baseline.update
    root = root_of(settings.folder or ".") if options.baseline.name is None else None
    return Criteria(settings, _read_baseline_file(settings.baseline, root, may_be_missing=updates), updates)


def filter_and_update(criteria: Criteria, analysis: Analysis, findings: Sequence[Finding]) -> FilteredFindings:
    """Return the findings of an analysis, filtered by settings, suppressions and baseline.

    With `updates_baseline`, all findings are written to the baseline. Otherwise, a message reports baseline findings
    that are fixed. Raises CommandError if the baseline cannot be written, or if an input is unreadable, because its
    findings are unknown.
    """
    filtered = apply_settings(analysis, findings, criteria.settings, criteria.baseline)
    if criteria.baseline is None or criteria.settings.baseline is None:
        return filtered
    if not criteria.updates_baseline or not analysis.workflows:
        _report_outdated(filtered, criteria.settings.baseline)
        return filtered
    from stepgraph.cli.output_files import prepare_output

    output = prepare_output(criteria.settings.baseline, analysis.files)
    return _update_baseline(filtered, criteria.baseline, output)


def _read_baseline_file(path: str, root: Root | None, *, may_be_missing: bool) -> Baseline:
    from stepgraph.checks.baseline import Baseline, read_baseline

    name = shown_path(path)
    if may_be_missing and not os.path.lexists(name):
        return Baseline(folder_of(name))
    return read_baseline(name, root)


def _update_baseline(filtered: FilteredFindings, baseline: Baseline, output: OutputFile) -> FilteredFindings:
    from stepgraph.checks.diagnostic import Severity
    from stepgraph.checks.selectors import INPUT_RULES

    all_findings = (*filtered.findings, *filtered.baselined)
    errors = (finding for finding in all_findings if finding.severity is Severity.ERROR)
    input_errors = tuple(finding for finding in errors if finding.code in INPUT_RULES)
    if input_errors:
        for finding in input_errors:
            write_message(str(finding))
        raise CommandError(ExitCode.ERROR, f"{output.name} was not written because an input is unreadable or invalid.")
    updated = baseline.updated(all_findings, filtered.fingerprint, filtered.outdated)
    output.write(encode(updated.text()))
    write_message(f"wrote {output.name}: {counted(len(updated.entries), 'finding')}")
    return replace(filtered, findings=(), baselined=all_findings, outdated=())


def _report_outdated(filtered: FilteredFindings, path: str) -> None:
    count = len(filtered.outdated)
    if count:
        state = "1 recorded finding no longer occurs" if count == 1 else f"{count} recorded findings no longer occur"
        pronoun = "it" if count == 1 else "them"
        write_message(f"{state}. Run with --update-baseline to remove {pronoun} from {path}.")


def build_report(filtered: FilteredFindings, settings: Settings, sources: Sources, analysis: Analysis) -> Report:
    """Return the report of a check, with the source lines of its findings."""
    from stepgraph.checks.catalogue import RULES
    from stepgraph.checks.diagnostic import fold_findings
    from stepgraph.report.report import FingerprintedFinding, Report, workflow_summary

    reported = fold_findings(filtered.findings)
    workflows = tuple(map(workflow_summary, analysis.workflows))
    findings = [*filtered.findings, *filtered.baselined, *(suppressed.finding for suppressed in filtered.suppressed)]
    paths = [*(finding.span.path for finding in findings), *(workflow.path for workflow in workflows)]
    return Report(
        findings=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in reported),
        baselined=tuple(FingerprintedFinding(finding, filtered.fingerprint(finding)) for finding in filtered.baselined),
        suppressed=filtered.suppressed,
        workflows=workflows,
        rules=RULES,
        version=__version__,
        files=_source_files(paths, sources, analysis, root_of(settings.folder or ".")),
        fail_on=settings.fail_on,
        require_dag=settings.require_dag,
        source_url=_source_url(),
    )


def _source_url() -> str:
    """Return the URL of the files in the commit of a GitHub job, or an empty string outside GitHub."""
    parts = [os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    server, repository, commit = parts
    return f"{server}/{repository}/blob/{commit}" if all(parts) else ""


def _source_files(paths: Iterable[str], sources: Sources, analysis: Analysis, settings: Root) -> dict[str, SourceFile]:
    """Return the files at these paths, with their lines and their paths in the repository.

    Files that the analysis has not read are now read if they are inside a root of the sources or the settings.
    """
    from stepgraph.report.report import SourceFile

    contents = {module.path: module.content for module in sources.modules} | dict(analysis.read)
    roots = (*sources.roots, settings)
    root = repository_root(".") or real_path(".")
    files: dict[str, SourceFile] = {}
    for path in dict.fromkeys(paths):
        content = contents.get(path)
        lines = source_lines((read_inside_any(path, roots) or b"") if content is None else content)
        files[path] = SourceFile(lines, _path_in(root, path))
    return files


def _path_in(root: str, path: str) -> str | None:
    """Return a path relative to the root, or None for standard input and paths outside the root."""
    if path == STANDARD_INPUT_NAME:
        return None
    relative = path_from(root, path)
    return None if relative.startswith("../") or os.path.isabs(relative) else relative

"""The options of `stepgraph check` that filter findings and decide on failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.cli.completion import complete_files, complete_rules
from stepgraph.cli.input_options import workflow_option
from stepgraph.project.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from stepgraph.checks.settings import Settings


R = TypeVar("R")

# A copy of the values of `checks.settings.FailOn`, because importing the enum would slow down every run.
FAIL_ON: Final = ("error", "warning", "new")

_SELECT_HELP = "Check only these rules: codes, code prefixes (SG1) or names, comma-separated."
_IGNORE_HELP = "Skip these rules. If --select names them too, the more specific option wins."
_STRICT_HELP = "Treat unresolved code (SG004) as an error."
_FAIL_ON_HELP = "Fail on errors (default) or also on warnings. new is warning, and requires a baseline."
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
        if settings.baseline is None and settings.fail_on is FailOn.NEW:
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
        **others: object,
    ) -> R:
        return command(checking=CheckOptions(select, ignore, failure, baseline, workflows), **others)

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
        *, strict: bool | None, fail_on: str | None, require_dag: bool | None, exit_zero: bool, **others: object
    ) -> R:
        return command(failure=FailureOptions(strict, fail_on, require_dag, exit_zero), **others)

    return with_failure


def _baseline_options(command: Callable[..., R]) -> Callable[..., R]:
    @click.option("--baseline", metavar="FILE", help=_BASELINE_HELP, shell_complete=complete_files)
    @click.option("--update-baseline", is_flag=True, help=_UPDATE_HELP)
    @wraps(command)
    def with_baseline(*, baseline: str | None, update_baseline: bool, **others: object) -> R:
        return command(baseline=BaselineOptions(baseline, update_baseline), **others)

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
    has_old_form: bool = False
    """Whether --fix is combined with the former option --write, so that its new meaning is expected."""


def fix_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add the options that apply or show fixes to a command, as one argument `fixing`."""

    @click.option("--fix", is_flag=True, help=_FIX_HELP)
    @click.option("--diff", is_flag=True, help=_DIFF_HELP)
    @click.option("--unsafe-fixes", is_flag=True, help=_UNSAFE_FIXES_HELP)
    @click.option("--write", is_flag=True, hidden=True)
    @wraps(command)
    def with_fixing(*, fix: bool, diff: bool, unsafe_fixes: bool, write: bool, **others: object) -> R:
        if write and not fix:
            raise click.UsageError("--write is no longer an option: --fix changes files, and --diff shows the changes.")
        if unsafe_fixes and not (fix or diff):
            raise click.UsageError("--unsafe-fixes requires --fix or --diff.")
        mode = FixMode.SHOW if diff else FixMode.WRITE if fix else FixMode.REPORT
        return command(fixing=Fixing(mode, unsafe_fixes, has_old_form=write), **others)

    return with_fixing

"""`stepgraph diff`: compare two versions of workflows."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final

import click
from msgspec import Struct

from stepgraph.cli.completion import complete_files
from stepgraph.cli.console import CommandError, ExitCode, write_message
from stepgraph.cli.input_options import (
    Environment,
    Revisions,
    environment_option,
    revision_options,
    select,
    workflow_option,
)
from stepgraph.cli.output_options import DocumentOutput, diff_output_options
from stepgraph.project.sources import STANDARD_INPUT
from stepgraph.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from stepgraph.cli.diff_sides import ComparedVersion
    from stepgraph.execution.engine_rules import InFlight
    from stepgraph.report.diff.comparison import Pair, VersionComparison


# A copy of the values of `report.diff.comparison.DiffFailOn`, because importing the enum would slow down every run.
FAIL_ON: Final = ("breaking", "any", "none")

_EXIT_CODES = """\b
Compared versions:
  stepgraph diff                the working tree against its merge base with
                                the default branch (that of origin, else
                                main or master)
  stepgraph diff main           the working tree against a revision
  stepgraph diff main...        the working tree against its merge base with
                                main
  stepgraph diff v1 v2          two revisions; v1..v2 is the same
  stepgraph diff v1...v2        v2 against its merge base with v1
  stepgraph diff src/entry.py   a file or directory against the merge base
  stepgraph diff main src       a directory against a revision
  stepgraph diff --from main... ./src
                                a directory against the merge base
  stepgraph diff old.json new.json
                                two saved graphs

\b
Exit codes:
  0  no change that --fail-on selects
  1  a change that --fail-on selects
  2  usage error, or an unreadable version
  3  no workflow in either version
  4  internal error"""
_SHORT_HELP = "Show structural changes between two versions of workflows."
# A copy of the values of `execution.engine_rules.InFlight`, as above.
IN_FLIGHT: Final[tuple[InFlight, ...]] = ("waits", "retries")

_FAIL_ON_HELP = "Exit with 1 on changes that break running instances (default), on any change, or never."
_IN_FLIGHT_HELP = "Where instances may be: at sleeps and waits (default), or also at steps with long retries."
_ENVIRONMENT_HELP = "Use this wrangler environment in both versions."
_MAX_SIDES: Final = 2


class EffectOptions(Struct, frozen=True):
    """The values of --fail-on and --in-flight."""

    fail_on: str
    in_flight: InFlight


def _effect_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Add --fail-on and --in-flight to the command, as one argument `effects`."""

    @click.option("--fail-on", type=click.Choice(FAIL_ON), default=FAIL_ON[0], help=_FAIL_ON_HELP)
    @click.option("--in-flight", type=click.Choice(IN_FLIGHT), default=IN_FLIGHT[0], help=_IN_FLIGHT_HELP)
    @wraps(command)
    def with_effects(*, fail_on: str, in_flight: InFlight, **options: object) -> ExitCode:
        return command(effects=EffectOptions(fail_on, in_flight), **options)

    return with_effects


@click.command("diff", short_help=_SHORT_HELP, epilog=_EXIT_CODES)
@click.argument("sides", nargs=-1, metavar="[OLD] [NEW]", shell_complete=complete_files)
@revision_options
@environment_option(_ENVIRONMENT_HELP)
@workflow_option
@diff_output_options
@_effect_options
def diff(
    *,
    sides: tuple[str, ...],
    revisions: Revisions,
    environment: Environment,
    workflows: tuple[str, ...],
    output: DocumentOutput[VersionComparison],
    effects: EffectOptions,
) -> ExitCode:
    """Show structural changes between two versions, and their effect on running instances.

    OLD and NEW are files, directories, saved graphs (- is standard input), or git revisions, which are read without
    touching the working tree. A name that is both a path and a revision is an error. Use --from and --to in jobs that
    run on untrusted code: they accept revisions only.

    A running instance resumes by running the new code, and looks up the stored results of its steps by name. Effects:
    breaking (an instance loses a stored result, uses it for another step, takes another branch, or restarts or abandons
    a wait), out of order (a step runs although steps that follow it in the new code have already run), safe (neither).
    """
    if len(sides) > _MAX_SIDES or sides.count(STANDARD_INPUT) > 1:
        is_pair = len(sides) == _MAX_SIDES
        message = (
            "only one of the versions can be standard input."
            if is_pair
            else "expected at most two versions, OLD and NEW."
        )
        raise click.UsageError(message)
    # Imported here because help and usage errors need no versions, and start-up time counts.
    from stepgraph.cli.diff_sides import ReadOptions, RevisionSide, parse_sides, read_version
    from stepgraph.cli.recording import record_revisions
    from stepgraph.report.diff.comparison import count_line

    old_side, new_side = parse_sides(sides, revisions.old, revisions.new)
    options = ReadOptions(environment.name, output.format.shows_locations)
    old = read_version(old_side, "old", options)
    new = read_version(new_side, "new", options)
    _require_environment(environment, old, new)
    files = (*old.files, *new.files)
    output.prepare(files)
    report = _report(_select_pairs(_pairs(old, new), workflows), (old.title, new.title), effects)
    _write_diff_notes(report, quiet=output.quiet)
    output.deliver(report, files, count_line)
    if output.name is None and isinstance(old_side, RevisionSide) and isinstance(new_side, RevisionSide):
        record_revisions(sides, (*sides, *filter(None, (revisions.old, revisions.new))))
    return ExitCode.FINDINGS if report.fails else ExitCode.CLEAN


def _require_environment(environment: Environment, old: ComparedVersion, new: ComparedVersion) -> None:
    """Raise CommandError if neither side defines the environment. It may be new or removed."""
    sides = [side for side in (old, new) if side.has_configurations or (environment.is_option and not side.is_saved)]
    if environment.name is not None and sides and not any(side.defines_environment for side in sides):
        message = "neither version has it in an `env` table."
        raise CommandError(ExitCode.ERROR, f"environment `{environment.name}` is not defined: {message}")


def _report(pairs: tuple[Pair, ...], titles: tuple[str, str], effects: EffectOptions) -> VersionComparison:
    from stepgraph.report.diff.comparison import DiffFailOn, VersionComparison, compare_workflows

    workflows = compare_workflows(pairs, effects.in_flight)
    return VersionComparison(*titles, workflows, DiffFailOn(effects.fail_on), __version__, effects.in_flight)


def _pairs(old: ComparedVersion, new: ComparedVersion) -> tuple[Pair, ...]:
    from stepgraph.report.diff.comparison import pair_workflows

    if not old.workflows and not new.workflows:
        reason = new.near_miss or old.near_miss
        message = f"no workflow found in {old.title}, and none in {new.title}."
        raise CommandError(ExitCode.NOTHING, message if reason is None else f"{message} {reason}")
    for version in (old, new):
        if not version.workflows:
            state = "added" if version is old else "removed"
            reason = "" if version.near_miss is None else f" {version.near_miss}"
            write_message(f"no workflow found in {version.title}, so all count as {state}.{reason}")
    return pair_workflows(old.workflows, new.workflows, only_workflows=old.is_single_file and new.is_single_file)


def _select_pairs(pairs: tuple[Pair, ...], workflows: tuple[str, ...]) -> tuple[Pair, ...]:
    """Return the pairs with a workflow that has one of the names. Without names, return all."""
    if not workflows:
        return pairs
    candidates = [version for pair in pairs for version in pair if version is not None]
    selected = {id(version) for version in select(candidates, workflows)}
    return tuple(pair for pair in pairs if any(id(version) in selected for version in pair))


def _write_diff_notes(report: VersionComparison, *, quiet: bool) -> None:
    """Write the notes of incomplete graphs to standard error."""
    if quiet:
        return
    for compared in report.workflows:
        for version in (compared.old, compared.new):
            for remark in () if version is None else version.remarks:
                write_message(remark)
        if compared.is_incomplete:
            write_message(f"the diff of `{compared.name}` may be incomplete, for the reasons above.")

"""The match of a log with a graph: the step of each entry, and the steps that can begin next.

A log that does not fit is matched again with more pauses, and with stored results from before a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.bit_sets import bit_set, bits
from stepgraph.execution.log import InstanceLog, Pauses, pauses_of
from stepgraph.execution.matching.beginnings import Beginnings
from stepgraph.execution.matching.clocks import Clocks
from stepgraph.execution.matching.endings import Endings, endless_end
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.match import Match, Misfit
from stepgraph.execution.matching.matcher import Matcher, at_any_time, ends_of, repeated_ends
from stepgraph.execution.matching.pauses import PausePaths
from stepgraph.execution.matching.states import Transitions
from stepgraph.execution.matching.term_pool import LogBudget, Precision, Terms
from stepgraph.execution.matching.terms import TooAmbiguousError
from stepgraph.execution.parts import GraphParts
from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import MATCH_OPERATIONS

RECURSION_LIMITS: Final = (3, 12, 48)
"""Limits on the depth of recursive calls that begin no step, tried in this order."""

_MAX_ENTRIES: Final = 300
"""The maximum number of entries of a log that is matched again for the exceptions of the code."""


_PAUSES: Final[Sequence[Pauses]] = ("in_open_entries", "any", "in_handlers", "everywhere")
"""The pauses that a match assumes, one after another, until the log fits."""


class _Assumptions(Struct, frozen=True):
    """The behavior that a match assumes."""

    only_failures: bool
    """See `TermExits.only_failures`."""
    endless: int | None
    """The position of an open entry that does not end before the next step."""
    pauses: Pauses
    """The pauses after which handlers may have run."""
    nested_results: bool = False
    """Whether stored results may answer calls in the bodies of steps.

    A resume does not run the bodies of finished steps, so the counts of later calls in other bodies begin at one again.
    """


def match_log(
    program: GraphParts,
    log: InstanceLog,
    budget: LogBudget | None = None,
    *,
    only_failures: bool = False,
    endless: int | None = None,
    with_pauses: bool = False,
) -> Match:
    """Match the entries of a log to the steps of a graph. For `only_failures`, see `TermExits`.

    Other logs may share the `budget`. `endless` is the position of an open entry that does not end
    before the next step. With `with_pauses`, handlers may have run because a development server was paused, and stored
    results may answer calls in the bodies of steps because the instance was resumed.
    """
    if program.too_large:
        return Match((), (), unknown=program.too_large)
    shared = budget or LogBudget()

    assumptions = _Assumptions(only_failures, endless, pauses_of(log) if with_pauses else "none")

    return run_with_large_stack(lambda: _match_assuming(program, log, shared, assumptions, resumes=with_pauses))


def with_earlier_errors(program: GraphParts, log: InstanceLog, match: Match, budget: LogBudget | None) -> Match:
    """Return a match in which next steps that need an exception of the code before the last entry are `after_error`.

    `match` alone regards the exception as raised, although a success explains the entries as well. Large logs are not
    examined.
    """
    in_handlers = any(place.is_in_handler for places in match.places for place in places)
    if not match.next or not in_handlers or len(log.entries) > _MAX_ENTRIES:
        return match
    without_errors = match_log(program, log, budget, only_failures=True, with_pauses=True)
    if without_errors.unknown or without_errors.misfit is not None:
        return match
    return replace(match, after_error=match.after_error | (frozenset(match.next) - frozenset(without_errors.next)))


def _match_assuming(
    program: GraphParts, log: InstanceLog, budget: LogBudget, assumptions: _Assumptions, *, resumes: bool
) -> Match:
    """Return the match with the fewest pauses and resumes."""
    match = _match(program, log, budget, assumptions)
    if match.misfit is None or _is_no_step(program, log, match.misfit):
        return match
    more = [replace(assumptions, pauses=pauses) for pauses in _more_pauses(assumptions.pauses, log)]
    if resumes and program.nested_sites:
        more.append(replace(assumptions, nested_results=True))
    matches = (_match(program, log, budget, each, must_fit=True) for each in more)
    return next((each for each in matches if not each.unknown and each.misfit is None), match)


def _is_no_step(program: GraphParts, log: InstanceLog, misfit: Misfit) -> bool:
    """Return whether the entry that does not fit is a run of no step, so that no pause before it explains it."""
    if misfit.index is None or misfit.ended_early:
        return False
    entry = next(entry for entry in log.entries if entry.index == misfit.index)
    return not any(site.matches(entry.kind, entry.name) for site in program.sites)


def _more_pauses(pauses: Pauses, log: InstanceLog) -> Sequence[Pauses]:
    """Return the pauses to assume if a log does not fit. Large logs are not matched for each."""
    if pauses == "none":
        return ()
    following = _PAUSES[_PAUSES.index(pauses) + 1 :]
    return following if len(log.entries) <= _MAX_ENTRIES else [each for each in following if each == "any"]


def _match(
    program: GraphParts, log: InstanceLog, budget: LogBudget, assumptions: _Assumptions, *, must_fit: bool = False
) -> Match:
    """Return the match of a log. With `must_fit`, one that does not fit has no places."""
    # Without groups, steps have one order at any precision.
    for precision in (Precision.FULL, Precision.ANY_ORDER) if program.has_passes else (Precision.FULL,):
        try:
            matcher, match = _match_with(program, log, budget, precision, assumptions)
        except TooAmbiguousError:
            continue
        return match if must_fit and match.misfit is not None else replace(match, places=matcher.places())
    return Match((), (), unknown="too ambiguous: too many paths through the graph fit the log")


def _match_with(
    program: GraphParts, log: InstanceLog, budget: LogBudget, precision: Precision, assumptions: _Assumptions
) -> tuple[Matcher, Match]:
    """Return the match, without the places of its entries, with the least recursion that fits."""
    for limit in RECURSION_LIMITS:
        matcher = _matcher(program, log, precision, limit, assumptions)
        with budget.matching(matcher.terms):
            match = matcher.match()
        if match.misfit is None or not matcher.beginnings.is_truncated:
            break
    return matcher, match


def _matcher(
    program: GraphParts, log: InstanceLog, precision: Precision, max_recursion: int, assumptions: _Assumptions
) -> Matcher:
    terms = Terms(MATCH_OPERATIONS if precision == Precision.FULL else MATCH_OPERATIONS // 2, precision)
    stored = _stored_sites(program, log) if assumptions.nested_results else 0
    exits = TermExits(program, terms, assumptions.only_failures, stored=stored)
    beginnings = _beginnings(exits, max_recursion)
    endings = Endings(terms, exits)
    transitions = Transitions(terms, endings)
    without_errors = TermExits(program, terms, only_failures=True, stored=stored)
    without_answers = TermExits(program, terms, assumptions.only_failures, stored=stored)
    pauses = PausePaths(
        log,
        assumptions.pauses,
        transitions,
        beginnings,
        _beginnings(without_errors, max_recursion),
        _beginnings(without_answers, max_recursion),
    )
    never = len(log.entries) + 1
    ends = ends_of(log.entries)
    if precision < Precision.FULL:
        ends = at_any_time(ends, never)
    if assumptions.endless is not None:
        ends[assumptions.endless] = endless_end(never)
    repeated = repeated_ends(log.entries)
    for number, end in repeated.items():
        ends[number] = end
    return Matcher(
        program=program,
        log=log,
        terms=terms,
        exits=exits,
        beginnings=beginnings,
        endings=endings,
        transitions=transitions,
        pauses=pauses,
        ends=ends,
        has_passes=program.has_passes,
        never=never,
        repeated={log.entries[number].log_name: end for number, end in repeated.items()},
    )


def _beginnings(exits: TermExits, max_recursion: int) -> Beginnings:
    return Beginnings(exits.program, exits.terms, exits, Clocks(exits.terms, exits), max_recursion)


def _stored_sites(program: GraphParts, log: InstanceLog) -> int:
    """Return the steps in the bodies of steps whose names may be in the log, as a bit set."""
    names = {entry.name for entry in log.entries}
    nested = (program.sites[number] for number in bits(program.nested_sites))
    return bit_set(site.number for site in nested if not site.pattern.is_literal or site.pattern.pieces[0] in names)

"""The position of a replayed instance in the new code: the steps that can begin, and those that have ended."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import product
from typing import Final

from msgspec import Struct

from stepgraph.bit_sets import bits
from stepgraph.execution.matching.beginnings import Begin, Beginnings, CallFrame, Frame, PassFrame
from stepgraph.execution.matching.clocks import Clocks
from stepgraph.execution.matching.endings import EndingChange, Endings, Rewrite
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.remaining_steps import FirstSteps
from stepgraph.execution.matching.states import RemainingWork
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import END_BITS, NEW, Term
from stepgraph.execution.parts import GraphParts, Path, Site

_MAX_RECURSION: Final = 12
HANDLER: Final = ".catch_block."
"""The part of the paths of steps in `except` blocks."""
FINALLY: Final = ".finally_block."
"""The part of the paths of steps in `finally` blocks."""


class Position(RemainingWork, frozen=True):
    """The remaining work of a replayed instance."""

    @property
    def running_entries(self) -> int:
        """The entries whose steps have begun and not ended, as a bit set. Each entry of a replay ends separately."""
        return self.running >> END_BITS


class Positions(Struct):
    """The positions of instances of one program, and the transitions between them."""

    program: GraphParts
    terms: Terms
    exits: TermExits
    first_steps: FirstSteps
    beginnings: Beginnings
    endings: Endings

    @classmethod
    def of(cls, program: GraphParts, *, only_failures: bool) -> Positions:
        """Return the positions of a program. For `only_failures`, see `TermExits`."""
        terms = Terms()
        exits = TermExits(program, terms, only_failures)
        exits.solve_recursion()
        beginnings = Beginnings(program, terms, exits, Clocks(terms, exits), _MAX_RECURSION)
        return cls(program, terms, exits, FirstSteps(program, terms, exits), beginnings, Endings(terms, exits))

    def start(self) -> Position:
        """Return the position of an instance that has begun no step."""
        return Position(self.terms.fresh(self.program.body))

    def begin(self, position: Position, site: Site, entry: int, *, retried: bool) -> Iterator[Position]:
        """Yield the positions after a step has begun as an entry of the log."""
        change = EndingChange(NEW, entry, entry, retried)
        for terms in self._begun(position, site):
            main, *others = (self.endings.begun(term, change) for term in terms)
            yield Position(main, self.terms.background(others))

    def answer(self, position: Position, site: Site, entry: int, *, failed: bool) -> Iterator[Position]:
        """Yield the positions after an entry has answered the call of a step with its result or error."""
        # Without overlapping passes, equal positions in each pass of a loop have equal results.
        number = entry if self.program.has_passes else None
        change = EndingChange(NEW, None, number, outcome="failed" if failed else "done", is_answer=True)
        for terms in self._begun(position, site):
            yield from self._combined([self.endings.changed(term, change) for term in terms])

    def _begun(self, position: Position, site: Site) -> Iterator[tuple[Term, ...]]:
        """Yield the terms of a position after a step has begun, the main one first."""
        for begin in self.beginnings.of(position.main, site.number):
            yield begin.term, *position.background, *_pending(begin)
        for term in dict.fromkeys(position.background):
            others = list(position.background)
            others.remove(term)
            for begin in self.beginnings.of(term, site.number):
                yield position.main, *others, begin.term, *_pending(begin)

    def next_steps(self, position: Position) -> int:
        """Return a superset of the steps that can begin now, as a bit set."""
        steps = self.first_steps.of(position.main)
        for term in position.background:
            steps |= self.first_steps.of(term)
        return steps

    def can_begin(
        self, position: Position, site: Site, *, after_failure: bool = True, entered: Container[str] = ()
    ) -> bool:
        """Return whether a step can begin now.

        Without `after_failure`, only those steps of `except` blocks count whose blocks have been entered.
        """
        return any(after_failure or _is_in_blocks(site, begin, entered) for begin in self._begins(position, site))

    def frames(self, position: Position, site: Site, entered: Container[str]) -> frozenset[tuple[Frame, ...]]:
        """Return the calls and passes in which a step can begin now without a failure, as `can_begin` does.

        Members of a group that call the same function have calls of their own.
        """
        begins = self._begins(position, site)
        return frozenset(begin.frames for begin in begins if _is_in_blocks(site, begin, entered))

    def calls(self, position: Position, site: Site) -> Iterator[list[tuple[Path, ...]]]:
        """Yield the paths of the calls in which a step can begin now, as in `CallFrame`, outermost first."""
        for begin in self._begins(position, site):
            yield [frame.paths for frame in begin.frames if isinstance(frame, CallFrame)]

    def handlers(self, position: Position, site: Site) -> frozenset[str]:
        """Return the paths of the `except` blocks around a step that can begin now, and around the calls to it."""
        frames = (frame for begin in self._begins(position, site) for frame in begin.frames)
        calls = (path for frame in frames if isinstance(frame, CallFrame) for path in frame.paths)
        return frozenset(block for path in (site.path, *calls) for block in _handlers_around(path))

    def _begins(self, position: Position, site: Site) -> Iterator[Begin]:
        for term in (position.main, *position.background):
            yield from self.beginnings.of(term, site.number)

    def can_begin_in_background(self, position: Position, site: Site) -> bool:
        """Return whether a step can begin only in work that nothing waits for."""
        if self.beginnings.of(position.main, site.number):
            return False
        return any(self.beginnings.of(term, site.number) for term in position.background)

    def overlapping_passes(self, position: Position, site: Site) -> Iterator[PassFrame]:
        """Yield the passes of overlapping loops in which a step can begin, outermost first for each possibility."""
        for term in (position.main, *position.background):
            for begin in self.beginnings.of(term, site.number):
                yield from (each for each in begin.frames if isinstance(each, PassFrame) and each.overlaps)

    def end(self, position: Position, entry: int, *, failed: bool) -> Iterator[Position]:
        """Yield the positions after the step of an entry has ended. The steps in it do not run."""
        terms = (position.main, *position.background)
        yield from self._combined([self.endings.answered(term, entry, failed=failed) for term in terms])

    def _combined(self, rewrites: Sequence[Sequence[Rewrite]]) -> Iterator[Position]:
        """Yield the positions with each combination of changed terms, of which the first is the main one."""
        for combination in product(*rewrites):
            (main, _), *background = combination
            pending = [term for _, more in combination for term in (*more.background, *more.group)]
            yield Position(main, self.terms.background([*(term for term, _ in background), *pending]))

    def fails(self, position: Position) -> bool:
        """Return whether the only possible continuation is that the instance ends with an error."""
        if {each.kind for each in self.exits.of(position.main)} != {"fail"}:
            return False
        return not any(self.can_begin(position, self.program.sites[each]) for each in bits(self.next_steps(position)))


def _pending(begin: Begin) -> tuple[Term, ...]:
    return (*begin.pending.background, *begin.pending.group)


def _is_in_blocks(site: Site, begin: Begin, blocks: Container[str]) -> bool:
    """Return whether all `except` blocks around a step, and around a call for each function, are some of `blocks`."""
    calls = (frame.paths for frame in begin.frames if isinstance(frame, CallFrame))
    return all(
        any(all(block in blocks for block in _handlers_around(path)) for path in paths)
        for paths in ((site.path,), *calls)
    )


def _handlers_around(path: Path) -> Iterator[str]:
    """Yield the paths of the `except` blocks around a step or call."""
    end = path.find(HANDLER)
    while end >= 0:
        yield path[:end]
        end = path.find(HANDLER, end + 1)

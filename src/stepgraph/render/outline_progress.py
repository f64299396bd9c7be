"""The progress of an instance in an outline: the sign of each step, the remarks on parts, and the errors of steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.execution.instance import NodeState
from stepgraph.model.details import Part
from stepgraph.render.node_text import name_text
from stepgraph.render.outline_phrases import FADED, OutlinePhrases
from stepgraph.render.progress import Progress
from stepgraph.render.progress_text import state_counts
from stepgraph.render.terminal import Ink, LinePiece

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Step

SIGNS: Final[Mapping[NodeState, str]] = {
    "done": "✓",
    "failed": "✗",
    "retrying": "↻",
    "sleeping": "◔",
    "waiting": "◎",
    "running": "●",
    "not_reached": "·",
    "unreachable": "·",
    "skipped": "-",
}
"""The sign of a step in each state, one cell wide."""

_UNCERTAIN: Final = "?"
"""The sign of a step if the log does not show whether it has run."""
_INKS: Final[Mapping[NodeState, Ink]] = {
    "done": Ink.LOOP,
    "failed": Ink.FAILURE,
    "retrying": Ink.WARNING,
    "sleeping": Ink.WARNING,
    "waiting": Ink.WARNING,
    "running": Ink.WARNING,
    "not_reached": Ink.PLAIN,
    "unreachable": Ink.QUIET,
    "skipped": Ink.QUIET,
}


class ProgressPieces(Struct, frozen=True):
    """The pieces of lines that show the progress of an instance."""

    progress: Progress
    text: OutlinePhrases

    def step(self, step: Step, clock: Sequence[LinePiece]) -> tuple[LinePiece, ...]:
        """Return the line of a step: its sign, its name and its clock, with phrases about its runs."""
        state, node = self.progress.state(step), self.progress.of(step)
        is_uncertain = node is not None and node.is_uncertain
        sign, ink = (_UNCERTAIN, Ink.WARNING) if is_uncertain else (SIGNS[state], _INKS[state])
        is_plain = state == "not_reached" and not self.progress.is_next(step)
        name = Ink.QUIET if state in FADED else Ink.PLAIN if is_plain else Ink.STRONG
        return (
            LinePiece(f"{sign} ", ink),
            LinePiece(name_text(step["name"]), name, elastic=True),
            *clock,
            *self._next(step),
            *_phrases(self.text.of_step(step)),
        )

    def _next(self, part: Part) -> Iterator[LinePiece]:
        if self.progress.is_next(part):
            is_misfit = self.progress.instance.misfit is not None
            yield LinePiece("  expected here" if is_misfit else "  next", Ink.WARNING if is_misfit else Ink.STEP)

    def errors(self, step: Step) -> Iterator[LinePiece]:
        """Yield the errors of a step that failed or has not ended, one for each line below the step."""
        for line in self.text.errors(step):
            yield LinePiece(line, Ink.TRY, elastic=True)

    def part(self, part: Part, pieces: Sequence[LinePiece]) -> tuple[LinePiece, ...]:
        """Return the line of a node that is not a step, or of a branch or block, with phrases about its runs."""
        following = self._next(part) if self.text.is_shared_call(part) else ()
        return (*self.faded(part, pieces), *following, *_phrases(self.text.of_part(part)))

    def inside(self, nodes: Iterable[Node]) -> Iterator[LinePiece]:
        """Yield the number of steps in each state among the nodes inside a folded node."""
        shown = list(nodes)
        if counts := state_counts(self.progress, shown):
            is_important = any(map(self.progress.is_important, shown))
            yield LinePiece(f"  {' · '.join(counts)}", Ink.WARNING if is_important else Ink.LOOP)

    def faded(self, part: Part, pieces: Sequence[LinePiece]) -> tuple[LinePiece, ...]:
        """Return the pieces of a part, without color if it did not run and never will."""
        if not self.text.is_faded(part):
            return tuple(pieces)
        return tuple(LinePiece(piece.text, Ink.QUIET, piece.elastic) for piece in pieces)


def _phrases(phrases: Sequence[str]) -> tuple[LinePiece, ...]:
    return (LinePiece("  " + " · ".join(phrases), Ink.QUIET, elastic=True),) if phrases else ()

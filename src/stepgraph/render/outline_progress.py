"""The progress of an instance in an outline: the sign of each step, the remarks on parts, and the errors of steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.failures.errors import error_line
from stepgraph.execution.instance import NodeProgress, NodeState, PlacedEntry
from stepgraph.execution.parts import Path
from stepgraph.model.details import Part
from stepgraph.model.walk import as_unknown, is_clocked, paths_of
from stepgraph.phrases import counted, elapsed_text
from stepgraph.render.node_text import name_text
from stepgraph.render.progress import CURRENT, REACHED, STATE_WORDS, Progress
from stepgraph.render.progress_text import possible_phrases, retry_text, runs_phrases, shown_run, state_counts
from stepgraph.render.step_types import step_text
from stepgraph.render.terminal import Ink, LinePiece

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Step, Workflow

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

_MAX_ERRORS: Final = 3
"""The maximum number of errors below a step, which are the last ones."""
_BRANCH: Final = "branch"
"""The type of branches, which have none in the payload."""
_SKIPPED: Final[Mapping[str, str]] = {
    _BRANCH: "not taken",
    "block": "not entered",
    "loop": "no passes",
    "function_call": "not called",
    "parallel": "skipped",
    "try": "skipped",
}
"""The word for a skipped part, by the type of the part."""
_RUNS: Final[Mapping[str, tuple[str, str]]] = {
    _BRANCH: ("time", "times"),
    "function_call": ("call", "calls"),
    "loop": ("pass", "passes"),
}
"""The nouns for the runs of a part, by the type of the part."""
FADED: Final[frozenset[NodeState]] = frozenset({"unreachable", "skipped"})
"""The states of parts that did not run and never will."""


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


class OutlinePhrases(Struct, frozen=True):
    """The phrases about the progress of an instance in an outline."""

    progress: Progress
    with_work: frozenset[Path]
    """The paths of parts with steps or calls inside. A log does not show whether other parts, such as a `break`, ran.
    """
    shared: frozenset[str]
    """The names of the functions that several nodes call. Their steps have the progress of all calls."""

    @classmethod
    def of(cls, progress: Progress, workflow: Workflow) -> OutlinePhrases:
        """Return the phrases about an instance of a workflow."""
        with_work: set[Path] = set()
        calls: Counter[str] = Counter()
        for path, node in paths_of(workflow):
            if as_unknown(node) is None and node["type"] == "function_call":
                calls[node["name"]] += 1
            outer = path if is_clocked(node) else ""
            while outer and outer not in with_work:
                with_work.add(outer)
                outer = outer.rpartition(".")[0]
        return cls(progress, frozenset(with_work), frozenset(name for name, count in calls.items() if count > 1))

    def is_faded(self, part: Part) -> bool:
        """Return whether a part certainly did not run and never will."""
        node = self.progress.of(part)
        return node is not None and node.state in FADED and not node.is_uncertain and node.path in self.with_work

    def of_step(self, step: Step) -> tuple[str, ...]:
        """Return the phrases beside a step."""
        node = self.progress.of(step)
        if node is None or (node.state == "not_reached" and not node.is_uncertain):
            return step_text(step).phrases if step["type"] != "step_do" else ()
        if node.is_uncertain:
            return ("may have run",)
        if node.state in FADED:
            return self._faded_phrases(node, "skipped")
        run = shown_run(node)
        is_current = run is not None and run.state in CURRENT
        phrases = _open_phrases(run, step) if run is not None and is_current else _ended_phrases(node, step)
        return (*runs_phrases(node.entries), *phrases, *possible_phrases(node))

    def of_part(self, part: Part) -> tuple[str, ...]:
        """Return the phrases beside a node that is not a step, or beside a branch or block."""
        node, kind = self.progress.of(part), str(part.get("type", _BRANCH))
        if node is None:
            return ()
        if self.is_faded(part):
            return self._faded_phrases(node, _SKIPPED.get(kind, ""))
        state = self._call_state(node) if self.is_shared_call(part) else ()
        if not node.runs or (node.runs == 1 and kind != "loop"):
            return state
        nouns = _RUNS.get(kind)
        return () if nouns is None else (counted(node.runs, *nouns), *state)

    def is_shared_call(self, part: Part) -> bool:
        """Return whether a part is a call of a function that other nodes call, too."""
        return part.get("type") == "function_call" and part.get("name") in self.shared

    def _call_state(self, node: NodeProgress) -> tuple[str, ...]:
        """Return the state of a call, and how long the calls took."""
        if node.state not in REACHED:
            return ()
        duration = node.duration if node.state == "done" and node.runs == 1 else None
        return (STATE_WORDS[node.state], *(() if duration is None else (elapsed_text(duration),)))

    def _faded_phrases(self, node: NodeProgress, word: str) -> tuple[str, ...]:
        """Return the word for a skipped part, unless the part around it has one as well."""
        path = node.path.rpartition(".")[0]
        if node.path.rpartition(".")[2].startswith("branches["):
            path = path.rpartition(".")[0]  # an `if` or `switch` has no word, because its branches have
        enclosing = self.progress.instance.nodes.get(path)
        is_inside = enclosing is not None and enclosing.state in FADED
        return (word,) if word and node.state == "skipped" and not is_inside else ()

    def errors(self, step: Step) -> Iterator[str]:
        """Yield the errors of a run of a step that failed or has not ended: `attempts 1-5: Error: timeout`.

        If the step has several runs, the errors follow the name of the run in the log.
        """
        node = self.progress.of(step)
        run = None if node is None or node.state in {"done", *FADED} else shown_run(node)
        if run is None:
            return
        log, names = run.log, [] if node is None or len(node.entries) == 1 else [brief_line(run.log.log_name)]
        if len(log.attempts) <= 1:
            if log.error:
                yield ": ".join([*names, error_line(log.error)])
            return
        failed = [
            (number, error_line(each.error)) for number, each in enumerate(log.attempts, 1) if each.succeeded is False
        ]
        groups = [(error, [number for number, _ in same]) for error, same in groupby(failed, lambda pair: pair[1])]
        for error, (first, *later_numbers) in groups[-_MAX_ERRORS:]:
            attempts = f"attempts {first}-{later_numbers[-1]}" if later_numbers else f"attempt {first}"
            yield f"{', '.join([*names, attempts])}: {error or 'failed'}"


def _ended_phrases(node: NodeProgress, step: Step) -> Iterator[str]:
    entries = node.entries
    attempts = sum(len(each.log.attempts) for each in entries)
    is_wait = step["type"] == "step_wait_for_event"
    if node.state == "failed" and (is_wait or len(entries) == 1):
        yield "no event in time" if is_wait else "failed"
    if attempts > len(entries):
        yield counted(attempts, "attempt")
    durations = [each.log.duration for each in entries if each.log.duration is not None]
    if durations:
        yield elapsed_text(sum(durations))


def _open_phrases(entry: PlacedEntry, step: Step) -> Iterator[str]:
    if step["type"] != "step_do":
        yield from step_text(step).phrases
    elif entry.state == "retrying":
        yield f"retrying: {retry_text(entry.log)}"
    else:
        attempts = len(entry.log.attempts)
        yield f"running: attempt {attempts}" if attempts > 1 else "running"

"""The reading of one body: where it stands, and what is known there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.dependencies.history import (
    LAPSED,
    NOT_RUN,
    NOTHING,
    RUN,
    SAME,
    Effects,
    History,
    Past,
    at,
    has_run,
)
from stepgraph.graph.dependencies.schedule import HasRun, Memory, Schedule
from stepgraph.graph.dependencies.usage import Survey, Usage
from stepgraph.ir.nodes import (
    Await,
    Block,
    Call,
    Function,
    StepDefinition,
    StepRun,
    TaskId,
    blocks_of,
    task_ids_of,
)
from stepgraph.model.note import Note

BlockReader: TypeAlias = "Callable[[Reading, Block], Block]"


class Opening(Struct, frozen=True):
    """The steps that have begun as soon as a function awaits for the first time: `surely`, and those that may have."""

    surely: frozenset[StepDefinition]
    maybe: frozenset[StepDefinition]


class Knowledge(Struct):
    """What was learned of all functions so far; bodies are read again until there is no more to learn.

    `entries` say what may have run when a function is called, `effects` what has when it is over, by `id`. `background`
    is what may have run when the work of a `Start` begins, by its handle, `going_on` what has just begun; `together`
    are the handles that are started with one, `joint` those of steps that are drawn as one piece of work with others,
    and are not awaited without them. `meanwhile` are the steps that may begin while a function runs, by `id`;
    `openings` tell how functions begin, as was found before, and `begins` as is found now.
    """

    survey: Survey
    openings: Mapping[int, Opening]
    entries: dict[int, Effects] = field(default_factory=dict)
    effects: dict[int, Effects] = field(default_factory=dict)
    background: dict[TaskId, Effects] = field(default_factory=dict)
    going_on: dict[TaskId, dict[StepDefinition, None]] = field(default_factory=dict)
    together: dict[TaskId, frozenset[TaskId]] = field(default_factory=dict)
    joint: set[TaskId] = field(default_factory=set)
    meanwhile: dict[int, dict[StepDefinition, None]] = field(default_factory=dict)
    begins: dict[int, Opening] = field(default_factory=dict)
    notes: dict[tuple[str, StepDefinition], Note] = field(default_factory=dict)
    changed: bool = False

    def learn(self, known: Effects, step: StepDefinition, past: Past) -> None:
        """Add to what may be the case with a step."""
        before = known.get(step, NOTHING)
        if past & ~before:
            known[step] = before | past
            self.changed = True

    def goes_on(self, task_id: TaskId, step: StepDefinition) -> None:
        """Note that a step has begun at the await at which work begins."""
        known = self.going_on.setdefault(task_id, {})
        if step not in known:
            known[step] = None
            self.changed = True

    def runs_beside(self, function: Function, steps: Iterable[StepDefinition]) -> None:
        """Note that steps may begin while a function runs; those that it declares itself are others for each call."""
        known = self.meanwhile.setdefault(id(function), {})
        fresh = [step for step in steps if step not in known and step not in function.declares]
        if fresh:
            known.update(dict.fromkeys(fresh))
            self.changed = True

    def begins_with(
        self, function: Function, surely: Iterable[StepDefinition], maybe: Iterable[StepDefinition]
    ) -> None:
        """Note what has begun when a function awaits for the first time. It counts once all else is known."""
        self.begins[id(function)] = Opening(frozenset(surely), frozenset(maybe))

    def opening(self, function: Function) -> Opening:
        """Return how a function begins: with anything, as long as that is not known."""
        return self.openings.get(id(function)) or Opening(frozenset(), frozenset(self.survey.touched(function)))

    def note(self, code: str, step: StepDefinition, message: str, advice: str) -> None:
        """Report, once for a step, how the engine departs from the graph."""
        if (code, step) not in self.notes:
            self.notes[code, step] = Note(code, message, advice, step.place.span, incomplete=False)


class Reading(Struct):
    """One reading of the body of a function."""

    knowledge: Knowledge
    function: Function
    usage: Usage
    read_block: BlockReader
    is_run: bool
    history: History = field(default_factory=History)
    """What is known at the present point."""
    ends: list[History] = field(default_factory=list)
    """What is known at the normal exits, once the body is read."""
    nested: int = 0
    """How many branches that run steps which have not run are open in each other."""
    opening: dict[StepDefinition, None] = field(default_factory=dict)
    """The steps that may begin at the first await."""

    @property
    def survey(self) -> Survey:
        """What was found out about the whole program."""
        return self.knowledge.survey

    @property
    def at_entry(self) -> bool:
        """Whether the function has not awaited anything on any path here: nothing has run meanwhile."""
        return self.history.first is None

    def past(self, step: StepDefinition, known: Effects | None = None) -> Past:
        """Return what may be the case with a step here, or for what is `known` of it, whoever calls the function."""
        past = at(self.history.past if known is None else known, step)
        if past & SAME:
            past = past & ~SAME | (NOT_RUN if self.is_run else self._at_call(step))
        if past & NOT_RUN and not self.at_entry and step in self.meanwhile():
            past |= RUN
        if step in self.survey.overlapping and not (self.at_entry and step not in self.survey.looked_up_late):
            past |= RUN | NOT_RUN  # it is looked up by its name, so it may be the one that another call declares
        return past

    def _at_call(self, step: StepDefinition) -> Past:
        """Return what was known of a step when the function was called: nothing, as long as no call was seen."""
        return self.knowledge.entries.get(id(self.function), {}).get(step, NOTHING)

    def meanwhile(self) -> Mapping[StepDefinition, None]:
        """Return the steps that may begin while the function runs."""
        return self.knowledge.meanwhile.get(id(self.function), {})

    def steps_of(self, task_id: TaskId) -> Mapping[StepDefinition, None]:
        """Return the steps that background work may begin."""
        activity = self.usage.activities.get(task_id)
        if isinstance(activity, StepRun):
            return self.survey.closure(activity)
        return self.survey.touched(activity.function) if isinstance(activity, Call) else {}

    def has_run(self, step: StepDefinition, known: Effects | None = None) -> HasRun:
        """Return whether a step has run when another one needs it here, for what is `known` of it."""
        past = self.past(step, known)
        failed_meanwhile = past & RUN and self.history.running.get(step) in self.history.going
        if (past & LAPSED and not past & NOT_RUN) or failed_meanwhile:
            self._report_lapse(step)
        return has_run(past)

    def memory(self) -> Memory:
        """Return what is known here, for steps that begin."""
        survey = self.survey
        calls = [start.activity for start in self.history.waiting.values() if isinstance(start.activity, Call)]
        openings = [self.knowledge.opening(call.function) for call in calls]
        return Memory(
            self.has_run,
            self.history.running.get,
            survey.runs_inside,
            survey.closure,
            may_wait=self._may_wait,
            beside_at_once={*self.meanwhile(), *(step for opening in openings for step in opening.maybe)},
            beside={step for call in calls for step in survey.touched(call.function)},
            budget=survey.budget,
        )

    def _may_wait(self, step: StepDefinition) -> bool:
        """Whether a step that has begun in the background may be waiting there for what it needs itself."""
        return any(self._had_to_wait(task_id, step) for task_id in sorted(self.history.going))

    def _had_to_wait(self, task_id: TaskId, step: StepDefinition) -> bool:
        """Whether what a step of background work needs may not have run when that began."""
        activity = self.usage.activities.get(task_id)
        if not isinstance(activity, StepRun):
            return False
        known = self.knowledge.background.get(task_id, {})
        going_on = self.knowledge.going_on.get(task_id, ())
        needed = self.survey.needed_by(activity).get(step, ())
        return any(inner in going_on or has_run(known.get(inner, NOTHING)) is not HasRun.ALWAYS for inner in needed)

    def begins_in_order(self, task_id: TaskId) -> bool:
        """Whether work that waits for an await begins there for sure, after all that was set going before it."""
        return task_id in self.history.started and task_id not in self.survey.unordered

    def awaits(self, steps: Iterable[StepDefinition]) -> None:
        """Note an await, which may be the first: some steps may begin with it, and what has been waiting for it."""
        if self.history.entering:
            self.opening.update(dict.fromkeys(steps))
            for task_id in sorted(self.history.waiting):
                self.opening.update(self.steps_of(task_id))
        self.history.entering = False

    def begun(self, steps: Iterable[StepDefinition], *, surely: bool = True) -> None:
        """Note that steps have begun, or may have: they are over before what needs them."""
        for step in steps:
            if step in self.survey.needed:
                self.history.begun(step, surely=surely)

    def lapse(self, steps: Iterable[StepDefinition], history: History | None = None) -> None:
        """Note that the program may go on here, or from another point, after steps have failed."""
        at_point = history or self.history
        for step in steps:
            if step in self.survey.needed:
                at_point.past[step] = at_point.at(step) | LAPSED

    def joined_in(self, block: Block) -> Iterator[StepDefinition]:
        """Yield the steps of the background work that is awaited in a block."""
        for operation in block.operations:
            if isinstance(operation, Await):
                for task_id in sorted(task_ids_of(operation.group)):
                    yield from self.steps_of(task_id)
            for inner in blocks_of(operation):
                yield from self.joined_in(inner)

    def without_dependencies(
        self, run: StepRun, over: Iterable[StepDefinition] = (), maybe: Iterable[StepDefinition] = ()
    ) -> StepRun:
        """Return a run of a step alone, with what its body does after all that the step needs.

        What is `over` then has run too, and what is over `maybe` may have.
        """
        if not run.body.operations:
            return StepRun(run.definition, run.body)
        inside = Reading(self.knowledge, self.function, self.usage, self.read_block, self.is_run)
        inside.history = replace(self.history.copy(), first=frozenset(), entering=False)
        inside.begun((step for step in maybe if step is not run.definition), surely=False)
        inside.begun(over)
        inside.begun(step for step in self.survey.closure(run) if step is not run.definition)
        body = self.read_block(inside, run.body)
        self.begun(self.survey.runs_inside(run), surely=False)
        return StepRun(run.definition, body)

    def report_twice(self, planned: Schedule) -> None:
        """Say which steps the SDK runs again."""
        for step in planned.twice:
            if step in self.survey.infinite:
                continue
            self.knowledge.note(
                "dependency-runs-twice",
                step,
                f"{step.name!r} needs other steps and is needed by several at the same time:"
                " the SDK runs it more than once.",
                "The graph shows it once; await it before the steps that need it.",
            )

    def _report_lapse(self, step: StepDefinition) -> None:
        self.knowledge.note(
            "dependency-after-failure",
            step,
            f"{step.name!r} may have failed, or been skipped by an exception, before another step needs it:"
            " then it runs again.",
            "The graph shows it once, where it runs first.",
        )

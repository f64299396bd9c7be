"""Text about parts of a graph that does not fit into the API's payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph


Part: TypeAlias = Mapping[str, object]
"""A node of a graph, a block of a `try`, a branch of an `if` or `switch`, or a workflow."""

_PARAMETER_MARK: Final = r"<argument [0-9]++\.[\w.]++>"
"""The text in place of the value that calls pass for a parameter."""

Guards: TypeAlias = tuple[tuple[str, str], ...]
"""Conditions with the `raise` statements that they lead to."""

_MAX_RUN_CHARACTERS: Final = 2_000
"""The maximum length of the text of a run."""

_WITHOUT_PARTS: Final = frozenset({"payload", "config", "options"})


class Detail(Struct, frozen=True, omit_defaults=True):
    """The text about one part of a graph."""

    source: str = ""
    """The source of the part, shown in place of its type, such as `except CardError`; for a call, its arguments."""
    remarks: tuple[str, ...] = ()
    """Phrases shown next to the part, such as `swallows the error`."""
    final_raise: str = ""
    """The `raise` statement at the end of the part, if the payload has no node for it."""
    final_jump: str = ""
    """The `continue` or `return` at the end of the part, if the payload has no node for it. A `return` counts in `run`,
    and in a function if it skips a `raise` without a node.
    """
    guards: Guards = ()
    """The conditional `raise` statements after all nodes of the part, for which the payload has no nodes."""
    may_skip_raise: bool = False
    """Whether a `return` or `continue` without a node may end the part before its final `raise`."""
    ends_pass: bool = False
    """Whether a `continue` ends the part and a pass of a loop of the graph, perhaps after a `finally`."""
    shows_skips: bool = False
    """Whether all jumps that skip the branch `no continue` are at the ends of other parts, such as `ends_pass`."""
    is_certain: bool = False
    """Whether the branch always runs: `no exception` or `no continue`, since the ends of other paths are shown, or the
    only `except*` clause, which catches all errors.
    """
    is_exhaustive: bool = False
    """Whether one branch of the node always runs, as in a lookup of a step in a dictionary, which fails otherwise."""

    is_infinite: bool = False
    """Whether only a jump or an exception ends the loop, as with `while True`."""

    is_nonempty: bool = False
    """Whether the first pass of the loop always runs, as with `range(3)`."""

    runs_else: bool = False
    """Whether the `break` ends its loop because the test is false or the iterator has no more items, so that the `else`
    of the loop runs.
    """

    in_else: bool = False
    """Whether the node, or the end of the block, is in the `else` of a `try`, whose handlers do not protect it."""

    is_unhandled: bool = False
    """Whether every error leaves the `try`, which has no handlers and whose `finally` does not jump."""

    is_settled: bool = False
    """Whether the error of the node is a result for the code that awaits it, as in a `gather` with
    `return_exceptions=True` that has no node because it has no other member.
    """

    raises_errors: bool = False
    """Whether the error of a member leaves the group, as with `gather`, so that the code after the group does not run.
    """

    is_limited: bool = False
    """Whether a lock or semaphore in the function of the node limits how many tasks are in it at the same time."""

    catches_own_errors: bool = False
    """Whether the handlers of the catch block may catch errors of the code between steps, such as a `raise`."""

    catches_only_steps: bool = False
    """Whether the handlers of the catch block catch only errors of steps that the `try` itself runs, as its other code
    raises none.
    """

    catches_cancellation: bool = False
    """Whether the handlers of the catch block may catch a `CancelledError`, as of a timeout while a step runs."""

    passes: int = 0
    """The constant number of passes of a loop that no exit leaves, as with `range(3)`, or 0."""

    predecessors: tuple[str, ...] = ()
    """The names of the nodes of its group that are done before the node begins, although the clocks do not show it."""

    run: str = ""
    """The title of a node that a comparison puts around a run of nodes: `12 steps unchanged`."""

    @property
    def returns(self) -> bool:
        """Whether a `return` without a node ends the part."""
        return self.final_jump.startswith("return")

    @property
    def ends_by_raise(self) -> bool:
        """Whether a `raise` without a node may end the part."""
        return bool(self.final_raise or self.guards)

    def __bool__(self) -> bool:
        return self != NO_DETAIL


NO_DETAIL: Final = Detail()

IndexedDetails: TypeAlias = tuple[tuple[int, Detail], ...]
"""Details without references to their graph, each with the index of its part in `parts_of`."""

NOT_CAUGHT: Final = "not caught here"
"""The remark on a `raise` in a `try` of its function, none of whose handlers catches it."""

ANY_OTHER_ERROR: Final = "any other error"
"""The remark on the `raise` of an exception that no handler catches."""


class Details(Struct, frozen=True, eq=False):
    """The details of parts of one or several graphs, by the identity of the parts.

    - Loops: the head, `for item in order["items"]`, whether only a jump or an exception ends the loop, whether the
      first pass always runs, and a constant number of passes.
    - Catch blocks and branches for exceptions: the handler, `except CardError as error`, and whether it swallows the
      error or raises another one.
    - Exits: the statement, `raise Declined("no")`, whether a handler of the function catches the exception, and whether
      the `else` of a loop follows a `break`.
    - Branches, blocks, functions and the workflow: jumps at their end that the payload omits. It omits a `raise` that a
      handler of the function may catch, a `continue`, and a `raise` or `return` that no step follows.
    - Choices: whether one of the branches always runs.
    - `try`: whether every error leaves it, and for its catch block whether code between steps may raise the
      errors, or only steps do.
    - Bodies of `try`, and nodes in them: whether the handlers do not protect the node, or the end of the body.
    - Function calls: the arguments, `(step, "after B3")`, and the steps that they name, `step "charge B3"`.
    - Steps: the results that they receive, and the workflows that they start.
    - Members of a group: the members that run before them, if clocks do not show it.
    - Steps and calls: whether code stores their error as a result, and whether they wait for a lock or semaphore.
    - Groups: the function, `gather`, whether it raises the errors of the members, and for the kind `all_settled`,
      whether the code discards them.
    """

    items: Sequence[tuple[Part, Detail]] = ()
    _by_identity: dict[int, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_identity.update((id(part), detail) for part, detail in self.items)

    def __repr__(self) -> str:
        return f"<Details of {len(self.items)} part{'' if len(self.items) == 1 else 's'}>"

    def of(self, part: Part) -> Detail:
        """Return the detail of a part, or an empty detail if it has none."""
        return self._by_identity.get(id(part), NO_DETAIL)

    def source(self, part: Part) -> str:
        """Return the source of a part, or an empty string if it has none."""
        return self.of(part).source

    def is_raise(self, part: Part) -> bool:
        """Return whether an exit is a `raise` statement."""
        return self.source(part).split(" ", 1)[0] == "raise"

    def remarks(self, part: Part) -> tuple[str, ...]:
        """Return the remarks on a part, or an empty tuple if it has none."""
        return self.of(part).remarks


class RaisingCode(Struct, frozen=True, omit_defaults=True):
    """Code between the steps and calls in the body of a `try`, or of a function in one, that may raise an exception."""

    text: str = ""
    """A statement or expression with the conditions around it, as in `ComputedTexts.definition`."""
    preceding: int = 0
    """The number of steps and calls of the body in front of the code."""
    neighbor: int | None = None
    """The index of a step or call in the same branch, among those of the body. None outside of branches with any."""
    is_jump: bool = False
    """Whether the code is a jump, which skips code that may raise an exception."""
    is_raise: bool = False
    """Whether the code is a `raise` that `ComputedTexts.raises` or a detail shows."""
    is_in_handler: bool = False
    """Whether the code is in a handler, which only runs after another exception."""
    is_handled: bool = False
    """Whether the code is the step or call `neighbor`, all of whose exceptions a handler in the body ends."""


class RaiseCondition(Struct, frozen=True):
    """The condition under which a `raise` statement runs that has no node in the payload."""

    text: str
    """The condition in the code."""
    tests: tuple[str, ...] = ()
    """The tests of the condition, all of which must be true, as in `ComputedTexts.definition`. Empty if a definition is
    unknown.
    """


class ComputedTexts(Struct, frozen=True, omit_defaults=True):
    """How the code computes the texts of one part of a graph, which comparisons of versions and logs need."""

    definition: str = ""
    """The name of a step, the condition of a branch, the value of a `switch`, or the iterable or test of a loop, with
    the definitions of local variables in place of their names, so that it does not depend on these. Empty if a
    definition is unknown, and for names without braces.
    """

    raises: tuple[RaiseCondition, ...] = ()
    """The conditions of the `raise` statements in the part without a node, other than `Detail.final_raise`."""

    raising_code: str = ""
    """The code in the body of a `try` that may raise an exception for its handlers, as in `definition`, if the payload
    has no nodes for the body.
    """

    code_between: tuple[RaisingCode, ...] = ()
    """The code between the steps and calls in the body of a `try` with handlers, if the payload has nodes for the body,
    or in a function that is called in such a body. The first item is empty.
    """

    manager: str = ""
    """The context manager that swallows errors of the body of a `try`, as in `definition`. Empty for `suppress`, whose
    types the payload shows.
    """

    failing_code: tuple[RaisingCode, ...] = ()
    """The statements of the workflow or a function that raise exceptions which no handler in it catches: `assert`, and
    `raise` without a node. The first item is empty. Empty if neither the workflow nor a function has such statements.
    """

    function: str = ""
    """The digests of the name and of the code of a step's function, separated by a space, or one digest of both if the
    code does nothing. They recognize the step under another name.
    """

    duration: str = ""
    """The computed duration of a sleep, with definitions as in `definition`. Empty for a constant or unknown one."""

    parametric_name: str = ""
    """The name of a step or the condition of a branch as in `definition`, with marks in place of the values that calls
    pass for parameters.
    """

    parametric_duration: str = ""
    """The duration of a sleep as in `duration`, with marks as in `parametric_name`."""

    parametric_event_type: str = ""
    """The event type of a wait, with marks as in `parametric_name`."""

    parametric_settings: str = ""
    """The config of a step or the timeout of an event wait, with marks as in `parametric_name`. Empty for literals."""

    passed: tuple[tuple[str, str], ...] = ()
    """The values that a call passes for the parameters in parametric texts, after their marks. Empty if unknown."""

    def __bool__(self) -> bool:
        return self != NO_TEXTS


NO_TEXTS: Final = ComputedTexts()

IndexedTexts: TypeAlias = tuple[tuple[int, ComputedTexts], ...]
"""Computed texts without references to their graph, each with the index of its part in `parts_of`."""


class ComparableDetails(Details, frozen=True, eq=False):
    """Details with the computed texts of the parts, which no drawing shows and which take much longer.

    - Steps, branches and loops: their names, conditions and iterables without names of variables.
    - Steps: the digests of their function.
    - Function calls: the values of the arguments that decide names and durations.
    """

    texts: Sequence[tuple[Part, ComputedTexts]] = ()
    _texts: dict[int, ComputedTexts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._texts.update((id(part), texts) for part, texts in self.texts)

    def texts_of(self, part: Part) -> ComputedTexts:
        """Return the computed texts of a part, which are empty for most parts."""
        return self._texts.get(id(part), NO_TEXTS)


NO_DETAILS: Final = ComparableDetails()


def details_of(graph: Graph, describe: Callable[[Part], Detail]) -> Details:
    """Return the details of a graph. `describe` returns the detail of a part, which may be empty."""
    items: list[tuple[Part, Detail]] = []
    for part in parts_of(graph):
        detail = describe(part)
        if detail:
            items.append((part, detail))
    return Details(items)


def to_indexed(graph: Graph, details: Details) -> IndexedDetails:
    """Return the details of a graph without references to it."""
    part_details = ((index, details.of(part)) for index, part in enumerate(parts_of(graph)))
    return tuple((index, detail) for index, detail in part_details if detail)


def from_indexed(graph: Graph, indexed: IndexedDetails) -> Details:
    """Return the details of a graph from those without references. Ignores indexes beyond the last part."""
    by_index = dict(indexed)
    return Details([(part, by_index[index]) for index, part in enumerate(parts_of(graph)) if index in by_index])


def to_indexed_texts(graph: Graph, texts: Iterable[tuple[Part, ComputedTexts]]) -> IndexedTexts:
    """Return the computed texts of a graph without references to it."""
    by_identity = {id(part): each for part, each in texts}
    parts = enumerate(map(id, parts_of(graph)))
    return tuple((index, by_identity[identity]) for index, identity in parts if identity in by_identity)


def from_indexed_texts(graph: Graph, indexed: IndexedTexts) -> list[tuple[Part, ComputedTexts]]:
    """Return the computed texts of a graph from those without references. Ignores indexes beyond the last part."""
    by_index = dict(indexed)
    return [(part, by_index[index]) for index, part in enumerate(parts_of(graph)) if index in by_index]


def parts_of(graph: Graph) -> Iterator[Part]:
    """Yield the workflow, nodes, blocks and branches of a graph, including its functions, in document order."""
    return parts_below(graph["workflow"])


def parts_below(part: object) -> Iterator[Part]:
    """Yield a part of a graph and the parts inside, in document order."""
    pending: list[object] = [part]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "type" in value or "condition" in value or "functions" in value:
                yield value
            for key in reversed(value):
                if key not in _WITHOUT_PARTS:
                    pending.append(value[key])
        elif isinstance(value, list):
            pending.extend(reversed(value))


def parameter_marks(text: str) -> list[str]:
    """Return the marks in a text, each in place of the value that calls pass for a parameter."""
    return re.findall(_PARAMETER_MARK, text)


def replace_parameter_marks(text: str, value_of: Callable[[str], str]) -> str:
    """Return a text with values in place of the marks of parameters."""
    return re.sub(_PARAMETER_MARK, lambda mark: value_of(mark[0]), text)


def without_mark_numbers(text: str) -> str:
    """Return a text whose marks of parameters contain only the names, so that both versions can be compared."""
    return replace_parameter_marks(text, lambda mark: f"<{mark.partition('.')[2]}")


def text_of_run(text: str, passed: Iterable[Mapping[str, str]]) -> str:
    """Return a text with the values that the calls around a run pass, or an empty string if one is unknown.

    `passed` contains the values of each call by their marks, innermost first.
    """
    for values in passed:
        text = replace_parameter_marks(text, partial(_value, values))
        if len(text) > _MAX_RUN_CHARACTERS:
            return ""
    return "" if parameter_marks(text) else text


def _value(values: Mapping[str, str], mark: str) -> str:
    """Return the value of a parameter, or its mark if the value is unknown."""
    # Imported here because few graphs contain marks.
    from stepgraph.model.literal_texts import nested_definition

    return nested_definition(values.get(mark, "")) or mark

"""The code that may raise exceptions in the body of a `try`, including the code of the functions that the body calls.

Calls of functions with recorded code do not count, so moving code into a function changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.diff.tree import CALL, FUNCTIONS, ROOT, TRY_BLOCK, Tree, is_work
from stepgraph.limits import Limit
from stepgraph.model.details import RaisingCode


class FlowCode(Struct, frozen=True):
    """Code that may raise an exception, as in `RaisingCode`."""

    text: str
    works_before: int
    """The number of steps and calls of the flow in front of the code."""
    neighbor: int
    """The number of a step or call in the same branch, or of the `try` or function with the code."""
    after: int
    """The number of the last step or call in front of the code in its function, or as in `neighbor` without any."""
    is_jump: bool
    """Whether the code is a jump, which skips code that may raise an exception."""
    is_in_handler: bool
    """Whether the code is in a handler, which only runs after another exception."""
    is_shown: bool
    """Whether the code is a `raise` of the `try` itself, whose conditions are compared separately."""


class RaisingFlow(Struct, frozen=True):
    """The steps and calls in the body of a `try`, and the code between them, in source order."""

    works: list[int] = field(default_factory=list)
    """The numbers of the steps, and of the calls of functions without recorded code."""
    codes: dict[str, FlowCode] = field(default_factory=dict)
    """The code by its text. Of repeated code, the first location counts."""


def raising_flow(
    tree: Tree,
    number: int,
    recorded: Mapping[int, Sequence[RaisingCode]],
    functions: Mapping[str, int],
    renamed_text: Callable[[str], str] = str,
) -> RaisingFlow:
    """Return the flow of a `try`, or of the workflow.

    `recorded` is the code of `try` statements, the workflow and functions, by number, and `functions` are the functions
    by name.
    """
    flow = RaisingFlow()
    entered = {number}
    pending = [(_events(tree, number, recorded), _handled_calls(tree, number, recorded))]
    while pending:
        events, handled = pending[-1]
        event = next(events, None)
        if event is None:
            pending.pop()
        elif isinstance(event, int):
            function = functions.get(tree[event].name) if tree[event].kind == CALL else None
            if function not in recorded or function in entered or event in handled:
                flow.works.append(event)
            elif function is not None:
                # Each function counts once.
                entered.add(function)
                pending.append((_events(tree, function, recorded), _handled_calls(tree, function, recorded)))
        else:
            code = _with_position(event, len(flow.works), renamed_text(event.text))
            flow.codes.setdefault(code.text, code)
    return flow


def _with_position(code: FlowCode, works_before: int, text: str) -> FlowCode:
    return replace(code, text=text, works_before=works_before)


def _handled_calls(tree: Tree, owner: int, recorded: Mapping[int, Sequence[RaisingCode]]) -> set[int]:
    """Return the calls in the body of a `try` or function all of whose exceptions a handler in it ends."""
    handled = [each.neighbor for each in recorded.get(owner, ()) if each.is_handled and each.neighbor is not None]
    works = works_of(tree, owner) if handled else ()
    return {works[index] for index in handled}


def _events(tree: Tree, owner: int, recorded: Mapping[int, Sequence[RaisingCode]]) -> Iterator[int | FlowCode]:
    """Yield the works in the body of a `try` or function, or in the workflow, and the code between them."""
    works = works_of(tree, owner)
    tree.budget.spend(Limit.VISITS, len(works))
    codes = sorted((each for each in recorded.get(owner, ()) if each.text), key=lambda each: each.preceding)
    index = 0
    for code in codes:
        yield from works[index : code.preceding]
        index = max(index, code.preceding)
        yield FlowCode(
            code.text,
            0,
            owner if code.neighbor is None else works[code.neighbor],
            works[code.preceding - 1] if code.preceding else owner,
            is_jump=code.is_jump,
            is_in_handler=code.is_in_handler,
            is_shown=code.is_raise and tree[owner].slot != FUNCTIONS,
        )
    yield from works[index:]


def body_of(tree: Tree, number: int) -> range:
    """Return the numbers of the elements in the body of a `try` or function, or in the workflow."""
    if number == ROOT:
        return range(next((each for each in tree[ROOT].children if tree[each].slot == FUNCTIONS), len(tree)))
    if tree[number].slot == FUNCTIONS:
        return tree.subtree(number)
    return next((tree.subtree(each) for each in tree[number].children if tree[each].slot == TRY_BLOCK), range(0))


def works_of(tree: Tree, number: int) -> Sequence[int]:
    """Return the steps and calls in the body of a `try` or function, or in the workflow."""
    return [each for each in body_of(tree, number) if is_work(tree[each])]

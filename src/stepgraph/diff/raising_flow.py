"""The code that may raise exceptions in the body of a `try`, with that of the functions that the body calls.

A call of a function with recorded code is no work of its own, so moving code into a function changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from stepgraph.diff.tree import CALL, FUNCTIONS, TRY_BLOCK, Tree, is_work
from stepgraph.limits import Limit


class FlowCode(Struct, frozen=True):
    """Code that may raise an exception, as in `RaisingCode`."""

    text: str
    works_before: int
    """The number of works of the flow in front of the code."""
    neighbor: int
    """The number of a step or call in the same branch, or of the `try` or function with the code."""
    after: int
    """The number of the last step or call in front of the code in its function, or as in `neighbor` without any."""
    is_jump: bool
    """Whether the code is a jump, which skips code that may raise an exception."""
    is_shown: bool
    """Whether the code is a `raise` of the `try` itself, whose conditions are compared separately."""


class RaisingFlow(Struct, frozen=True):
    """The steps and calls in the body of a `try`, and the code between them, in source order."""

    works: list[int] = field(default_factory=list)
    """The numbers of the steps, and of the calls of functions without recorded code."""
    codes: dict[str, FlowCode] = field(default_factory=dict)
    """The code by its text. Of repeated code, the first location counts."""


def raising_flow(
    tree: Tree, number: int, functions: Mapping[str, int], renamed_text: Callable[[str], str] = str
) -> RaisingFlow | None:
    """Return the flow of a `try`, or None if the code is not recorded, as in a saved graph.

    `functions` are the functions by name.
    """
    if number not in tree.code_between:
        return None
    flow = RaisingFlow()
    _add_body(tree, number, functions, flow, {number}, renamed_text)
    return flow


def _add_body(
    tree: Tree,
    owner: int,
    functions: Mapping[str, int],
    flow: RaisingFlow,
    entered: set[int],
    renamed_text: Callable[[str], str],
) -> None:
    """Add the works and the code of a `try` or function. Each function counts once."""
    pending = [_events(tree, owner)]
    owners = [owner]
    while pending:
        event = next(pending[-1], None)
        if event is None:
            pending.pop()
            owners.pop()
        elif isinstance(event, int):
            function = functions.get(tree[event].name) if tree[event].kind == CALL else None
            is_recorded = function is not None and function in tree.code_between
            if function is None or not is_recorded or function in entered or _is_handled(tree, owners[-1], event):
                flow.works.append(event)
            else:
                entered.add(function)
                owners.append(function)
                pending.append(_events(tree, function))
        else:
            code = _with_position(event, len(flow.works), renamed_text(event.text))
            flow.codes.setdefault(code.text, code)


def _with_position(code: FlowCode, works_before: int, text: str) -> FlowCode:
    return FlowCode(text, works_before, code.neighbor, code.after, code.is_jump, code.is_shown)


def _is_handled(tree: Tree, owner: int, call: int) -> bool:
    """Return whether a handler in the body of a `try` or function ends all exceptions of a call."""
    works = works_of(tree, owner)
    handled = (each.neighbor for each in tree.code_between[owner] if each.is_handled and each.neighbor is not None)
    return any(works[index] == call for index in handled)


def _events(tree: Tree, owner: int) -> Iterator[int | FlowCode]:
    """Yield the works in the body of a `try` or function, and the code between them."""
    works = works_of(tree, owner)
    tree.budget.spend(Limit.VISITS, len(works))
    codes = sorted((each for each in tree.code_between[owner] if each.text), key=lambda each: each.preceding)
    index = 0
    for code in codes:
        yield from works[index : code.preceding]
        index = max(index, code.preceding)
        yield FlowCode(
            code.text,
            0,
            owner if code.neighbor is None else works[code.neighbor],
            works[code.preceding - 1] if code.preceding else owner,
            code.is_jump,
            code.is_raise and tree[owner].slot != FUNCTIONS,
        )
    yield from works[index:]


def body_of(tree: Tree, number: int) -> range:
    """Return the numbers of the elements in the body of a `try` or function."""
    if tree[number].slot == FUNCTIONS:
        return tree.subtree(number)
    return next((tree.subtree(each) for each in tree[number].children if tree[each].slot == TRY_BLOCK), range(0))


def works_of(tree: Tree, number: int) -> Sequence[int]:
    """Return the steps and calls in the body of a `try` or function."""
    return [each for each in body_of(tree, number) if is_work(tree[each])]

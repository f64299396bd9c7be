"""Small graphs drawn by lot, such as programs have: clocks that move on, groups that close, work left behind."""

from __future__ import annotations

from hypothesis import strategies as st

from stepgraph.model.payload import Block, Branch, Graph, Node, ParallelKind
from tests.render.graphs import (
    LEAVE,
    LEAVE_LOOP,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    switch,
)

NAMES = ("a", "b", "c")
FUNCTIONS = ("f", "g")


@st.composite
def programs(draw: st.DrawFn) -> Graph:
    """Draw a workflow with two functions, which call each other and themselves."""
    functions = {name: function(name, *draw(bodies(1))) for name in FUNCTIONS}
    return graph(*draw(bodies(3)), functions=functions)


def bodies(depth: int) -> st.SearchStrategy[list[Node]]:
    return st.lists(nodes(depth), min_size=1, max_size=3)


def nodes(depth: int) -> st.SearchStrategy[Node]:
    leaf = st.sampled_from(NAMES).map(do)
    if depth == 0:
        return leaf
    inner = st.deferred(lambda: bodies(depth - 1))
    return st.one_of(
        leaf,
        leaf,
        st.sampled_from(FUNCTIONS).map(call),
        st.sampled_from([LEAVE, LEAVE_LOOP]),
        inner.map(lambda held: loop(*held)),
        st.builds(lambda name, held: do(name, *held), st.sampled_from(NAMES), inner),
        st.builds(_either, inner, st.none() | inner),
        st.builds(_protected, inner, st.none() | inner, st.none() | inner, st.booleans()),
        groups(depth - 1),
        _clocked_groups(),
    )


def groups(depth: int) -> st.SearchStrategy[Node]:
    """Groups whose members are steps, sequences, loops or groups."""
    inner = st.deferred(lambda: bodies(depth))
    member = st.one_of(
        st.sampled_from(NAMES).map(do),
        inner.map(lambda held: block(*held)),
        inner.map(lambda held: loop(*held)),
        st.sampled_from(FUNCTIONS).map(call),
    )
    kinds: st.SearchStrategy[ParallelKind] = st.sampled_from(["all", "all", "all_settled", "race", "any"])
    return st.builds(lambda kind, members: parallel(kind, *members), kinds, st.lists(member, min_size=1, max_size=3))


@st.composite
def _clocked_groups(draw: st.DrawFn) -> Node:
    """Draw a group in which each node starts at the clock there is, and may move it on."""
    clock = 1
    members: list[Node] = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3)):
        awaited = draw(st.sampled_from(["here", "next", "later", "never"]))
        resolves = {"here": clock + 1, "next": clock + 1, "later": clock + 2, "never": None}[awaited]
        member: Node = do(name, starts=clock, resolves=resolves)
        members.append(either(branch("maybe", member)) if draw(st.integers(0, 3)) == 0 else member)
        clock += awaited == "here"
    return parallel("all", *members)


def _either(held: list[Node], other: list[Node] | None) -> Node:
    branches: list[Branch] = [branch("maybe", *held)]
    if other is not None:
        branches.append(branch(None, *other))
    return either(*branches)


def _protected(held: list[Node], caught: list[Node] | None, last: list[Node] | None, several: bool) -> Node:  # noqa: FBT001
    catch: Block | None = None
    if caught is not None:
        handlers = (
            [switch("exception", branch("ValueError", *caught), branch("KeyError", LEAVE))] if several else caught
        )
        catch = block(*handlers)
    return protected(block(*held), catch=catch, final=None if last is None else block(*last))

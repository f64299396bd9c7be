"""Random graphs with functions, groups and clocks."""

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
def random_graphs(draw: st.DrawFn) -> Graph:
    """Draw a workflow with two functions that call each other and themselves."""
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
        inner.map(lambda contents: loop(*contents)),
        st.builds(lambda name, contents: do(name, *contents), st.sampled_from(NAMES), inner),
        st.builds(_either, inner, st.none() | inner),
        st.builds(_protected, inner, st.none() | inner, st.none() | inner, st.booleans()),
        groups(depth - 1),
        _clocked_groups(),
    )


def groups(depth: int) -> st.SearchStrategy[Node]:
    """Return groups whose members are steps, sequences, loops or groups."""
    inner = st.deferred(lambda: bodies(depth))
    member = st.one_of(
        st.sampled_from(NAMES).map(do),
        inner.map(lambda contents: block(*contents)),
        inner.map(lambda contents: loop(*contents)),
        st.sampled_from(FUNCTIONS).map(call),
    )
    kinds: st.SearchStrategy[ParallelKind] = st.sampled_from(["all", "all", "all_settled", "race", "any"])
    return st.builds(lambda kind, members: parallel(kind, *members), kinds, st.lists(member, min_size=1, max_size=3))


@st.composite
def _clocked_groups(draw: st.DrawFn) -> Node:
    """Draw a group with clocks. A node starts at the current clock and may advance it."""
    clock = 1
    members: list[Node] = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3)):
        awaited = draw(st.sampled_from(["here", "next", "later", "never"]))
        resolves = {"here": clock + 1, "next": clock + 1, "later": clock + 2, "never": None}[awaited]
        member: Node = do(name, starts=clock, resolves=resolves)
        members.append(either(branch("maybe", member)) if draw(st.integers(0, 3)) == 0 else member)
        clock += awaited == "here"
    return parallel("all", *members)


def _either(contents: list[Node], rest: list[Node] | None) -> Node:
    branches: list[Branch] = [branch("maybe", *contents)]
    if rest is not None:
        branches.append(branch(None, *rest))
    return either(*branches)


def _protected(contents: list[Node], caught: list[Node] | None, last: list[Node] | None, several: bool) -> Node:  # noqa: FBT001
    catch: Block | None = None
    if caught is not None:
        handlers = (
            [switch("exception", branch("ValueError", *caught), branch("KeyError", LEAVE))] if several else caught
        )
        catch = block(*handlers)
    return protected(block(*contents), catch=catch, final=None if last is None else block(*last))

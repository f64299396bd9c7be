"""Graphs of any shape, for properties."""

from hypothesis import strategies as st

from stepgraph.model.payload import Node
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
    unknown,
)


def _timed(name: str, starts: int, length: int) -> Node:
    return do(name, starts=starts, resolves=starts + length or None)


leaves: st.SearchStrategy[Node] = st.one_of(
    st.just(do("a")),
    st.builds(_timed, st.just("t"), st.integers(1, 4), st.integers(-1, 3)),
    st.sampled_from([LEAVE, LEAVE_LOOP, call("f"), unknown("odd")]),
)


def _containers(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, max_size=3)
    branches = st.lists(st.builds(lambda c, n: branch(c, *n), st.sampled_from(["x", None]), several), max_size=3)
    blocks = st.none() | several.map(lambda inner: block(*inner))
    return st.one_of(
        several.map(lambda inner: loop(*inner)),
        several.map(lambda inner: do("s", *inner)),
        several.map(lambda inner: block(*inner)),
        st.builds(lambda kind, inner: parallel(kind, *inner), st.sampled_from(["all", "race"]), several),
        branches.map(lambda inner: either(*inner)),
        branches.map(lambda inner: switch("d", *inner)),
        st.builds(lambda body, catch, final: protected(body, catch=catch, final=final), blocks, blocks, blocks),
        several.map(lambda inner: function("g", *inner)),
        several.map(lambda inner: unknown("odd", *inner)),
    )


any_node: st.SearchStrategy[Node] = st.recursive(leaves, _containers, max_leaves=12)
any_graph = st.lists(any_node, max_size=4).map(lambda nodes: graph(*nodes))

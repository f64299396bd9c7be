"""Failures, where they are caught, and what is done at last."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.judge import accepts
from tests.acceptance.notation import Rule, cases, trace
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

AB = block(do("a"), do("b"))

UNCAUGHT = [
    Rule(
        "a failure that nothing catches ends the run",
        graph(do("a"), do("b")),
        ("a( a! failed", "a( a) b( b! failed"),
        ("a( a!", "a( a! b( b)", "a( a! b( failed", "a( a! a) b( b)", "a( a! a( a) b( b)"),
    ),
    Rule(
        "a run may fail between its steps",
        graph(do("a"), do("b")),
        ("failed", "a( a) failed", "a( a) b( b) failed"),
        ("b( failed",),
    ),
    Rule(
        "a failure ends the function and its caller",
        graph(call("f"), do("b"), functions={"f": function("f", do("a"), do("c"))}),
        ("a( a! failed",),
        ("a( a! b( failed", "a( a! c( failed"),
    ),
]

CAUGHT = [
    Rule(
        "a handler runs after a failure",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( a) b( b) c( c)", "a( a! h( h) c( c)", "a( a) b( b! h( h) c( c)"),
        ("a( a! b( b) c( c)", "a( a! c( c)", "a( a!", "a( a) b( b) h( c( h) c)"),
    ),
    Rule(
        "a try may be left between its steps too",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("h( h) c( c)", "a( a) h( h) c( c)", "a( a) b( b) h( h) c( c)"),
        ("c( c)", "a( a) c( c)"),
    ),
    Rule(
        "a step that is left goes on in the background",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( h( a) h) c( c)", "a( h( h) c( c)", "a( h( h) c( c) a)", "a( h( a! h) c( c)"),
        ("a( h( a) b( b) h) c( c)",),
    ),
    Rule(
        "a handler without steps is not there, nor is what it catches",
        graph(protected(AB), do("c")),
        ("a( a! c( c)", "a( a) c( c)", "c( c)", "a( a) b( b! c( c)", "a( a) b( b) c( c)", "a( a! failed"),
        ("a( a! b( b) c( c)", "b( b) c( c)", "a( a) b( b)"),
    ),
    Rule(
        "a failure may be of a type that no handler is for",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( a! failed",),
        ("a( a! c( failed",),
    ),
    Rule(
        "a handler may fail",
        graph(protected(block(do("a")), catch=block(do("h"))), do("c")),
        ("a( a! h( h! failed",),
        ("a( a! h( h! c( c)", "a( a! h( h!"),
    ),
    Rule(
        "a failure of a handler is caught further out",
        graph(protected(block(protected(block(do("a")), catch=block(do("h")))), catch=block(do("i"))), do("c")),
        ("a( a! h( h! i( i) c( c)", "a( a! h( h) c( c)", "a( a! i( i) c( c)"),
        ("a( a! h( h! c( c)", "a( a! i( i) h( h) c( c)"),
    ),
    Rule(
        "one of several handlers runs",
        graph(
            protected(
                block(do("a")),
                catch=block(switch("exception", branch("E", do("h")), branch("F"), branch(None, do("i")))),
            ),
            do("c"),
        ),
        ("a( a! h( h) c( c)", "a( a! i( i) c( c)", "a( a! c( c)"),
        ("a( a! h( h) i( i) c( c)",),
    ),
    Rule(
        "a failure in a function is caught by its caller",
        graph(
            protected(block(call("f")), catch=block(do("h"))),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( a! h( h)", "a( a) h( h)"),
        ("a( a! b( b)", "a( a)"),
    ),
    Rule(
        "a handler in a loop lets the loop go on",
        graph(loop(protected(block(do("a")), catch=block(do("h"), LEAVE_LOOP)), do("b")), do("c")),
        ("a( a! h( h) c( c)", "a( a) b( b) a( a! h( h) c( c)"),
        ("a( a! h( h) b( b) c( c)", "a( a! h( h) a( a) b( b) c( c)"),
    ),
]

FINALLY = [
    Rule(
        "what is done at last is done after all",
        graph(protected(AB, final=block(do("z"))), do("c")),
        ("a( a) b( b) z( z) c( c)",),
        ("a( a) b( b) c( c)", "z( z) a( a) b( b) c( c)", "a( z( z) a) b( b) c( c)"),
    ),
    Rule(
        "it is done after a failure too, which then goes on",
        graph(protected(block(protected(AB, final=block(do("z")))), catch=block(do("h"))), do("c")),
        ("a( a! z( z) h( h) c( c)", "a( a) z( z) h( h) c( c)", "h( h) c( c)"),
        ("a( a! h( h) c( c)", "a( a) h( h) c( c)", "a( a! h( h) z( z) c( c)"),
    ),
    Rule(
        "it is done after a handler, failed or not",
        graph(protected(block(do("a")), catch=block(do("h")), final=block(do("z"))), do("c")),
        ("a( a! h( h) z( z) c( c)", "a( a) z( z) c( c)", "a( a! z( z) failed", "a( a! h( h! z( z) failed"),
        ("a( a! z( z) c( c)", "a( a! h( h! z( z) c( c)", "a( a! h( h) c( c)", "z( z) h( h) c( c)"),
    ),
    Rule(
        "it is done after a return, which then goes on",
        graph(protected(block(do("a"), either(branch("x", LEAVE)), do("b")), final=block(do("z"))), do("c")),
        ("a( a) z( z)", "a( a) b( b) z( z) c( c)"),
        (
            "a( a)",
            "a( a) z( c( z) c)",
            "a( a) b( b) z( z)",
        ),
    ),
    Rule(
        "it is done after a break, which then goes on",
        graph(loop(protected(block(do("a"), LEAVE_LOOP), final=block(do("z"))), do("b")), do("c")),
        ("a( a) z( z) c( c)", "c( c)"),
        ("a( a) c( c)",),
    ),
    Rule(
        "what is done at last may return",
        graph(protected(block(do("a")), final=block(do("z"), LEAVE)), do("c")),
        ("a( a! z( z)", "a( a) z( z)", "z( z)"),
        ("a( a) z( z) c( c)", "a( a!"),
    ),
]

GROUPS = [
    Rule(
        "a failure of a member is caught around the group, and the others go on",
        graph(
            protected(
                block(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2))),
                catch=block(do("h")),
            ),
            do("c"),
        ),
        ("a( b( a! h( b) h) c( c)", "a( b( a! b) h( h) c( c)", "a( b( a! h( h) c( c) b)", "a( a! h( b( h) b) c( c)"),
        ("a( b( a) c( b) c)", "a( b( a! b) h( h)", "a( b( a! h( c( b) h) c)"),
    ),
    Rule(
        "a member that goes on does all that it would do",
        graph(
            protected(block(parallel("all", do("a"), block(do("b"), do("d")))), catch=block(do("h"))),
            do("c"),
        ),
        ("a( b( a! h( h) c( b) d( c) d)",),
        ("a( b( a! h( h) c( d( c)", "a( b( b! h( h) d( d) c( c) a)"),
    ),
]


@cases([*UNCAUGHT, *CAUGHT, *FINALLY, *GROUPS])
def test_a_failure_goes_just_where_the_grammar_allows_it(graph: Graph, written: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(written))
    assert verdict.accepted == is_path, str(verdict)

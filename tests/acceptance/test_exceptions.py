"""Test which traces failures, handlers and `finally` blocks accept."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.acceptor import accepts
from tests.acceptance.notation import PathRule, parametrize_traces, trace
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
    PathRule(
        "an uncaught failure ends the run",
        graph(do("a"), do("b")),
        ("a( a! failed", "a( a) b( b! failed"),
        ("a( a!", "a( a! b( b)", "a( a! b( failed", "a( a! a) b( b)", "a( a! a( a) b( b)"),
    ),
    PathRule(
        "a run may fail between its steps",
        graph(do("a"), do("b")),
        ("failed", "a( a) failed", "a( a) b( b) failed"),
        ("b( failed",),
    ),
    PathRule(
        "a failure ends the function and its caller",
        graph(call("f"), do("b"), functions={"f": function("f", do("a"), do("c"))}),
        ("a( a! failed",),
        ("a( a! b( failed", "a( a! c( failed"),
    ),
]

CAUGHT = [
    PathRule(
        "a handler runs after a failure",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( a) b( b) c( c)", "a( a! h( h) c( c)", "a( a) b( b! h( h) c( c)"),
        ("a( a! b( b) c( c)", "a( a! c( c)", "a( a!", "a( a) b( b) h( c( h) c)"),
    ),
    PathRule(
        "a try may be left between its steps too",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("h( h) c( c)", "a( a) h( h) c( c)", "a( a) b( b) h( h) c( c)"),
        ("c( c)", "a( a) c( c)"),
    ),
    PathRule(
        "an interrupted step continues in the background",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( h( a) h) c( c)", "a( h( h) c( c)", "a( h( h) c( c) a)", "a( h( a! h) c( c)"),
        ("a( h( a) b( b) h) c( c)",),
    ),
    PathRule(
        "a handler without steps is not drawn",
        graph(protected(AB), do("c")),
        ("a( a! c( c)", "a( a) c( c)", "c( c)", "a( a) b( b! c( c)", "a( a) b( b) c( c)", "a( a! failed"),
        ("a( a! b( b) c( c)", "b( b) c( c)", "a( a) b( b)"),
    ),
    PathRule(
        "no handler may match the type of the failure",
        graph(protected(AB, catch=block(do("h"))), do("c")),
        ("a( a! failed",),
        ("a( a! c( failed",),
    ),
    PathRule(
        "a handler may fail",
        graph(protected(block(do("a")), catch=block(do("h"))), do("c")),
        ("a( a! h( h! failed",),
        ("a( a! h( h! c( c)", "a( a! h( h!"),
    ),
    PathRule(
        "an outer handler catches the failure of a handler",
        graph(protected(block(protected(block(do("a")), catch=block(do("h")))), catch=block(do("i"))), do("c")),
        ("a( a! h( h! i( i) c( c)", "a( a! h( h) c( c)", "a( a! i( i) c( c)"),
        ("a( a! h( h! c( c)", "a( a! i( i) h( h) c( c)"),
    ),
    PathRule(
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
    PathRule(
        "a failure in a function is caught by its caller",
        graph(
            protected(block(call("f")), catch=block(do("h"))),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( a! h( h)", "a( a) h( h)"),
        ("a( a! b( b)", "a( a)"),
    ),
    PathRule(
        "a loop continues after a handler in it",
        graph(loop(protected(block(do("a")), catch=block(do("h"), LEAVE_LOOP)), do("b")), do("c")),
        ("a( a! h( h) c( c)", "a( a) b( b) a( a! h( h) c( c)"),
        ("a( a! h( h) b( b) c( c)", "a( a! h( h) a( a) b( b) c( c)"),
    ),
]

FINALLY = [
    PathRule(
        "a finally block runs last",
        graph(protected(AB, final=block(do("z"))), do("c")),
        ("a( a) b( b) z( z) c( c)",),
        ("a( a) b( b) c( c)", "z( z) a( a) b( b) c( c)", "a( z( z) a) b( b) c( c)"),
    ),
    PathRule(
        "a failure continues after a finally block",
        graph(protected(block(protected(AB, final=block(do("z")))), catch=block(do("h"))), do("c")),
        ("a( a! z( z) h( h) c( c)", "a( a) z( z) h( h) c( c)", "h( h) c( c)"),
        ("a( a! h( h) c( c)", "a( a) h( h) c( c)", "a( a! h( h) z( z) c( c)"),
    ),
    PathRule(
        "a finally block runs after a handler, failed or not",
        graph(protected(block(do("a")), catch=block(do("h")), final=block(do("z"))), do("c")),
        ("a( a! h( h) z( z) c( c)", "a( a) z( z) c( c)", "a( a! z( z) failed", "a( a! h( h! z( z) failed"),
        ("a( a! z( z) c( c)", "a( a! h( h! z( z) c( c)", "a( a! h( h) c( c)", "z( z) h( h) c( c)"),
    ),
    PathRule(
        "a return continues after a finally block",
        graph(protected(block(do("a"), either(branch("x", LEAVE)), do("b")), final=block(do("z"))), do("c")),
        ("a( a) z( z)", "a( a) b( b) z( z) c( c)"),
        (
            "a( a)",
            "a( a) z( c( z) c)",
            "a( a) b( b) z( z)",
        ),
    ),
    PathRule(
        "a break continues after a finally block",
        graph(loop(protected(block(do("a"), LEAVE_LOOP), final=block(do("z"))), do("b")), do("c")),
        ("a( a) z( z) c( c)", "c( c)"),
        ("a( a) c( c)",),
    ),
    PathRule(
        "a return continues after a finally block beside a task that is over",
        graph(
            parallel(
                "all",
                do("a", starts=1),
                protected(
                    block(do("b", starts=1, resolves=2)),
                    catch=block(LEAVE),
                    final=block(do("z", starts=3, resolves=4)),
                ),
            ),
            do("c"),
        ),
        ("a( b( a) b! z( z)", "a( b( b! z( a) z)", "a( b( a) b) z( z) c( c)"),
        ("a( b( a) b! c( c)", "a( b( a) b!"),
    ),
    PathRule(
        "a finally block may return",
        graph(protected(block(do("a")), final=block(do("z"), LEAVE)), do("c")),
        ("a( a! z( z)", "a( a) z( z)", "z( z)"),
        ("a( a) z( z) c( c)", "a( a!"),
    ),
    PathRule(
        "a return of a finally block may be an exception for the caller",
        graph(
            protected(block(call("f")), catch=block(do("h"))),
            functions={"f": function("f", protected(block(do("a")), final=block(either(branch("x", LEAVE)), do("z"))))},
        ),
        ("a( a) h( h)", "a( a) z( z)", "a( a)"),
        ("a( a) h( h) z( z)",),
    ),
]

GROUPS = [
    PathRule(
        "other members continue after the failure of one is caught",
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
    PathRule(
        "a member that continues runs to its end",
        graph(
            protected(block(parallel("all", do("a"), block(do("b"), do("d")))), catch=block(do("h"))),
            do("c"),
        ),
        ("a( b( a! h( h) c( b) d( c) d)",),
        ("a( b( a! h( h) c( d( c)", "a( b( b! h( h) d( d) c( c) a)"),
    ),
    PathRule(
        "a single call continues after an exception that it did not raise",
        graph(
            parallel(
                "all",
                protected(
                    block(call("f", starts=1, resolves=3)),
                    catch=block(do("h", starts=1, resolves=2)),
                ),
            ),
            do("c"),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( h( a) b( h) b) c( c)", "h( a( a) b( b) h) c( c)"),
        ("a( h( b( a) b) h) c( c)", "a( a! h( b( b) h) c( c)"),
    ),
    PathRule(
        "a task of a function begins after an exception in the function",
        graph(
            protected(block(call("f")), catch=block(do("h"))),
            functions={"f": function("f", parallel("all", do("a", starts=1, resolves=2)), do("b"))},
        ),
        ("h( a( a) h)", "h( h)", "a( h( a) h)"),
        ("h( b( b) h)", "a( a! h( b( b) h)"),
    ),
    PathRule(
        "a task of a handler continues after an exception in the handler",
        graph(
            protected(
                block(protected(block(do("a")), catch=block(parallel("all", do("b", starts=1))))),
                catch=block(do("h")),
            ),
        ),
        ("a( a! h( b( b) h)", "a( a! b( h( b) h)", "h( b( b) h)"),
        ("a( a! h( b( b) b( b) h)", "a( a) b( b) a( a)"),
    ),
    PathRule(
        "a task of a finally block continues after an exception in the block",
        graph(
            protected(
                block(protected(block(do("a")), final=block(parallel("all", do("b", starts=1, resolves=2)), do("z")))),
                catch=block(do("h")),
            ),
        ),
        ("a( a! h( b( b) h)", "a( a) h( b( b) h)", "a( a) b( h( b) h)", "h( b( b) h)"),
        ("a( a! h( b( b) z( z) h)", "a( a) h( z( z) h)"),
    ),
    PathRule(
        "a task in a branch, loop or try continues after an exception in it",
        graph(
            protected(
                block(
                    either(branch("x", parallel("all", do("a", starts=1, resolves=2)), do("b"))),
                    loop(parallel("all", do("c", starts=1, resolves=2)), do("d")),
                    protected(block(parallel("all", do("e", starts=1, resolves=2)), do("f")), catch=block(do("g"))),
                ),
                catch=block(do("h")),
            ),
        ),
        ("h( a( h) a)", "h( c( h) c)", "c( c) d( d) h( c( h) c)", "h( e( h) e)", "a( a) b( b) h( e( h) e)"),
        ("h( a( h) a) b( b)", "h( c( a( h) c) a)", "h( g( g) h)", "a( a) h( e( h) e)"),
    ),
]


@parametrize_traces([*UNCAUGHT, *CAUGHT, *FINALLY, *GROUPS])
def test_exceptions(graph: Graph, trace_text: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(trace_text))
    assert verdict.accepted == is_path, str(verdict)

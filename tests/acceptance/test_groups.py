"""Test which traces clocks and groups accept."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.acceptor import accepts
from tests.acceptance.notation import PathRule, parametrize_traces, sleep, trace, with_clock
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
)

CLOCKS = [
    PathRule(
        "members of a gather overlap and end before it does",
        graph(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a) b) c( c)", "b( a( a) b) c( c)", "a( a) b( b) c( c)", "b( b) a( a) c( c)"),
        ("a( b( a) c( b) c)", "a( a) c( c)", "c( c)", "a( b( a) b)", "a( a) b( b) a( a) c( c)"),
    ),
    PathRule(
        "a step begins after all steps that resolve by its clock",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=4),
                do("b", starts=1, resolves=2),
                do("c", starts=2, resolves=3),
                do("d", starts=3, resolves=4),
            ),
            do("e"),
        ),
        ("a( b( b) c( c) d( a) d) e( e)", "b( b) a( a) c( c) d( d) e( e)", "b( b) c( c) d( d) a( a) e( e)"),
        ("a( b( c( b) c) d( d) a) e( e)", "c( c) b( b) a( a) d( d) e( e)", "a( b( b) d( d) c( c) a) e( e)"),
    ),
    PathRule(
        "clocks determine the order, not positions",
        graph(
            parallel("all", do("b", starts=2, resolves=3), do("a", starts=1, resolves=2), do("c", starts=1, resolves=3))
        ),
        ("a( c( a) b( b) c)", "c( c) a( a) b( b)"),
        ("b( a( a) b) c( c)", "a( b( a) b) c( c)"),
    ),
    PathRule(
        "an order that is not series-parallel",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=2),
                do("b", starts=1, resolves=3),
                do("d", starts=3, resolves=4),
                do("c", starts=2, resolves=4),
            )
        ),
        ("a( b( a) c( b) d( c) d)", "a( a) b( b) d( c( c) d)", "b( b) a( a) c( c) d( d)"),
        ("b( b) d( d) a( a) c( c)", "a( b( c( a) b) d( d) c)", "a( a) b( d( b) c( c) d)"),
    ),
    PathRule(
        "a branch that is not taken delays nothing",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=4),
                either(branch("x", do("b", starts=1, resolves=2))),
                do("c", starts=2, resolves=3),
            )
        ),
        ("a( c( c) a)", "a( b( b) c( c) a)", "c( c) a( a)"),
        ("a( b( c( b) c) a)", "a( c( b( b) c) a)"),
    ),
    PathRule(
        "a loop ends before its successor begins",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=4),
                loop(do("b", starts=1, resolves=2)),
                do("c", starts=2, resolves=3),
            )
        ),
        ("a( b( b) b( b) c( c) a)", "c( a( a) c)", "b( b( b) b) a( c( c) a)"),
        ("a( b( c( b) c) a)", "a( c( b( b) c) a)", "a( b( b) c( c) b( b) a)"),
    ),
    PathRule(
        "iterations in a group overlap",
        graph(parallel("all", loop(do("a{i}", starts=1, resolves=2))), do("b")),
        ("a1( a2( a1) a2) b( b)", "b( b)", "a1( a1) b( b)"),
        ("a1( b( a1) b)", "a1( a2( a1) b( b)"),
    ),
    PathRule(
        "clocks order the steps of an iteration",
        graph(
            parallel(
                "all", do("t", starts=1, resolves=4), loop(do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))
            )
        ),
        ("t( a( a) b( a( b) a) b( b) t)", "a( a( a) b( a) b) b( b) t( t)"),
        ("t( b( b) a( a) t)", "t( a( b( a) b) t)", "t( a( a) t)"),
    ),
    PathRule(
        "iterations with a group each are sequential",
        graph(loop(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)))),
        ("a( b( b) a) b( a( a) b)", ""),
        ("a( b( a) a( a) b) b( b)", "a( a)"),
    ),
    PathRule(
        "a task of a finished loop begins later",
        graph(
            parallel(
                "all",
                loop(
                    do("a", starts=1, resolves=4),
                    either(branch("x", LEAVE_LOOP)),
                    do("b", starts=1, resolves=2),
                ),
                do("c", starts=2, resolves=3),
            )
        ),
        ("c( a( a) c)", "a( b( b) c( a( a) a) c)", "a( b( b) a( c( c) a) a)"),
        ("c( a( b( b) a) c)", "c( a( a( a) a) c)"),
    ),
    PathRule(
        "a call has the caller's clock, its steps the function's",
        graph(
            parallel("all", with_clock(call("f"), 1, 2), do("c", starts=1, resolves=3), do("d", starts=2, resolves=3)),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( c( a) b( c) b) d( d)", "a( a) b( b) d( c( c) d)"),
        ("a( a) d( d) b( b) c( c)", "a( b( a) b) c( c) d( d)", "c( c) d( d) a( a) b( b)"),
    ),
    PathRule(
        "nested groups",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=2),
                parallel("all_settled", do("b", starts=1, resolves=2), do("c", starts=1, resolves=2)),
            ),
            do("d"),
        ),
        ("c( a( b( c! b) a) d( d)",),
        ("a( b( c( a) b) d( d) c)",),
    ),
    PathRule(
        "an iteration without steps may start its task beside later members",
        graph(
            parallel(
                "all",
                loop(loop(loop(do("a", starts=1, resolves=2)), do("u", starts=2)), do("t", starts=2, resolves=4)),
                do("b", starts=2, resolves=3),
            ),
        ),
        ("b( t( b) t)", "a( a) b( u( t( b) t) u)", "b( u( t( b) t) u)"),
        ("b( a( b) a) t( t)", "a( b( a) b) t( t)"),
    ),
]

MEMBERS = [
    PathRule(
        "a block in a group is a sequence",
        graph(parallel("all", block(do("a"), do("b")), block(do("c"), do("d"))), do("e")),
        ("a( c( a) b( c) d( b) d) e( e)", "c( c) d( d) a( a) b( b) e( e)"),
        ("b( b) a( a) c( c) d( d) e( e)", "a( b( a) b) c( c) d( d) e( e)", "a( a) c( c) b( b) e( e) d( d)"),
    ),
    PathRule(
        "a branch without clocks in a group is a sequence",
        graph(parallel("all", either(branch("x", do("a"), do("b"))), do("c"))),
        ("a( c( a) b( b) c)", "c( c)"),
        ("b( b) a( a) c( c)", "a( a) c( c)"),
    ),
    PathRule(
        "a member without a clock is over when the group is left",
        graph(parallel("all", do("a"), do("b")), do("c")),
        ("a( b( b) a) c( c)",),
        ("a( b( b) c( a) c)", "a( a) c( c)"),
    ),
    PathRule(
        "work that is never awaited may outlast its group and the run",
        graph(parallel("all", with_clock(sleep(), 1), do("a", starts=1, resolves=2)), do("b")),
        ("sleep( a( a) b( sleep) b)", "sleep( a( a) b( b)", "a( a) b( b)", "a( a) sleep( b( b) sleep)"),
        ("sleep( b( b) a( a)", "sleep( sleep)", "sleep( a( a) b( b) sleep) sleep( sleep)", "a( a) b( b) sleep) sleep("),
    ),
    PathRule(
        "a list may contain a sleep that is not awaited",
        graph(do("a"), with_clock(sleep(), 1), do("b")),
        ("a( a) sleep( b( sleep) b)", "a( a) b( sleep( b)", "a( a) sleep( b( b)"),
        ("sleep( a( a) b( b)", "a( a) sleep( sleep)"),
    ),
    PathRule(
        "tasks of a loop may begin at the next await after it",
        graph(loop(parallel("all", do("a", starts=1))), do("b")),
        ("b( b)", "b( a( a( a) b) a)", "a( b( a( b)", "a( a( b( a( a) b)"),
        ("a( a)", "b( a( b) b(", "a( b) b("),
    ),
    PathRule(
        "tasks of a loop in a group may begin after the group",
        graph(
            call("f"),
            do("b"),
            functions={"f": function("f", parallel("all", do("a", starts=1), loop(do("c", starts=1))))},
        ),
        ("b( a( c( c( b) c) a)", "a( c( b( c( b)"),
        ("b( a( a( b)", "a( b( c( a( b)"),
    ),
    PathRule(
        "work that outlasts its function",
        graph(
            call("f"),
            do("b"),
            functions={"f": function("f", parallel("all", with_clock(sleep(), 1), do("a", starts=1, resolves=2)))},
        ),
        ("sleep( a( a) b( b) sleep)", "a( a) b( sleep( b)"),
        ("sleep( b( b) a( a)",),
    ),
    PathRule(
        "iterations in a group may leave work that begins later",
        graph(
            parallel(
                "all",
                do("t", starts=1, resolves=3),
                loop(either(branch("x", with_clock(call("f"), 1, 2)))),
                do("b", starts=2, resolves=3),
            ),
            functions={"f": function("f", parallel("all", do("a", starts=1)))},
        ),
        ("t( b( a( a( b) t)", "t( a( b( b) t)", "t( b( b) t)"),
        ("t( b( b) b( t)", "t( a) b( b) t)"),
    ),
    PathRule(
        "each level of a recursion may leave pending work",
        graph(
            call("f"),
            do("b"),
            functions={
                "f": function("f", parallel("all", do("a", starts=1), either(branch("x", with_clock(call("f"), 1, 2)))))
            },
        ),
        ("b( a( b)", "b( a( a( a( a( b) a)", "b( a( a) a( a) a( a) b)", "a( a( b( a( a) a) b)"),
        ("b( a( a(", "a( a) b) b("),
    ),
    PathRule(
        "a failure that is never awaited has no effect",
        graph(parallel("all", do("t", starts=1), do("a", starts=1, resolves=2)), do("b")),
        ("t( t! a( a) b( b)", "t( a( a) b( t! b)"),
        ("t( a( b( a) t) b)", "t( a( t) b( b) a)"),
    ),
    PathRule(
        "a return in a group skips the nodes after it",
        graph(
            parallel(
                "all",
                do("t", starts=1, resolves=3),
                do("a", starts=1, resolves=2),
                either(branch("x", LEAVE)),
                do("b", starts=2, resolves=3),
            ),
            do("c"),
        ),
        ("t( a( a) t)", "a( a)", "t( a( a)", "t( a( a) b( t) b) c( c)"),
        ("t( a( a) b( b)", "t( a( a) t) c( c)", "a( a) b("),
    ),
    PathRule(
        "a break leaves the group and the loop around it",
        graph(
            loop(
                parallel(
                    "all", do("t", starts=1, resolves=3), do("a", starts=1, resolves=2), either(branch("x", LEAVE_LOOP))
                )
            ),
            do("c"),
        ),
        ("t( a( a) c( t) c)", "t( a( a) t) c( c)", "t( t) a( a) a( a) c( t( c) t)"),
        ("t( a( a) t) a( a) t( c( c) c( c)",),
    ),
]

KINDS = [
    PathRule(
        "other members continue after a failure ends a group of kind all",
        graph(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a! failed", "a( b( a! b) failed", "a( b( a! c( b) c)", "a( a! b( b! c( c)"),
        ("a( b( c( a! b) c)", "a( b( a! b)", "a( b( a! c( c) a( a)"),
    ),
    PathRule(
        "a member that waits for a failed one does not begin",
        graph(
            protected(
                block(
                    parallel(
                        "all",
                        do("t", starts=1, resolves=4),
                        do("a", starts=1, resolves=2),
                        do("b", starts=2, resolves=3),
                    )
                ),
                catch=block(do("h")),
            )
        ),
        ("t( a( a! h( t) h)", "t( a( a) b( h( b) h)"),
        ("t( a( h( b( b) h)",),
    ),
    PathRule(
        "an await may catch the failure of a task",
        graph(parallel("all", do("t", starts=1, resolves=3), do("a", starts=1, resolves=2)), do("b")),
        ("t( a( t! a) b( b)", "t( t! a( a) b( b)", "t( a( t! b( b) a)"),
        ("t( a( b( t! b) a)", "t( a( a) b( t! b)"),
    ),
    PathRule(
        "a settled group awaits all members, failed or not",
        graph(parallel("all_settled", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a! b) c( c)", "a( b( a! b! c( c)", "a( a) b( b) c( c)"),
        ("a( b( a! c( b) c)", "a( a! c( c)"),
    ),
    PathRule(
        "any exception in a function is a result in a settled group",
        graph(
            parallel("all_settled", with_clock(call("f"), 1, 2), do("c", starts=1, resolves=2)),
            do("d"),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("c( a( a) c) d( d)", "c( c) d( d)", "a( c( c) a! d( d)", "a( a) b( c( b) c) d( d)"),
        ("b( c( b) c) d( d)", "a( a) d( d)", "c( c) d( d) a( a)"),
    ),
    PathRule(
        "an exception in a function is not a result in a group of kind all",
        graph(
            parallel("all", with_clock(call("f"), 1, 2), do("c", starts=1, resolves=2)),
            do("d"),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( a) b( c( b) c) d( d)",),
        ("c( a( a) c) d( d)", "c( c) d( d)"),
    ),
    PathRule(
        "a settled group of blocks",
        graph(parallel("all_settled", block(do("a"), do("b")), do("d")), do("c")),
        ("a( d( a! d) c( c)", "a( d( a) d) b( b! c( c)"),
        ("a( d( a! d) b( b) c( c)", "a( a) d( d) c( c)"),
    ),
    PathRule(
        "a race ends with the first member, or at a timeout",
        graph(parallel("race", do("a", starts=1), do("b", starts=1)), do("c")),
        ("a( b( a) c( b) c)", "a( b( b! c( c)", "b( a( a) b) c( c)", "a( b( a! failed", "a( b( c( c) a)"),
        ("a( b( a) a( a) c( c)", "c( c) c( c)", "a( b( a) b)"),
    ),
    PathRule(
        "a race of members without clocks",
        graph(parallel("race", block(do("a"), do("b")), do("d")), do("c")),
        ("a( d( d) c( a) b( b) c)", "a( a) b( b) c( c)"),
        ("a( d( a) c( c)", "a( d( d) c( b( b) c)"),
    ),
    PathRule(
        "a group of kind any ends with the first success",
        graph(parallel("any", do("a"), do("b")), do("c")),
        ("a( b( a) c( c) b)", "a( b( a! b) c( c)", "a( b( a! b! failed"),
        ("a( b( a! c( b) c)", "a( b( a! b! c( c)", "a( b( c( c)"),
    ),
]

TRIES = [
    PathRule(
        "clocks order a try in an open group",
        graph(
            parallel(
                "all",
                do("t", starts=1, resolves=4),
                protected(
                    block(do("a", starts=1, resolves=2), do("b", starts=2, resolves=3)),
                    catch=block(do("h", starts=1, resolves=2)),
                ),
                do("c", starts=3, resolves=4),
            )
        ),
        ("t( a( a) b( b) c( t) c)", "a( a! t( h( h) c( c) t)", "t( h( h) c( c) t)"),
        ("t( b( b) a( a) c( c) t)", "t( a( a) b( c( b) c) t)", "t( a( a! h( c( h) c) t)", "t( c( c) t)"),
    ),
    PathRule(
        "a task of a try may run during its finally block",
        graph(
            parallel(
                "all",
                do("a", starts=1, resolves=2),
                protected(block(do("t", starts=2, resolves=4)), final=block(do("z", starts=2, resolves=3))),
            ),
            do("c"),
        ),
        ("a( a) t( z( t) z) c( c)", "a( a) z( t( t) z) c( c)", "a( a) t( t) z( z) c( c)"),
        ("a( t( a) t) z( z) c( c)", "a( a) t( t) c( c)", "a( a) t( z( t) c( z) c)"),
    ),
]


@parametrize_traces([*CLOCKS, *MEMBERS, *KINDS, *TRIES])
def test_groups(graph: Graph, trace_text: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(trace_text))
    assert verdict.accepted == is_path, str(verdict)

"""Clocks and groups: what may be side by side, and when a group is left."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.judge import accepts
from tests.acceptance.notation import Rule, at, cases, sleep, trace
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
    Rule(
        "members of a gather overlap, and all are over at its end",
        graph(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a) b) c( c)", "b( a( a) b) c( c)", "a( a) b( b) c( c)", "b( b) a( a) c( c)"),
        ("a( b( a) c( b) c)", "a( a) c( c)", "c( c)", "a( b( a) b)", "a( a) b( b) a( a) c( c)"),
    ),
    Rule(
        "what starts at a clock begins after all that resolves by then",
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
    Rule(
        "clocks count, wherever the nodes stand",
        graph(
            parallel("all", do("b", starts=2, resolves=3), do("a", starts=1, resolves=2), do("c", starts=1, resolves=3))
        ),
        ("a( c( a) b( b) c)", "c( c) a( a) b( b)"),
        ("b( a( a) b) c( c)", "a( b( a) b) c( c)"),
    ),
    Rule(
        "an order that is no series and no parallel",
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
    Rule(
        "a branch that is not taken holds up nothing",
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
    Rule(
        "a loop is over where what follows begins",
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
    Rule(
        "passes of a loop in a group overlap",
        graph(parallel("all", loop(do("a{i}", starts=1, resolves=2))), do("b")),
        ("a1( a2( a1) a2) b( b)", "b( b)", "a1( a1) b( b)"),
        ("a1( b( a1) b)", "a1( a2( a1) b( b)"),
    ),
    Rule(
        "within a pass clocks order",
        graph(
            parallel(
                "all", do("t", starts=1, resolves=4), loop(do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))
            )
        ),
        ("t( a( a) b( a( b) a) b( b) t)", "a( a( a) b( a) b) b( b) t( t)"),
        ("t( b( b) a( a) t)", "t( a( b( a) b) t)", "t( a( a) t)"),
    ),
    Rule(
        "a loop with a group in each pass has one pass after another",
        graph(loop(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)))),
        ("a( b( b) a) b( a( a) b)", ""),
        ("a( b( a) a( a) b) b( b)", "a( a)"),
    ),
    Rule(
        "a task begins late in a loop that is over",
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
    Rule(
        "a call has the clock of the caller, its steps that of the function",
        graph(
            parallel("all", at(call("f"), 1, 2), do("c", starts=1, resolves=3), do("d", starts=2, resolves=3)),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( c( a) b( c) b) d( d)", "a( a) b( b) d( c( c) d)"),
        ("a( a) d( d) b( b) c( c)", "a( b( a) b) c( c) d( d)", "c( c) d( d) a( a) b( b)"),
    ),
    Rule(
        "a group in a group",
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
]

MEMBERS = [
    Rule(
        "a block in a group is a sequence",
        graph(parallel("all", block(do("a"), do("b")), block(do("c"), do("d"))), do("e")),
        ("a( c( a) b( c) d( b) d) e( e)", "c( c) d( d) a( a) b( b) e( e)"),
        ("b( b) a( a) c( c) d( d) e( e)", "a( b( a) b) c( c) d( d) e( e)", "a( a) c( c) b( b) e( e) d( d)"),
    ),
    Rule(
        "a branch without clocks in a group is a sequence",
        graph(parallel("all", either(branch("x", do("a"), do("b"))), do("c"))),
        ("a( c( a) b( b) c)", "c( c)"),
        ("b( b) a( a) c( c)", "a( a) c( c)"),
    ),
    Rule(
        "a member without a clock is over when the group is left",
        graph(parallel("all", do("a"), do("b")), do("c")),
        ("a( b( b) a) c( c)",),
        ("a( b( b) c( a) c)", "a( a) c( c)"),
    ),
    Rule(
        "what nobody awaits may outlast its group, and the run",
        graph(parallel("all", at(sleep(), 1), do("a", starts=1, resolves=2)), do("b")),
        ("sleep( a( a) b( sleep) b)", "sleep( a( a) b( b)", "a( a) b( b)", "a( a) sleep( b( b) sleep)"),
        ("sleep( b( b) a( a)", "sleep( sleep)", "sleep( a( a) b( b) sleep) sleep( sleep)", "a( a) b( b) sleep) sleep("),
    ),
    Rule(
        "a sleep that is not awaited may be in a list",
        graph(do("a"), at(sleep(), 1), do("b")),
        ("a( a) sleep( b( sleep) b)", "a( a) b( sleep( b)", "a( a) sleep( b( b)"),
        ("sleep( a( a) b( b)", "a( a) sleep( sleep)"),
    ),
    Rule(
        "what nobody awaits of passes may begin after the loop: a task begins at the next await",
        graph(loop(parallel("all", do("a", starts=1))), do("b")),
        ("b( b)", "b( a( a( a) b) a)", "a( b( a( b)", "a( a( b( a( a) b)"),
        ("a( a)", "b( a( b) b(", "a( b) b("),
    ),
    Rule(
        "what nobody awaits of passes in a group may begin after it",
        graph(
            call("f"),
            do("b"),
            functions={"f": function("f", parallel("all", do("a", starts=1), loop(do("c", starts=1))))},
        ),
        ("b( a( c( c( b) c) a)", "a( c( b( c( b)"),
        ("b( a( a( b)", "a( b( c( a( b)"),
    ),
    Rule(
        "work that outlasts its function",
        graph(
            call("f"),
            do("b"),
            functions={"f": function("f", parallel("all", at(sleep(), 1), do("a", starts=1, resolves=2)))},
        ),
        ("sleep( a( a) b( b) sleep)", "a( a) b( sleep( b)"),
        ("sleep( b( b) a( a)",),
    ),
    Rule(
        "passes in a group may leave work behind that begins later",
        graph(
            parallel(
                "all",
                do("t", starts=1, resolves=3),
                loop(either(branch("x", at(call("f"), 1, 2)))),
                do("b", starts=2, resolves=3),
            ),
            functions={"f": function("f", parallel("all", do("a", starts=1)))},
        ),
        ("t( b( a( a( b) t)", "t( a( b( b) t)", "t( b( b) t)"),
        ("t( b( b) b( t)", "t( a) b( b) t)"),
    ),
    Rule(
        "each level of a recursion may leave work behind",
        graph(
            call("f"),
            do("b"),
            functions={
                "f": function("f", parallel("all", do("a", starts=1), either(branch("x", at(call("f"), 1, 2)))))
            },
        ),
        ("b( a( b)", "b( a( a( a( a( b) a)", "b( a( a) a( a) a( a) b)", "a( a( b( a( a) a) b)"),
        ("b( a( a(", "a( a) b) b("),
    ),
    Rule(
        "a failure that nobody awaits is nobody's",
        graph(parallel("all", do("t", starts=1), do("a", starts=1, resolves=2)), do("b")),
        ("t( t! a( a) b( b)", "t( a( a) b( t! b)"),
        ("t( a( b( a) t) b)", "t( a( t) b( b) a)"),
    ),
    Rule(
        "a return in a group leaves it and what stands after it",
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
    Rule(
        "a break in a group in a loop leaves both",
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
    Rule(
        "a failure may leave a group of all, by an exception or without one, and the others go on",
        graph(parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a! failed", "a( b( a! b) failed", "a( b( a! c( b) c)", "a( a! b( b! c( c)"),
        ("a( b( c( a! b) c)", "a( b( a! b)", "a( b( a! c( c) a( a)"),
    ),
    Rule(
        "what waits for a failed member does not begin",
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
    Rule(
        "the failure of a task may be caught where it is awaited, before or after other work",
        graph(parallel("all", do("t", starts=1, resolves=3), do("a", starts=1, resolves=2)), do("b")),
        ("t( a( t! a) b( b)", "t( t! a( a) b( b)", "t( a( t! b( b) a)"),
        ("t( a( b( t! b) a)", "t( a( a) b( t! b)"),
    ),
    Rule(
        "a settled group waits for all, failed or not",
        graph(parallel("all_settled", do("a", starts=1, resolves=2), do("b", starts=1, resolves=2)), do("c")),
        ("a( b( a! b) c( c)", "a( b( a! b! c( c)", "a( a) b( b) c( c)"),
        ("a( b( a! c( b) c)", "a( a! c( c)"),
    ),
    Rule(
        "an exception in a function is a result of a settled group, whoever raises it",
        graph(
            parallel("all_settled", at(call("f"), 1, 2), do("c", starts=1, resolves=2)),
            do("d"),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("c( a( a) c) d( d)", "c( c) d( d)", "a( c( c) a! d( d)", "a( a) b( c( b) c) d( d)"),
        ("b( c( b) c) d( d)", "a( a) d( d)", "c( c) d( d) a( a)"),
    ),
    Rule(
        "an exception in a function is none of a group of all",
        graph(
            parallel("all", at(call("f"), 1, 2), do("c", starts=1, resolves=2)),
            do("d"),
            functions={"f": function("f", do("a"), do("b"))},
        ),
        ("a( a) b( c( b) c) d( d)",),
        ("c( a( a) c) d( d)", "c( c) d( d)"),
    ),
    Rule(
        "a settled group of blocks",
        graph(parallel("all_settled", block(do("a"), do("b")), do("d")), do("c")),
        ("a( d( a! d) c( c)", "a( d( a) d) b( b! c( c)"),
        ("a( d( a! d) b( b) c( c)", "a( a) d( d) c( c)"),
    ),
    Rule(
        "a race of work that may outlast it is over with the first, or none where it waits for so long only",
        graph(parallel("race", do("a", starts=1), do("b", starts=1)), do("c")),
        ("a( b( a) c( b) c)", "a( b( b! c( c)", "b( a( a) b) c( c)", "a( b( a! failed", "a( b( c( c) a)"),
        ("a( b( a) a( a) c( c)", "c( c) c( c)", "a( b( a) b)"),
    ),
    Rule(
        "a race of members without clocks",
        graph(parallel("race", block(do("a"), do("b")), do("d")), do("c")),
        ("a( d( d) c( a) b( b) c)", "a( a) b( b) c( c)"),
        ("a( d( a) c( c)", "a( d( d) c( b( b) c)"),
    ),
    Rule(
        "any is over with the first that does not fail",
        graph(parallel("any", do("a"), do("b")), do("c")),
        ("a( b( a) c( c) b)", "a( b( a! b) c( c)", "a( b( a! b! failed"),
        ("a( b( a! c( b) c)", "a( b( a! b! c( c)", "a( b( c( c)"),
    ),
]

TRIES = [
    Rule(
        "a try in an open group goes by clocks",
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
    Rule(
        "what is started in a try may go on while its last part runs",
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


@cases([*CLOCKS, *MEMBERS, *KINDS, *TRIES])
def test_work_is_side_by_side_just_where_the_grammar_allows_it(graph: Graph, written: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(written))
    assert verdict.accepted == is_path, str(verdict)

"""Test which traces sequences, branches, loops and functions accept."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.acceptor import accepts
from tests.acceptance.notation import PathRule, event, parametrize_traces, sleep, trace
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
    switch,
)

SEQUENCES = [
    PathRule(
        "a step ends before the next begins",
        graph(do("a"), do("b")),
        ("a( a) b( b)",),
        ("b( b) a( a)", "a( b( a) b)", "a( a)", "a( a) b(", "", "a( a) b( b) c( c)", "a( a) b( b) b( b)", "b( b)"),
    ),
    PathRule("an interrupted run is a prefix of a path", graph(do("a"), do("b")), ("a( cut", "cut"), ("b( cut",)),
    PathRule("a block is a list", graph(block(do("a"), block(do("b")))), ("a( a) b( b)",), ("b( b) a( a)", "a( a)")),
    PathRule("a workflow without steps does nothing", graph(), ("",), ("a( a)",)),
    PathRule(
        "waits are steps of their own kinds",
        graph(sleep("sleep"), event("event")),
        ("sleep( sleep) event( event)", "sleep( sleep) event( event! failed"),
        ("event( event) sleep( sleep)", "sleep( event( sleep) event)"),
    ),
    PathRule("a wait is not a step of the same name", graph(sleep("a")), (), ("a( a)",)),
    PathRule(
        "a step is retried any number of times",
        graph(do("a"), do("b")),
        ("a( a~ a~ a) b( b)", "a( a~ a! failed"),
        ("a~ a( a) b( b)", "a( a) a~ b( b)"),
    ),
]

NAMES = [
    PathRule(
        "text in braces stands for any text",
        graph(do("{part}/{len(parts)}"), do("b")),
        ("1/2( 1/2) b( b)", "/( /) b( b)"),
        ("b( b)", "12( 12) b( b)"),
    ),
    PathRule(
        "text around braces is literal", graph(do("part-{i}")), ("part-1( part-1)", "part-( part-)"), ("part( part)",)
    ),
    PathRule("nested braces", graph(do("{ {'a': 1}[x] }!")), ("x!( x!)",), ("x( x)",)),
    PathRule("braces may be the whole name", graph(do("{x}")), ("{x}( {x})", "y( y)")),
    PathRule("a brace that is not closed is a brace", graph(do("a{b")), ("a{b( a{b)",), ("ab( ab)", "ax( ax)")),
    PathRule("a step ends with the name that it started with", graph(do("{x}")), (), ("y( z)",)),
    PathRule("regular expressions in names are literal", graph(do("a.*")), ("a.*( a.*)",), ("abc( abc)",)),
]

CHOICES = [
    PathRule(
        "without an else at most one branch is taken",
        graph(either(branch("x", do("a")), branch("y", do("b"))), do("c")),
        ("a( a) c( c)", "b( b) c( c)", "c( c)"),
        ("a( a) b( b) c( c)", "b( b) a( a) c( c)", "a( a)", "a( c( a) c)"),
    ),
    PathRule(
        "with an else one branch is taken",
        graph(either(branch("x", do("a")), branch(None, do("b"))), do("c")),
        ("a( a) c( c)", "b( b) c( c)"),
        ("c( c)",),
    ),
    PathRule(
        "a branch may be empty",
        graph(switch("x", branch("1", do("a")), branch("2"), branch(None, do("b")))),
        ("a( a)", "b( b)", ""),
        ("a( a) b( b)",),
    ),
    PathRule(
        "a branch is a list",
        graph(either(branch("x", do("a"), do("b")))),
        ("a( a) b( b)", ""),
        ("a( a)", "b( b)", "b( b) a( a)"),
    ),
]

LOOPS = [
    PathRule(
        "a loop has any number of iterations",
        graph(loop(do("a"), do("b")), do("c")),
        ("c( c)", "a( a) b( b) c( c)", "a( a) b( b) a( a) b( b) c( c)"),
        ("a( a) c( c)", "a( a) a( a) c( c)", "a( a) b( a( b) a) b( b) c( c)", "b( b) a( a) c( c)", "a( a) b( b)"),
    ),
    PathRule(
        "a break leaves the loop at once",
        graph(loop(do("a"), either(branch("x", LEAVE_LOOP)), do("b")), do("c")),
        ("a( a) c( c)", "a( a) b( b) a( a) c( c)", "c( c)"),
        ("a( a) a( a) c( c)", "a( a) b( c( b) c)"),
    ),
    PathRule(
        "a break leaves the innermost loop",
        graph(loop(loop(do("a"), LEAVE_LOOP, do("b")), do("c"))),
        ("a( a) c( c) a( a) c( c)", "c( c)", ""),
        ("a( a)", "a( a) a( a) c( c)", "a( a) b( b) c( c)"),
    ),
    PathRule(
        "a return leaves the loop and the workflow",
        graph(loop(do("a"), either(branch("x", do("b"), LEAVE))), do("c")),
        ("a( a) b( b)", "a( a) a( a) b( b)", "a( a) c( c)"),
        ("a( a)", "b( b)", "a( a) b( b) c( c)", "a( a) b( b) a( a) c( c)"),
    ),
]

FUNCTIONS = [
    PathRule(
        "a call runs the nodes of the function",
        graph(call("f"), do("b"), call("f"), functions={"f": function("f", do("a"))}),
        ("a( a) b( b) a( a)",),
        ("b( b) a( a)", "a( a) b( b)", "a( b( a) b) a( a)"),
    ),
    PathRule(
        "a return leaves the function, not its caller",
        graph(call("f"), do("c"), functions={"f": function("f", do("a"), either(branch("x", LEAVE)), do("b"))}),
        ("a( a) c( c)", "a( a) b( b) c( c)"),
        ("a( a)", "c( c)", "a( a) b( b)"),
    ),
    PathRule(
        "a return leaves the workflow",
        graph(do("a"), either(branch("x", LEAVE)), do("b")),
        ("a( a)", "a( a) b( b)"),
        ("b( b)", ""),
    ),
    PathRule(
        "a function may call itself after a step",
        graph(call("f"), functions={"f": function("f", do("a"), either(branch("x", call("f"))), do("b"))}),
        ("a( a) b( b)", "a( a) a( a) b( b) b( b)"),
        ("a( a) a( a) b( b)", "a( a) b( b) b( b)", "a( a) b( b) a( a) b( b)"),
    ),
    PathRule(
        "a function may call itself before a step",
        graph(call("f"), functions={"f": function("f", either(branch("x", call("f"))), do("a"))}),
        ("a( a)", "a( a) a( a) a( a) a( a)"),
        ("", "a( a( a) a)"),
    ),
    PathRule(
        "functions may call each other",
        graph(
            call("f"),
            functions={
                "f": function("f", do("a"), either(branch("x", call("g")))),
                "g": function("g", do("b"), call("f")),
            },
        ),
        ("a( a)", "a( a) b( b) a( a)"),
        ("a( a) b( b)", "b( b) a( a)", "a( a) a( a)"),
    ),
]

NESTED = [
    PathRule(
        "steps in a step run while it does",
        graph(do("a", do("b"), do("c")), do("d")),
        ("a( b( b) c( c) a) d( d)",),
        (
            "a( a) d( d)",
            "a( b( b) a) d( d)",
            "b( b) c( c) a( a) d( d)",
            "a( b( b) a) c( c) d( d)",
            "a( c( c) b( b) a) d( d)",
        ),
    ),
    PathRule(
        "a retry repeats the nested steps from the first",
        graph(do("a", do("b"), do("c"))),
        (
            "a( b( b) a~ b( b) c( c) a)",
            "a( a~ b( b) c( c) a)",
            "a( b( b! a~ b( b) c( c) a)",
            "a( b( a~ b( b) c( c) b) a)",
        ),
        ("a( b( b) a~ c( c) a)", "a( b( b) c( c) a~ a)"),
    ),
    PathRule(
        "a step may fail while nested steps run",
        graph(do("a", do("b"), do("c"))),
        ("a( a! failed", "a( b( b) a! failed", "a( b( b! a! failed", "a( b( a! b) failed"),
        ("a( b( b! c( failed", "a( b( b! c( c) a) failed", "a( b( b! a)"),
    ),
    PathRule("a return in a step leaves its body", graph(do("a", do("b"), LEAVE), do("c")), ("a( b( b) a) c( c)",)),
]


@parametrize_traces([*SEQUENCES, *NAMES, *CHOICES, *LOOPS, *FUNCTIONS, *NESTED])
def test_control_flow(graph: Graph, trace_text: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(trace_text))
    assert verdict.accepted == is_path, str(verdict)


def test_verdict_lists_possible_events() -> None:
    verdict = accepts(graph(do("a"), either(branch("x", do("b"))), do("c")), trace("a( a) a( a)"))
    assert str(verdict) == "event 2, start of 'a', is impossible here; possible: start of 'b', start of 'c'"


def test_verdict_for_unfinished_run() -> None:
    verdict = accepts(graph(do("a"), do("b")), trace("a( a)"))
    assert str(verdict) == "event 2, the end of the run, is impossible here; possible: start of 'b'"

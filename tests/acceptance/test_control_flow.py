"""Sequences, branches, loops and functions: which runs are paths through them."""

from __future__ import annotations

from stepgraph.model.payload import Graph
from tests.acceptance.judge import accepts
from tests.acceptance.notation import Rule, cases, event, sleep, trace
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
    Rule(
        "a step of a list is over before the next begins",
        graph(do("a"), do("b")),
        ("a( a) b( b)",),
        ("b( b) a( a)", "a( b( a) b)", "a( a)", "a( a) b(", "", "a( a) b( b) c( c)", "a( a) b( b) b( b)", "b( b)"),
    ),
    Rule("a run that was cut off is the beginning of a path", graph(do("a"), do("b")), ("a( cut", "cut"), ("b( cut",)),
    Rule("a block is a list", graph(block(do("a"), block(do("b")))), ("a( a) b( b)",), ("b( b) a( a)", "a( a)")),
    Rule("a workflow without steps does nothing", graph(), ("",), ("a( a)",)),
    Rule(
        "waits are steps of their own kinds",
        graph(sleep("sleep"), event("event")),
        ("sleep( sleep) event( event)", "sleep( sleep) event( event! failed"),
        ("event( event) sleep( sleep)", "sleep( event( sleep) event)"),
    ),
    Rule("a step is not a wait of its name", graph(sleep("a")), (), ("a( a)",)),
    Rule(
        "a step is retried as often as it likes",
        graph(do("a"), do("b")),
        ("a( a~ a~ a) b( b)", "a( a~ a! failed"),
        ("a~ a( a) b( b)", "a( a) a~ b( b)"),
    ),
]

NAMES = [
    Rule(
        "text in braces stands for any text",
        graph(do("{part}/{len(parts)}"), do("b")),
        ("1/2( 1/2) b( b)", "/( /) b( b)"),
        ("b( b)", "12( 12) b( b)"),
    ),
    Rule(
        "the text around braces is meant", graph(do("part-{i}")), ("part-1( part-1)", "part-( part-)"), ("part( part)",)
    ),
    Rule("braces may be in braces", graph(do("{ {'a': 1}[x] }!")), ("x!( x!)",), ("x( x)",)),
    Rule("braces may be the name itself", graph(do("{x}")), ("{x}( {x})", "y( y)")),
    Rule("a brace that is not closed is a brace", graph(do("a{b")), ("a{b( a{b)",), ("ab( ab)", "ax( ax)")),
    Rule("a step ends under the name that it began with", graph(do("{x}")), (), ("y( z)",)),
    Rule("signs in names mean nothing", graph(do("a.*")), ("a.*( a.*)",), ("abc( abc)",)),
]

CHOICES = [
    Rule(
        "one branch is taken, or none without an else",
        graph(either(branch("x", do("a")), branch("y", do("b"))), do("c")),
        ("a( a) c( c)", "b( b) c( c)", "c( c)"),
        ("a( a) b( b) c( c)", "b( b) a( a) c( c)", "a( a)", "a( c( a) c)"),
    ),
    Rule(
        "with an else one branch is taken",
        graph(either(branch("x", do("a")), branch(None, do("b"))), do("c")),
        ("a( a) c( c)", "b( b) c( c)"),
        ("c( c)",),
    ),
    Rule(
        "an empty branch is one",
        graph(switch("x", branch("1", do("a")), branch("2"), branch(None, do("b")))),
        ("a( a)", "b( b)", ""),
        ("a( a) b( b)",),
    ),
    Rule(
        "a branch is a list",
        graph(either(branch("x", do("a"), do("b")))),
        ("a( a) b( b)", ""),
        ("a( a)", "b( b)", "b( b) a( a)"),
    ),
]

LOOPS = [
    Rule(
        "a loop has any number of passes",
        graph(loop(do("a"), do("b")), do("c")),
        ("c( c)", "a( a) b( b) c( c)", "a( a) b( b) a( a) b( b) c( c)"),
        ("a( a) c( c)", "a( a) a( a) c( c)", "a( a) b( a( b) a) b( b) c( c)", "b( b) a( a) c( c)", "a( a) b( b)"),
    ),
    Rule(
        "a break leaves the loop where it stands",
        graph(loop(do("a"), either(branch("x", LEAVE_LOOP)), do("b")), do("c")),
        ("a( a) c( c)", "a( a) b( b) a( a) c( c)", "c( c)"),
        ("a( a) a( a) c( c)", "a( a) b( c( b) c)"),
    ),
    Rule(
        "a break leaves the innermost loop",
        graph(loop(loop(do("a"), LEAVE_LOOP, do("b")), do("c"))),
        ("a( a) c( c) a( a) c( c)", "c( c)", ""),
        ("a( a)", "a( a) a( a) c( c)", "a( a) b( b) c( c)"),
    ),
    Rule(
        "a return leaves the loop and all that follows",
        graph(loop(do("a"), either(branch("x", do("b"), LEAVE))), do("c")),
        ("a( a) b( b)", "a( a) a( a) b( b)", "a( a) c( c)"),
        ("a( a)", "b( b)", "a( a) b( b) c( c)", "a( a) b( b) a( a) c( c)"),
    ),
]

FUNCTIONS = [
    Rule(
        "a call runs the nodes of the function",
        graph(call("f"), do("b"), call("f"), functions={"f": function("f", do("a"))}),
        ("a( a) b( b) a( a)",),
        ("b( b) a( a)", "a( a) b( b)", "a( b( a) b) a( a)"),
    ),
    Rule(
        "a return leaves the function, not its caller",
        graph(call("f"), do("c"), functions={"f": function("f", do("a"), either(branch("x", LEAVE)), do("b"))}),
        ("a( a) c( c)", "a( a) b( b) c( c)"),
        ("a( a)", "c( c)", "a( a) b( b)"),
    ),
    Rule(
        "a return leaves the workflow",
        graph(do("a"), either(branch("x", LEAVE)), do("b")),
        ("a( a)", "a( a) b( b)"),
        ("b( b)", ""),
    ),
    Rule(
        "a function may call itself after a step",
        graph(call("f"), functions={"f": function("f", do("a"), either(branch("x", call("f"))), do("b"))}),
        ("a( a) b( b)", "a( a) a( a) b( b) b( b)"),
        ("a( a) a( a) b( b)", "a( a) b( b) b( b)", "a( a) b( b) a( a) b( b)"),
    ),
    Rule(
        "a function may call itself before a step",
        graph(call("f"), functions={"f": function("f", either(branch("x", call("f"))), do("a"))}),
        ("a( a)", "a( a) a( a) a( a) a( a)"),
        ("", "a( a( a) a)"),
    ),
    Rule(
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
    Rule(
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
    Rule(
        "a retry runs the steps in a step again from the first",
        graph(do("a", do("b"), do("c"))),
        (
            "a( b( b) a~ b( b) c( c) a)",
            "a( a~ b( b) c( c) a)",
            "a( b( b! a~ b( b) c( c) a)",
            "a( b( a~ b( b) c( c) b) a)",
        ),
        ("a( b( b) a~ c( c) a)", "a( b( b) c( c) a~ a)"),
    ),
    Rule(
        "a step that fails may leave those in it at any point",
        graph(do("a", do("b"), do("c"))),
        ("a( a! failed", "a( b( b) a! failed", "a( b( b! a! failed", "a( b( a! b) failed"),
        ("a( b( b! c( failed", "a( b( b! c( c) a) failed", "a( b( b! a)"),
    ),
    Rule("a return in a step leaves its body", graph(do("a", do("b"), LEAVE), do("c")), ("a( b( b) a) c( c)",)),
]


@cases([*SEQUENCES, *NAMES, *CHOICES, *LOOPS, *FUNCTIONS, *NESTED])
def test_a_run_is_a_path_just_where_the_grammar_allows_it(graph: Graph, written: str, *, is_path: bool) -> None:
    verdict = accepts(graph, trace(written))
    assert verdict.accepted == is_path, str(verdict)


def test_a_verdict_says_what_could_have_been_instead() -> None:
    verdict = accepts(graph(do("a"), either(branch("x", do("b"))), do("c")), trace("a( a) a( a)"))
    assert str(verdict) == "moment 2, start of 'a', cannot be: possible were start of 'b', start of 'c'"


def test_a_verdict_says_where_a_run_is_not_over() -> None:
    verdict = accepts(graph(do("a"), do("b")), trace("a( a)"))
    assert str(verdict) == "moment 2, the end of the run, cannot be: possible were start of 'b'"

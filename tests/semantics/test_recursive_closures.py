"""Recursive functions with closures and objects that the inner levels can reach."""

from __future__ import annotations

from stepgraph import WorkflowAnalysis
from tests.semantics.notation import notation, text, workflow_of

SHOULD_RECUR = 'event["payload"]["deeper"]'


def visit_with(start: str, body: str, calls: str = "") -> WorkflowAnalysis:
    """Return a workflow that calls all steps, and then a recursive function `visit` of which `body` is the code."""
    lines = "".join(f"\n    {line}" for line in body.splitlines())
    return workflow_of(f"await a()\nawait b()\n{start}\nasync def visit(node):{lines}\nawait visit(1)\n{calls}")


CLOSURE = f"""\
current = a
readers.append(lambda: current)
await readers[0]()()
current = b
if {SHOULD_RECUR}:
    await visit(node)
"""


def test_variable_of_an_outer_level_that_is_rebound() -> None:
    """The first closure returns `b` at the inner levels, although they bind their own variable to `a`."""
    workflow = visit_with("readers = []", CLOSURE)
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""
        a
        b
        call visit
        def visit
          switch current
          | case b
            b
          | case a
            a
          if {SHOULD_RECUR}
            call visit
    """)


def test_variable_of_each_level_without_escaping_closures() -> None:
    workflow = visit_with(
        "", f"current = a\nread = lambda: current\nif {SHOULD_RECUR}:\n    await visit(node)\nawait read()()"
    )
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""
        a
        b
        call visit
        def visit
          if {SHOULD_RECUR}
            call visit
          a
    """)


OBJECT = f"""\
nonlocal root
own = Box()
own.action = a
if root is None:
    root = own
await root.action()
own.action = b
if {SHOULD_RECUR}:
    await visit(node)
"""


def test_object_of_an_outer_level_that_is_changed() -> None:
    workflow = visit_with("class Box: pass\nroot = None", OBJECT)
    assert workflow.complete
    assert notation(workflow.graph) == text(f"""
        a
        b
        call visit
        def visit
          if root is None
            a
          else
            b
          if {SHOULD_RECUR}
            call visit
    """)


CHANGES_OUTER = f"""\
nonlocal change
def helper():
    own = a
    def set_own(action):
        nonlocal own
        own = action
    return (lambda: own), set_own
read, write = helper()
if change is not None:
    change(b)
change = write
if {SHOULD_RECUR}:
    await visit(node)
await read()()
"""


def test_object_of_an_outer_level_that_an_inner_level_changes() -> None:
    workflow = visit_with("change = None", CHANGES_OUTER)
    (note,) = workflow.notes
    assert note.message == (
        "the recursive function `visit` changes objects that belong to outer calls of it, which stepgraph does not "
        "model."
    )

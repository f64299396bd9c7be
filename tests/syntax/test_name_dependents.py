"""Dependencies between the names of a module body."""

from __future__ import annotations

from stepgraph.syntax.body_names import NameDependents, name_dependents
from stepgraph.syntax.modules import SourceModules

SOURCE = b"""\
import tools

handlers = []

def register(handler):
    handlers.append(handler)

@register
def first(): ...

def unrelated(): ...
"""


def _dependents() -> NameDependents:
    module = SourceModules().parse("m.py", SOURCE)
    return name_dependents(module.tree, module)


def test_names_depend_on_names_in_their_definitions() -> None:
    assert _dependents().dependents(["handlers"]) == {"handlers", "register", "first"}


def test_affected_statements_evaluate_a_name_or_import_modules() -> None:
    affected = _dependents().affected(frozenset({"register"}))
    assert [sorted(item.bound) for item in affected] == [["tools"], ["first"]]


def test_only_the_latest_answers_are_stored() -> None:
    dependents = _dependents()
    for number in range(20):
        dependents.dependents([f"name{number}"])
    assert len(dependents._dependents) == 8  # noqa: SLF001 - the bound is not observable otherwise

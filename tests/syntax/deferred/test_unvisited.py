"""Searches of deferred bodies by name find the same facts as searches of the whole module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stepgraph.syntax.body_names import collections_mutated_in_functions
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.aliases import analyze_aliases
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import names_mutated_in_functions
from stepgraph.syntax.mutation.definitions import definitions_of
from stepgraph.syntax.mutation.import_writes import import_writes
from stepgraph.syntax.parse import parse_module
from tests.syntax.deferred.deferred_modules import parse_deferred
from tests.syntax.deferred.test_deferred_bodies import BODIES
from tests.syntax.pieces.layouts import LAYOUTS, SOURCES

SEARCHED = """\
import app.settings as conf
from app import table as TABLE, rows
from app.hooks import register
space = globals()
result = Service()

class Job(Base):
    limit = 1
    queue = Queue()
    def __init__(self, rows, *, table=TABLE):
        self.rows = rows
        table["k"] = rows
        def add(row):
            rows.append(row)
    def keep(self, value):
        self.queue.put(value)
        result.value = value
        yield from self.rows
        return TABLE

def change(value, other):
    conf.DEBUG = value
    TABLE.update(other)
    value.  spaced = 1
    (value
     .  # comment
     commented) = 2
    value.\\
        continued = 3
    setattr(value, "quoted", other)
    setattr(conf, other, value)
    getattr(value, "na\\x6de").clear()

def change_item(value):
    vars(value)["it\\x65m"].clear()

def bind():
    from app import rows as imported
    import other.part as part
    make = lambda row, key=None: row
    imported.append(make(TABLE))
    part.LIMIT = 2
    space["NAME"] = 3
    return later(make)

def later(rows):
    global result
    result = rows
    for rows[0], conf.table in zip(rows, vars(conf)):
        Job(rows).keep(locals())
    with open(rows) as conf.file, ünïcode as rows.fïle:
        del conf.old, rows[1]
    @register
    async def hook(first, *rest, **options):
        nonlocal_rows = [*rows, first]
        nonlocal_rows[0].clear()
        return nonlocal_rows
    class Inner:
        def __new__(cls, made):
            made.pop()
            patch.object(conf, "PATCHED", made)
    return Inner(hook(rows))
"""


def facts_of(module: SourceModule, name: str) -> tuple[object, ...]:
    """Return all facts about a name in a module."""
    # No public method returns the flows, only answers that follow from them.
    flows = module.once(analyze_aliases)._collector_of(name)  # noqa: SLF001
    definitions = module.once(definitions_of)
    return (
        set(module.once(assigned_attributes).of(name)),
        bool(module.once(names_mutated_in_functions).about(name)),
        {
            (write.owner, write.is_object, write.is_indirect, bool(write.own_module), write.function)
            for write in module.once(import_writes).of(name)
        },
        definitions.is_definition(name),
        set(definitions.parameters_of(name)),
        definitions.is_opaque(name),
        flows.flows.get(name, set()),
        flows.written.get(name, set()),
        flows.written_by_libraries.get(name, set()),
    )


def assert_equal_facts(source: str) -> None:
    """Compare the facts about all names in a source, in different orders."""
    deferred = parse_deferred(source)
    if deferred is None:
        return
    whole = parse_module(source.encode(), "shop.py")
    names = [*dict.fromkeys(re.findall(r"\w+", source))]
    # The first two are only in literals with escape sequences, and the last one visits all bodies.
    for name in ("name", "item", *names[::2], *names[1::2][::-1], "*"):
        assert (name, facts_of(deferred, name)) == (name, facts_of(whole, name))
    for property_name in ("keeps_names", "keeps_names_of_modules", "mutates_unknown"):
        fresh = parse_deferred(source)
        assert fresh
        assert getattr(analyze_aliases(fresh), property_name) == getattr(analyze_aliases(whole), property_name)


@pytest.mark.slow
def test_facts_about_all_names_are_equal() -> None:
    assert_equal_facts(SEARCHED)
    assert_equal_facts(SEARCHED.replace("ünïcode", "unicode").replace("fïle", "file"))


@pytest.mark.slow
@pytest.mark.parametrize("source", [*BODIES.values(), *LAYOUTS.values()])
def test_facts_about_names_in_layouts_are_equal(source: str) -> None:
    assert_equal_facts(source)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_facts_about_names_in_fixtures_are_equal(path: Path) -> None:
    assert_equal_facts(path.read_text("utf-8", errors="replace"))


def test_a_class_in_a_deferred_body_has_variables() -> None:
    module = parse_deferred("def f():\n    class A:\n        rows = []\n    A.rows.clear()\n")
    assert module
    assert collections_mutated_in_functions(module) == {"rows"}


def test_a_search_visits_only_bodies_with_the_name() -> None:
    module = parse_deferred("def f():\n    x.a = 1\ndef g():\n    x.b = a\ndef h():\n    x.c = 'é'\n")
    assert module
    search = module.once(names_mutated_in_functions)
    assert not search.about("b")
    unvisited = search.unvisited._contexts.keys() - search.unvisited._visits.keys()  # noqa: SLF001 - no answer shows it
    assert unvisited == {0}

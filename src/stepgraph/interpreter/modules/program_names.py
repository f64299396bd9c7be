"""The names that a run of all modules evaluates: collections that modules fill, and names defined in terms of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.body_runs import dependents_in
from stepgraph.interpreter.values.objects import LexicalScope
from stepgraph.limits import Limit
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.import_graph import ModuleGroup
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import rebound_globals
from stepgraph.syntax.mutation.function_state import functions_with_state
from stepgraph.syntax.mutation.member_reads import COMPUTED_MEMBER, computed_owners, computed_variables

if TYPE_CHECKING:
    from stepgraph.syntax.name_dependents import NameDependents


def names_of_program(interpreter: Interpreter, names: frozenset[str]) -> frozenset[str]:
    """Return the names that the run of all modules evaluates if a value depends on `names`.

    They are the collections that the run fills, and the names whose definitions mention them.
    """
    scopes = interpreter.modules.scopes_in_import_order() or [interpreter.modules.first_scope()]
    return names_of_registries(interpreter, scopes, names)


def names_of_registries(interpreter: Interpreter, scopes: list[LexicalScope], names: frozenset[str]) -> frozenset[str]:
    """Return `names`, other names whose values may change while modules load, and names defined in terms of these."""
    group = interpreter.modules.group_of([scope.module for scope in scopes])
    interpreter.budget.spend(Limit.ELEMENTS, len(group.modules))
    names |= _names_read_by_computed_names(scopes, group)
    registries = group.once(_names_in_registries)
    return registries if names <= registries else registries | _with_dependents(group, names - registries)


def _names_in_registries(group: ModuleGroup) -> frozenset[str]:
    from stepgraph.syntax.body_names import (
        attributes_storing_arguments,
        collections_mutated_in_functions,
        importing_functions,
        names_of_iterators,
    )

    names: set[str] = set()
    for module in group.modules:
        names |= module.once(collections_mutated_in_functions) | bindings_of(module.tree, module).mutations.keys()
        names |= module.once(rebound_globals) | module.once(functions_with_state)
        names |= module.once(names_of_iterators)
        names |= module.once(importing_functions) | module.once(attributes_storing_arguments)
        names.update(module.once(assigned_attributes).all())
    return _with_dependents(group, frozenset(names))


def _with_dependents(group: ModuleGroup, names: frozenset[str]) -> frozenset[str]:
    """Return names, and the names that the modules define in terms of these."""
    dependent = set(names)
    added = names
    while added:
        added_by_module: dict[SourceModule, set[str]] = {}
        if COMPUTED_MEMBER in added:
            for module in group.once(_with_computed_reads):
                added_by_module[module] = {COMPUTED_MEMBER}
        for name in sorted(added - {COMPUTED_MEMBER}):
            for module in group.with_word(name):
                added_by_module.setdefault(module, set()).add(name)
        dependents = {
            name
            for module, mentioned in added_by_module.items()
            for name in _module_dependents(module).dependents(mentioned)
        }
        added = frozenset(dependents - dependent)
        dependent |= added
    return frozenset(dependent)


def _names_read_by_computed_names(scopes: Sequence[LexicalScope], group: ModuleGroup) -> frozenset[str]:
    """Return the variables of modules whose members other code reads by computed names, and `COMPUTED_MEMBER`."""
    from stepgraph.interpreter.modules.collection_aliases import owners_read_by_computed_names

    owners = group.once(owners_read_by_computed_names)
    read = [scope for scope in scopes if scope.last_component in owners] if owners else ()
    variables = (name for scope in read for name in dependents_in(scope).variables)
    return frozenset([COMPUTED_MEMBER, *variables]) if owners else frozenset()


def _with_computed_reads(group: ModuleGroup) -> list[SourceModule]:
    return [*filter(has_computed_reads, group.modules)]


def has_computed_reads(module: SourceModule) -> bool:
    """Return whether a module reads members or variables by computed names."""
    return bool(module.once(computed_owners)) or bool(module.once(computed_variables))


def _module_dependents(module: SourceModule) -> NameDependents:
    from stepgraph.syntax.name_dependents import name_dependents

    return name_dependents(module.tree, module)


def select_mentioned(module: SourceModule, names: frozenset[str]) -> frozenset[str]:
    """Return the names that a module may mention, or all names if it mentions one of them."""
    is_computed = COMPUTED_MEMBER in names and has_computed_reads(module)
    if module.reads is None:
        return (names & module.words) | (frozenset((COMPUTED_MEMBER,)) if is_computed else frozenset())
    return names if is_computed or any(module.mentions(name.encode()) for name in names) else frozenset()

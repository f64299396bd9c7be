"""Properties of all diffs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stepgraph.diff.diff import diff_workflows
from stepgraph.model.payload import Graph, Workflow
from stepgraph.model.walk import NODE_TYPES
from tests.diff.mutations import (
    add,
    any_workflow,
    change_setting,
    copied,
    move,
    objects,
    remove,
    rename,
    rename_the_shared,
    share_a_name,
    wrap,
)
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.random_graphs import graphs

# Drawing whole graphs is slow.

MUTATIONS = (rename, change_setting, add, remove, wrap, move)
Mutation = Callable[[Random, Workflow], None]

each_mutation = pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)


def test_random_workflows_contain_each_type() -> None:
    workflows = [any_workflow(Random(seed)) for seed in range(50)]  # noqa: S311 - the same each time
    types = {item["type"] for workflow in workflows for item in objects(workflow) if "type" in item}
    assert set(NODE_TYPES) - types == {"start"}, "add the other node types to tests/diff/mutations.py"


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3))
def test_equal_workflows_have_no_changes(graph: Graph) -> None:
    diff = diff_workflows(graph["workflow"], copied(graph["workflow"]))
    assert (diff.changes, diff.invisible) == ((), ())


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3), graphs(3))
def test_changes_reproduce_the_new_workflow(old: Graph, new: Graph) -> None:
    result = diff_workflows(old["workflow"], new["workflow"]).apply()
    assert result == new["workflow"]
    assert list(result["functions"]) == list(new["workflow"]["functions"])


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(MUTATIONS), max_size=5))
def test_changes_reproduce_an_edited_workflow(random: Random, mutations: list[Mutation]) -> None:
    old = any_workflow(random)
    new = copied(old)
    for mutate in mutations:
        mutate(random, new)
    assert diff_workflows(old, new).apply() == new


@pytest.mark.slow
@each_mutation
@WITHOUT_DEADLINE
@given(random=st.randoms(use_true_random=False))
def test_one_edit_is_one_change(mutate: Mutation, random: Random) -> None:
    old, new = _edited(random, mutate)
    assert len(diff_workflows(old, new).changes) == 1


@pytest.mark.slow
@each_mutation
@WITHOUT_DEADLINE
@given(random=st.randoms(use_true_random=False))
def test_reverting_an_edit_is_one_change(mutate: Mutation, random: Random) -> None:
    old, new = _edited(random, mutate)
    assert len(diff_workflows(new, old).changes) == 1


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(st.randoms(use_true_random=False))
def test_renaming_a_repeated_step_is_one_change(random: Random) -> None:
    old = any_workflow(random)
    share_a_name(random, old)
    new = copied(old)
    rename_the_shared(new)
    assume(new != old)
    diff = diff_workflows(old, new)
    assert [change.title.split(" in ")[0] for change in diff.changes] == ["step 'shared' renamed to 'renamed'"]
    assert diff.apply() == new


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3), graphs(3))
def test_each_change_is_one_line(old: Graph, new: Graph) -> None:
    diff = diff_workflows(old["workflow"], new["workflow"])
    assert all(len(change.line.splitlines()) == 1 for change in diff.changes)


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3), graphs(3))
def test_each_edit_belongs_to_one_change(old: Graph, new: Graph) -> None:
    diff = diff_workflows(old["workflow"], new["workflow"])
    edits = [id(edit) for change in diff.changes for edit in change.edits] + [id(edit) for edit in diff.invisible]
    assert len(edits) == len(set(edits))


def _edited(random: Random, mutate: Mutation) -> tuple[Workflow, Workflow]:
    old = any_workflow(random)
    new = copied(old)
    mutate(random, new)
    assume(new != old)
    return old, new

"""Pictures of fixtures and of random graphs obey the laws of pictures."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.model.details import Detail, Details, details_of
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import functions_of, walk
from stepgraph.render.folding import FoldedKind, Folding
from stepgraph.render.svg.drawing import fitted_view
from stepgraph.render.svg.figures import columns
from stepgraph.render.svg.layout import structures
from stepgraph.render.view import DEFAULT_VIEW, Expansion, View
from tests.effort import example_count, sample
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import branch, do, either, graph, loop
from tests.render.random_graphs import graphs, groups, likely_clocks
from tests.svg.examples import examples, pictures
from tests.svg.laws.all_laws import LAWS, broken
from tests.svg.laws.exits import exit_kinds_of
from tests.svg.laws.order import leads_on
from tests.svg.picture import page_of, picture_of


def in_order(kinds: set[FoldedKind]) -> tuple[FoldedKind, ...]:
    return tuple(sorted(kinds))


views = st.builds(
    lambda expand, legend: View(expand=expand, legend=legend), st.sampled_from(get_args(Expansion)), st.booleans()
)
foldings = st.builds(
    Folding, st.none() | st.integers(1, 3), st.sets(st.sampled_from(get_args(FoldedKind))).map(in_order)
)


@pytest.mark.slow
@pytest.mark.parametrize("law", sample([*LAWS], 15))
def test_pictures_of_saved_graphs_obey(law: str) -> None:
    drawn = pictures()
    violations = {name: list(LAWS[law](graph, drawn[name], DEFAULT_VIEW)) for name, graph in examples().items()}
    assert {name: breaks for name, breaks in violations.items() if breaks} == {}


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(graphs(), views)
def test_any_picture_obeys_all_laws(drawn: Graph, view: View) -> None:
    assert broken(drawn, picture_of(drawn, view), view) == {}


def with_else(drawn: Graph) -> Details:
    """Return the details of a graph in which the last node of each body of a `try` is the `else`."""
    workflow = drawn["workflow"]
    lists = [workflow["nodes"], *(function["nodes"] for function in functions_of(workflow).values())]
    nodes = [node for each in lists for node in walk(each)]
    bodies = [node["try_block"] for node in nodes if node["type"] == "try" and "try_block" in node]
    parts = {id(part) for body in bodies if body["nodes"] for part in (body, body["nodes"][-1])}
    return details_of(drawn, lambda part: Detail(in_else=id(part) in parts))


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(10))
@given(graphs() | st.sampled_from(list(examples().values())))
def test_any_picture_with_else_obeys_all_laws(drawn: Graph) -> None:
    view = View(details=with_else(drawn))
    assert broken(drawn, picture_of(drawn, view), view) == {}
    assert broken(drawn, page_of(drawn, view=view), view) == {}


SHAPE_LAWS = (
    "siblings do not overlap",
    "boxes are inside their frames",
    "all shapes are inside the picture",
    "text is inside its box",
    "text covers nothing",
    "no line passes through text",
    "no line passes through a box",
    "no line runs along a border",
    "lines of different kinds do not overlap",
    "lines begin and end at shapes",
    "arrows point at figures or spines",
    "spines are straight",
    "identities are unique",
)
"""The laws that do not depend on the meaning of exits, because the others do not know jumps without nodes."""


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(10))
@given(graphs(), st.sampled_from([0, 1]))
def test_any_code_below_a_jump_obeys_the_laws_of_shapes(drawn: Graph, count: int) -> None:
    nodes = drawn["workflow"]["nodes"] or [do("a")]
    skip = branch("x", *[do("before")] * count)
    drawn["workflow"]["nodes"] = [loop(either(skip, branch(None, *nodes)))]
    view = View(details=details_of(drawn, lambda part: Detail(final_jump="continue" if part is skip else "")))
    for picture in (picture_of(drawn, view), page_of(drawn, view=view)):
        assert [violation for name in SHAPE_LAWS for violation in LAWS[name](drawn, picture, view)] == []


@pytest.fixture
def staggered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw all choices, and all groups of overlapping nodes without exits, in two rows."""
    monkeypatch.setattr(columns, "MAX_COLUMNS", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("staggered")
def test_columns_in_two_rows_obey_all_laws() -> None:
    violations = {
        name: broken(graph, picture_of(graph), DEFAULT_VIEW) for name, graph in sample([*examples().items()], 5)
    }
    assert {name: breaks for name, breaks in violations.items() if breaks} == {}


@pytest.mark.slow
@pytest.mark.usefixtures("staggered")
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(10))
@given(graphs())
def test_any_columns_in_two_rows_obey_all_laws(drawn: Graph) -> None:
    assert broken(drawn, picture_of(drawn), DEFAULT_VIEW) == {}
    assert broken(drawn, page_of(drawn), DEFAULT_VIEW) == {}


IN_BANKS = View(compact=True, max_rows_width=1)
"""Draws choices in tiers, and groups as well if they would be in two rows."""
BANK_BY_BANK = "branches begin at the same height"
"""The law that holds for each tier only."""


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each branch, and each member of a group in two rows, in its own tier."""
    monkeypatch.setattr(columns, "MAX_COLUMNS", 1)
    monkeypatch.setattr(structures, "_MIN_ROWS_WIDTH", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("tiers")
def test_tiers_obey_all_other_laws() -> None:
    violations = {
        name: broken(graph, picture_of(graph, IN_BANKS), IN_BANKS) for name, graph in sample([*examples().items()], 5)
    }
    assert {law for laws in violations.values() for law in laws} == {BANK_BY_BANK}


@pytest.mark.slow
@pytest.mark.usefixtures("tiers")
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(10))
@given(graphs())
def test_any_tiers_obey_all_other_laws(drawn: Graph) -> None:
    for picture in (picture_of(drawn, IN_BANKS), page_of(drawn, view=IN_BANKS)):
        assert broken(drawn, picture, IN_BANKS).keys() <= {BANK_BY_BANK}


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(10))
@given(graphs(), foldings)
def test_a_folded_picture_obeys_all_other_laws(drawn: Graph, folding: Folding) -> None:
    view = View(folding)
    assert broken(drawn, picture_of(drawn, view), view).keys() <= {
        "every node is drawn once for each drawing of its function"
    }


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(10))
@given(graphs(), st.sampled_from(["first", "all", "none"]), st.integers(200, 800))
def test_a_picture_that_fits_obeys_all_other_laws(drawn: Graph, expand: Expansion, width: int) -> None:
    view = fitted_view(drawn, View(expand=expand), width)
    assert broken(drawn, picture_of(drawn, view), view).keys() <= {
        "every node is drawn once for each drawing of its function",
        BANK_BY_BANK,
    }


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(10))
@given(graphs())
def test_a_foldable_picture_has_the_same_layout(drawn: Graph) -> None:
    picture, page = picture_of(drawn), page_of(drawn)
    above = picture.height - page.height  # the room for the name, which a page shows elsewhere
    in_page = [(figure.identity, [box.lowered(above) for box in figure.boxes]) for figure in page.figures]
    assert [(figure.identity, figure.boxes) for figure in picture.figures] == in_page
    assert broken(drawn, page, DEFAULT_VIEW) == {}


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(10))
@given(graphs() | st.sampled_from(list(examples().values())), st.data())
def test_a_page_with_folded_frames_obeys_all_laws(drawn: Graph, data: st.DataObject) -> None:
    page = page_of(drawn)
    frames = {figure.identity: figure for figure in page.figures if "foldable" in figure.css}
    folded = data.draw(st.sets(st.sampled_from(list(frames))) if frames else st.just(set[str]()))
    then = page_of(drawn, {identity: exit_kinds_of(page, frames[identity]) for identity in folded})
    assert broken(drawn, then, DEFAULT_VIEW) == {}
    shut = [figure for figure in then.figures if "shut" in figure.css]
    assert {figure.identity for figure in shut} <= folded
    assert [figure.identity for figure in shut if leads_on(figure) != leads_on(frames[figure.identity])] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", examples())
def test_a_page_with_all_frames_folded_obeys_all_laws(name: str) -> None:
    page = page_of(examples()[name])
    frames = {figure.identity: exit_kinds_of(page, figure) for figure in page.figures if "foldable" in figure.css}
    then = page_of(examples()[name], frames)
    assert broken(examples()[name], then, DEFAULT_VIEW) == {}
    assert then.width <= 608  # the width of a picture with the widest title


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(groups(1, likely_clocks))
def test_any_group_with_clocks_obeys_all_laws(group: Node) -> None:
    drawn = graph(group)
    assert broken(drawn, picture_of(drawn), DEFAULT_VIEW) == {}

"""All pictures, of likely graphs and of any others, are held to the laws of pictures."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.model.payload import Graph, Node
from stepgraph.render.view import DEFAULT_VIEW, EXPANSIONS, View
from tests.render.graphs import graph
from tests.render.random_graphs import graphs, groups, likely_clocks
from tests.svg.examples import examples, pictures
from tests.svg.laws.all_laws import LAWS, Law, broken
from tests.svg.picture import picture_of

views = st.builds(View, expand=st.sampled_from(EXPANSIONS), legend=st.booleans())
lots = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
def test_the_pictures_of_all_saved_graphs_keep_the_law_that(law: Law) -> None:
    drawn = pictures()
    found = {name: list(law(graph, drawn[name], DEFAULT_VIEW)) for name, graph in examples().items()}
    assert {name: breaks for name, breaks in found.items() if breaks} == {}


@settings(lots, max_examples=120)
@given(graphs(), views)
def test_any_picture_keeps_all_laws(drawn: Graph, view: View) -> None:
    assert broken(drawn, picture_of(drawn, view), view) == {}


@settings(lots, max_examples=80)
@given(groups(1, likely_clocks))
def test_the_picture_of_any_group_with_clocks_keeps_all_laws(group: Node) -> None:
    drawn = graph(group)
    assert broken(drawn, picture_of(drawn), DEFAULT_VIEW) == {}

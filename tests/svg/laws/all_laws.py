"""All laws, by the sentence that each stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from stepgraph.model.payload import Graph
from stepgraph.render.view import View
from tests.svg.laws import boxes, exits, lines, markup, nodes, order, texts
from tests.svg.picture import Picture

Law: TypeAlias = Callable[[Graph, Picture, View], Iterator[str]]


def _of_picture(law: Callable[[Picture], Iterator[str]]) -> Law:
    return lambda _graph, picture, _view: law(picture)


def _of_graph(law: Callable[[Graph, Picture], Iterator[str]]) -> Law:
    return lambda graph, picture, _view: law(graph, picture)


LAWS: Final[dict[str, Law]] = {
    "every node is drawn, as often as its function is": nodes.nodes_not_drawn_as_often_as_expected,
    "every name is somewhere in full": _of_picture(nodes.name_is_not_in_full),
    "every condition is drawn": _of_picture(nodes.condition_is_not_drawn),
    "in a box stands a name, or the beginning of one": _of_picture(nodes.text_is_not_what_it_should_be),
    "siblings do not overlap": _of_picture(boxes.siblings_overlap),
    "boxes lie within their frames": _of_picture(boxes.box_leaves_its_frame),
    "all lies within the picture": _of_picture(boxes.something_is_outside_of_the_picture),
    "bars and boxes keep apart": _of_picture(boxes.bar_touches_a_figure),
    "what nothing waits for ends clear of all else": _of_picture(boxes.loose_end_touches_something),
    "frames of all passes at once are stacked": _of_picture(boxes.frame_is_not_stacked_as_often_as_it_runs),
    "branches begin at one height": _of_picture(boxes.branches_begin_at_different_heights),
    "text lies within its box": _of_picture(texts.text_leaves_its_box),
    "text covers nothing": _of_picture(texts.text_covers_text_or_an_icon),
    "no line passes through text": _of_picture(texts.line_passes_through_text),
    "no line passes through a box": _of_picture(lines.line_passes_through_a_box),
    "no line runs along a border": _of_picture(lines.line_runs_along_a_border),
    "what passes a bar does so in a gap": _of_picture(lines.line_passes_a_bar_without_a_gap),
    "lines of two kinds do not run along each other": _of_picture(lines.lines_of_two_kinds_run_along_each_other),
    "lines begin and end at something": _of_picture(lines.line_begins_or_ends_nowhere),
    "arrows point at something": _of_picture(lines.arrow_points_at_nothing),
    "only heads of arrows are filled": _of_picture(lines.line_is_filled),
    "spines are straight": _of_picture(lines.spine_is_crooked),
    "a line leads from each node to those that wait for it": _of_graph(order.one_waits_for_another_and_no_line_says_so),
    "no line leads from one node to another that may run beside it": _of_graph(order.lines_claim_an_order_that_is_none),
    "no line leads from one branch into another": _of_graph(order.one_branch_leads_into_another),
    "what leads out of a figure gets to the end of its frame": _of_picture(order.something_that_goes_on_leads_nowhere),
    "what goes on does so in the picture": _of_picture(order.something_stops_that_goes_on),
    "breaks lead to below their loops, returns to the end": _of_picture(exits.exit_leads_elsewhere),
    "ways out begin at what may leave": _of_picture(exits.way_out_begins_nowhere),
    "ways out go on after finally": _of_picture(exits.way_out_ends_at_finally),
    "failures lead to their catch, else through finally": _of_picture(exits.failure_leads_elsewhere),
    "there are no elements and attributes but those of ours": _of_picture(markup.element_or_attribute_is_not_ours),
    "identities are unique": _of_picture(markup.identity_is_not_unique),
    "each line of the file is an element": _of_picture(markup.line_of_the_file_is_not_one_element),
}


def broken(graph: Graph, picture: Picture, view: View) -> dict[str, list[str]]:
    """Return the laws that a picture breaks, and where."""
    found = {law: list(breaks(graph, picture, view)) for law, breaks in LAWS.items()}
    return {law: where for law, where in found.items() if where}

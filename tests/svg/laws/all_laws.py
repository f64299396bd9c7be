"""All laws, each with a sentence that states it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from stepgraph.model.payload import Graph
from stepgraph.render.view import View
from tests.svg.laws import badges, boxes, exits, lines, markup, nodes, order, texts, timelines
from tests.svg.picture import Picture

Law: TypeAlias = Callable[[Graph, Picture, View], Iterator[str]]


def _of_picture(law: Callable[[Picture], Iterator[str]]) -> Law:
    return lambda _graph, picture, _view: law(picture)


def _of_graph(law: Callable[[Graph, Picture], Iterator[str]]) -> Law:
    return lambda graph, picture, _view: law(graph, picture)


LAWS: Final[dict[str, Law]] = {
    "every node is drawn once for each drawing of its function": nodes.node_count_differs,
    "every name is complete in a title": _of_picture(nodes.name_is_incomplete),
    "every condition is drawn": _of_picture(nodes.condition_is_not_drawn),
    "the text of a box is a name or its beginning": _of_picture(nodes.box_text_differs_from_name),
    "siblings do not overlap": _of_picture(boxes.siblings_overlap),
    "boxes are inside their frames": _of_picture(boxes.box_leaves_its_frame),
    "all shapes are inside the picture": _of_picture(boxes.shape_is_outside_of_the_picture),
    "bars do not touch boxes": _of_picture(boxes.bar_touches_a_figure),
    "loose ends of unawaited work touch nothing": _of_picture(boxes.loose_end_touches_a_shape),
    "frames of concurrent iterations are stacked": _of_picture(boxes.frame_is_wrongly_stacked),
    "branches begin at the same height": _of_picture(boxes.branches_begin_at_different_heights),
    "text is inside its box": _of_picture(texts.text_leaves_its_box),
    "text covers nothing": _of_picture(texts.text_covers_text_or_an_icon),
    "no line passes through text": _of_picture(texts.line_passes_through_text),
    "no line passes through a box": _of_picture(lines.line_passes_through_a_box),
    "no line runs along a border": _of_picture(lines.line_runs_along_a_border),
    "lines pass bars in gaps": _of_picture(lines.line_passes_a_bar_without_a_gap),
    "lines of different kinds do not overlap": _of_picture(lines.lines_of_two_kinds_run_along_each_other),
    "lines begin and end at shapes": _of_picture(lines.line_end_is_unconnected),
    "arrows point at figures or spines": _of_picture(lines.arrow_points_at_nothing),
    "only heads of arrows are filled": _of_picture(lines.line_is_filled),
    "spines are straight": _of_picture(lines.spine_is_crooked),
    "lines show the order of nodes": _of_graph(order.order_has_no_line),
    "no line orders concurrent nodes": _of_graph(order.line_has_no_order),
    "no line leads from a branch into a sibling": _of_graph(order.branch_leads_into_a_sibling),
    "lines out of figures reach the end of the frame": _of_picture(order.continuing_figure_leads_nowhere),
    "guards lead to their exits": _of_picture(order.guard_misses_its_exit),
    "figures that go on have lines out of them": _of_picture(order.continuation_differs),
    "breaks lead below their loops, other exits to the end": _of_picture(exits.exit_has_a_wrong_target),
    "exits that end at once have an end mark": _of_picture(exits.exit_has_a_wrong_end),
    "lines of exits begin at exits": _of_picture(exits.exit_line_has_no_source),
    "exits continue after finally": _of_picture(exits.exit_stops_at_finally),
    "failures lead to their catch or through finally": _of_picture(exits.failure_has_a_wrong_target),
    "badges are at the corners of their figures": _of_picture(badges.badge_is_not_at_its_corner),
    "badges cover no text, icons or lines": _of_picture(badges.badge_covers_a_shape),
    "badges cover no other figures": _of_picture(badges.badge_covers_another_figure),
    "badges are inside the picture": _of_picture(badges.badge_leaves_the_picture),
    "the timeline and the status are inside the picture": _of_picture(timelines.chart_leaves_the_picture),
    "timelines contain their shapes": _of_picture(timelines.shape_leaves_its_timeline),
    "text of the timeline and the status covers nothing": _of_picture(timelines.chart_text_covers_another_shape),
    "elements and attributes are from a fixed set": _of_picture(markup.element_or_attribute_is_not_ours),
    "identities are unique": _of_picture(markup.identity_is_not_unique),
    "each line of the file is one element": _of_picture(markup.line_of_the_file_is_not_one_element),
}


def broken(graph: Graph, picture: Picture, view: View) -> dict[str, list[str]]:
    """Return the violated laws with their violations."""
    violations = {law: list(breaks(graph, picture, view)) for law, breaks in LAWS.items()}
    return {law: where for law, where in violations.items() if where}

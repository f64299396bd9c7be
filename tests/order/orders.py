"""What kind of order a relation is, told with NetworkX and by definition: independent of how the graph is made."""

from __future__ import annotations

import networkx as nx

from tests.order.reference import Relation


def is_series_parallel(order: Relation, members: frozenset[str]) -> bool:
    """Whether an order falls into parts with no order between them, or one after another, again and again."""
    if len(members) <= 1:
        return True
    comparable: nx.Graph[str] = nx.Graph()
    comparable.add_nodes_from(members)
    comparable.add_edges_from(pair for pair in order if members.issuperset(pair))
    for graph in (comparable, nx.complement(comparable)):
        parts = [frozenset(part) for part in nx.connected_components(graph)]
        if len(parts) > 1:
            return all(is_series_parallel(order, part) for part in parts)
    return False


def is_interval_order(order: Relation) -> bool:
    """Whether no two chains of two stand beside each other: of two pairs, one's first is before the other's second."""
    return all((a, d) in order or (c, b) in order for a, b in order for c, d in order)

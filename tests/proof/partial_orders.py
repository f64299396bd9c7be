"""Classes of partial orders, determined with NetworkX and by definition, independently of the analysis."""

from __future__ import annotations

import networkx as nx

from tests.proof.worlds.reference_steps import Relation


def is_series_parallel(order: Relation, members: frozenset[str]) -> bool:
    """Return whether an order consists of parallel or sequential parts, recursively."""
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
    """Return whether the order has no two chains of length two without any order between them."""
    return all((a, d) in order or (c, b) in order for a, b in order for c, d in order)

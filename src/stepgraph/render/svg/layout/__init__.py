"""From the nodes of a graph to the figures that show them."""

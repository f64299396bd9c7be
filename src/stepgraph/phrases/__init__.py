"""Values of a graph in words."""

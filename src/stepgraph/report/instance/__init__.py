"""An instance on the graph of its workflow, in each format."""

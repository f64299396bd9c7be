"""Values of a graph in the words that people use for them."""

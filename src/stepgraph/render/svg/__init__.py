"""SVG pictures of graphs, laid out around spines. A small change of a graph changes few lines of the file."""

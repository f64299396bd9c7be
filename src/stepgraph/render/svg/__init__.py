"""SVG pictures of graphs: a structured layout around spines, with text that changes little if the graph does."""

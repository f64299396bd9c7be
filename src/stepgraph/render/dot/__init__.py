"""A version graph in DOT, the language of Graphviz, and as Graphviz draws it."""

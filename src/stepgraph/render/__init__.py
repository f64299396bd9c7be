"""Version graphs for people: outlines, SVG, pages, DOT, Mermaid. All that is read is the payload."""

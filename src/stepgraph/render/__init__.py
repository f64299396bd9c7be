"""Version graphs for people: an outline for the terminal, DOT, Mermaid. All that is read is the payload."""

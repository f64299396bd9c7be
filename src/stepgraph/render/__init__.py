"""Version graphs for people: an outline for the terminal, DOT. All that is read is the payload."""

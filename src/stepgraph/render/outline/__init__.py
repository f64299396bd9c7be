"""A version graph as an outline for the terminal."""

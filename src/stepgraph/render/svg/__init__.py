"""A version graph as SVG: a structured layout on one spine, written so that small changes stay small in the text."""

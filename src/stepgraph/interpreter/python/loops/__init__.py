"""Interpretation of loops: `for` and `while` statements, and loops over generators."""

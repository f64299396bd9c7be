"""Loops: `for` and `while` statements, and loops over generators."""

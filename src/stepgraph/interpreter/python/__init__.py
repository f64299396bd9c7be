"""The language: statements, expressions, calls."""

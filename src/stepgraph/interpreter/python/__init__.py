"""Semantics of the Python language: statements, expressions and calls."""

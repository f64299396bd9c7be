"""Parsing of function bodies on first use, so that the unused functions of long modules are never parsed."""

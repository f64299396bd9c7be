"""Parsing of long modules in pieces, which is faster than parsing them whole and reuses unchanged pieces."""

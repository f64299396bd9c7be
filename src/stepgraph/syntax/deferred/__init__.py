"""Parsing of bodies on first use, so that the unused functions and short classes of long modules are never parsed."""

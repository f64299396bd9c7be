"""Modules: their names, imports, and the order in which their bodies run."""

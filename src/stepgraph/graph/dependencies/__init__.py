"""Expansion of the dependencies between steps into explicit runs, in execution order."""

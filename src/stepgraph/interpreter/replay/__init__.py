"""Differences between the runs of a replayed workflow, for the rules."""

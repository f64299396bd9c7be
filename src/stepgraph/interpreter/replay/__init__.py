"""Differences between the runs of a replayed workflow, recorded for the rules."""

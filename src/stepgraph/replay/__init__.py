"""The effect of new code on single instances, whose logs are replayed on the new graph."""

"""Analyses that rules share: durations, step configs, kinds of values, storability, step counts, control dependence and concurrency."""

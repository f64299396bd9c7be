"""Analyses that rules share: of durations, step configs, values, step counts, control dependence and concurrency."""

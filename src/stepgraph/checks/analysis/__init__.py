"""Analyses that rules share: durations, kinds of values, step configs, taint, control dependence and concurrency."""

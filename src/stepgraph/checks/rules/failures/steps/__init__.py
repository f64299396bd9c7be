"""Incorrect declarations and calls of steps and sleeps, and workflows with too many steps or none."""

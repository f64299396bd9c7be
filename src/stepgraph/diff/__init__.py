"""Structural changes between two versions of a workflow, and their effect on running instances."""

"""Semantics of the SDK: the step object, dependencies between steps, and awaiting."""

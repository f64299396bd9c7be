"""The SDK: the step object, dependencies between steps, awaiting."""

"""The abstract interpreter: from the syntax of a workflow class to its intermediate representation."""

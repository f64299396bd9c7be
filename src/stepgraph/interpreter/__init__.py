"""The abstract interpreter, which turns the syntax of a workflow class into its intermediate representation."""

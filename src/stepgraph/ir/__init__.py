"""The intermediate representation of a workflow, and the dataflow engine over it."""

"""What a workflow does, as a small intermediate representation, and the lowering of Python to it."""

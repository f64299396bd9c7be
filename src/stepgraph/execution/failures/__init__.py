"""The failures of an instance: errors, the statements that could have stopped them, and their propagation."""

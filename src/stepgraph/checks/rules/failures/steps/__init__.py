"""Steps that are declared or called incorrectly, or too often."""

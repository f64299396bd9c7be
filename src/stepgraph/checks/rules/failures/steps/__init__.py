"""Steps that are declared or called wrongly, and their number."""

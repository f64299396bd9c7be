"""The abstract values of expressions."""

"""The abstract values of the interpreter."""

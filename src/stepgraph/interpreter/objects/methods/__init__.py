"""Models of the methods of built-in types."""

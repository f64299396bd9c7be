"""Elements and entries of collections, iterators, and objects that derive from collections."""

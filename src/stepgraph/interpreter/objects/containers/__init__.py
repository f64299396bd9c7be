"""Elements and entries of collections, iterators, and objects whose classes derive from collections."""

"""`with` statements and the context managers that they enter."""

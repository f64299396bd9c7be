"""`with` statements and the managers that they enter."""

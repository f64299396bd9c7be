"""What to read: the Python files of a project, their bytes, and their dates."""

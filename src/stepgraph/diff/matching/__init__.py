"""Which elements of two workflows are the same."""

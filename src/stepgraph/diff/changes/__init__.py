"""Changes, each a group of edits."""

"""A cache of results in the user's cache directory, so that unchanged inputs are not analyzed again."""

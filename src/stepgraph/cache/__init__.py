"""What was found before, kept in the user's cache directory, so that what has not changed is not analysed again."""

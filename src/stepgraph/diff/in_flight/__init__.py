"""Effects of changes on instances in flight."""

"""Pages of version graphs: self-contained files with pictures that need no JavaScript to be visible."""

"""Reading wrangler's configuration files, with the position of each value."""

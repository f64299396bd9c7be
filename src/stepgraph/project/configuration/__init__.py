"""The configuration of a project: wrangler's files, read with the place of everything in them."""

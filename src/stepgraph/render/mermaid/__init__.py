"""A version graph in Mermaid, which GitHub draws in Markdown, within the limits of that."""

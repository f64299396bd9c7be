"""What changed between two versions of workflows, told in text, Markdown and JSON."""

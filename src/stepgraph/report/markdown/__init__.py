"""The report in Markdown, for the summary of a job or a comment."""

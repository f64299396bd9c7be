"""Rules explained: as text, as JSON, and as a page of the documentation."""

"""The session of an editor: its directories, their analysis after each change, and the diagnostics."""

"""The answers to the requests of an editor."""

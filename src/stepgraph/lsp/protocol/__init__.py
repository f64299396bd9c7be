"""The protocol of editors: messages, documents, positions and settings."""

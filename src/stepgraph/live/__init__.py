"""The state of a project that is being edited, for the server of live pages and for editors."""

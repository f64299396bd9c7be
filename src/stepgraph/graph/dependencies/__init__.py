"""Dependencies between steps made explicit: which steps run before a step that is called, and in which order."""

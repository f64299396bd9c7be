"""Dependencies between steps that the SDK cannot resolve."""

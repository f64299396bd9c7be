"""Comments that say which findings are not to count: `# stepgraph: ignore[SG118] reason`."""

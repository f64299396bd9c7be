"""Names, durations, configurations and results that the engine rejects."""

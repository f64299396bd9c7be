"""Data types that all layers share: the payloads of the API, source locations, notes and problems."""

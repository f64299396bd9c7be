"""Data types that all layers share: payloads of the API, JSON reports, locations, notes and problems."""

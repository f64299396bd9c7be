"""The vocabulary that every layer shares: the API's payloads, places in the source, notes and problems."""

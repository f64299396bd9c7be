"""Construction of the API's graph payload from the intermediate representation."""

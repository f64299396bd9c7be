"""From the intermediate representation to the API's payload: pure functions on immutable data."""

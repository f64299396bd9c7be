"""The steps of a workflow in its source code: their places, their order, and the code around them."""

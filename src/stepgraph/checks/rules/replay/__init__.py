"""SG3: what breaks when the engine runs the code again."""

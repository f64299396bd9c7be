"""SG3: code that misbehaves when the engine runs it again, at replay or in another attempt of a step."""

"""SG3: code that breaks on replay."""

"""The laws of pictures: each yields the violations in a picture."""

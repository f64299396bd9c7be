"""The laws of pictures: each tells what breaks it, and nothing of a picture that is as it should be."""

"""The effects of new code on running instances, in each output format."""

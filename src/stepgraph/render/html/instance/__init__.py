"""An instance in the section of its workflow in a page: its status, its log on a time axis, and data for the script."""

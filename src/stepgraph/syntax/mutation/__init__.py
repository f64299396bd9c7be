"""Collections and attributes that the code of a module may change."""

"""Flow charts of boxes and arrows, written in the languages of diagram tools."""
